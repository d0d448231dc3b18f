import { PlaylistError } from "../errors.ts";
import { resolveUri } from "../uri.ts";
import type { ByteSpan } from "../xml/values.ts";
import type {
  AdaptationSet,
  Mpd,
  MultipleSegments,
  Period,
  Representation,
  SegmentBase,
  SegmentInfo,
  SegmentList,
  SegmentTemplate,
  UrlRange,
} from "./mpd.ts";
import { expandTemplate } from "./template.ts";
import { durationSpans, type Span, ticksToUs, timelineSpans } from "./timeline.ts";

/** Which segments are asked for. */
export interface SegmentQuery {
  readonly mpd: Mpd;
  /** Index of the period in the MPD. */
  readonly period: number;
  readonly adaptationSet: AdaptationSet;
  readonly representation: Representation;
  /** Where the MPD was got from: relative URLs are against it. */
  readonly mpdUri?: string;
  /** UTC, milliseconds; of a dynamic MPD without timeline: what is available then. */
  readonly nowMs?: number;
  /** Only segments that end behind this time of the presentation, microseconds. */
  readonly fromUs?: number;
  /** `playlist.too-large` beyond; 20,000 when absent. */
  readonly maxSegments?: number;
}

/** A resource, or a stretch of it. */
export interface Resource {
  readonly uri: string;
  readonly range?: ByteSpan;
}

export interface DashSegment extends Resource {
  readonly number: number;
  /** From 1, where the segment comes in pieces. */
  readonly subNumber?: number;
  /** Media time, in the timescale. */
  readonly startTicks: number;
  readonly durationTicks: number;
  /** From the beginning of the presentation. */
  readonly startUs: number;
}

export interface SegmentSet {
  /** Ticks a second. */
  readonly timescale: number;
  readonly initialization?: Resource;
  /** Where the index of a single resource is (SegmentBase); its segments are not known without it. */
  readonly index?: Resource;
  readonly segments: readonly DashSegment[];
}

/** When a period begins and ends, microseconds from the beginning of the presentation (ISO/IEC 23009-1 §5.3.2.1). */
export function periodBounds(
  { periods, type, mediaPresentationDurationUs }: Mpd,
  index: number,
): { readonly startUs?: number; readonly endUs?: number } {
  const startUs = startOf(periods, { index, isStatic: type !== "dynamic" });
  const { durationUs } = periods[index] ?? {};
  const endUs =
    periods[index + 1]?.startUs ??
    (startUs !== undefined && durationUs !== undefined
      ? startUs + durationUs
      : index === periods.length - 1
        ? mediaPresentationDurationUs
        : undefined);
  return { ...(startUs !== undefined && { startUs }), ...(endUs !== undefined && { endUs }) };
}

function startOf(
  periods: readonly Period[],
  { index, isStatic }: { readonly index: number; readonly isStatic: boolean },
): number | undefined {
  // Back to a period that states its start, adding the durations of those between.
  let us = 0;
  for (let i = index; i >= 0; i -= 1) {
    const stated = periods[i]?.startUs ?? (i === 0 && isStatic ? 0 : undefined);
    if (stated !== undefined) return stated + us;
    const before = periods[i - 1]?.durationUs;
    if (before === undefined) return undefined;
    us += before;
  }
  return undefined;
}

/** The segment information that holds for a representation, each level's attributes before those of the level above. */
export function segmentInfoOf(...levels: readonly SegmentInfo[]): SegmentInfo {
  const merged: {
    segmentBase?: SegmentBase;
    segmentList?: SegmentList;
    segmentTemplate?: SegmentTemplate;
  } = {};
  for (const { segmentBase, segmentList, segmentTemplate } of levels) {
    if (segmentBase !== undefined) merged.segmentBase = { ...merged.segmentBase, ...segmentBase };
    if (segmentList !== undefined) merged.segmentList = { ...merged.segmentList, ...segmentList };
    if (segmentTemplate !== undefined)
      merged.segmentTemplate = { ...merged.segmentTemplate, ...segmentTemplate };
  }
  return merged;
}

/** The URL that a representation's are relative to: the first BaseURL of each level against that above (§5.6.4). */
export function baseUriOf({ mpd, period, adaptationSet, representation, mpdUri = "" }: SegmentQuery): string {
  let uri = mpdUri;
  for (const level of [mpd, mpd.periods[period], adaptationSet, representation]) {
    const base = level?.baseUrls?.[0]?.uri;
    if (base !== undefined) uri = resolveUri(uri, base);
  }
  return uri;
}

/**
 * The segments of a representation, in order (ISO/IEC 23009-1 §5.3.9). A period whose start is not known yet has none.
 * Throws `playlist.bad-template`, and `playlist.too-large` where an MPD asks for more than `maxSegments`.
 */
export function segmentsOf(query: SegmentQuery): SegmentSet {
  const { mpd, adaptationSet, representation } = query;
  const period = mpd.periods[query.period];
  const info = segmentInfoOf(period ?? {}, adaptationSet, representation);
  const base = baseUriOf(query);
  if (info.segmentTemplate !== undefined) return templateSegments(query, base, info.segmentTemplate);
  if (info.segmentList !== undefined) return listSegments(query, base, info.segmentList);
  return singleSegment(query, base, info.segmentBase ?? {});
}

/** The spans of a representation that has more than one segment, or one for the whole period. */
function spansOf(query: SegmentQuery, info: MultipleSegments): { spans: Span[]; startUs: number } {
  const { startUs, endUs } = periodBounds(query.mpd, query.period);
  if (startUs === undefined) return { spans: [], startUs: 0 };
  const { mpd, nowMs, fromUs, maxSegments = 20_000 } = query;
  const timescale = info.timescale ?? 1;
  if (timescale === 0 || info.durationTicks === 0)
    throw new PlaylistError("playlist.bad-template", "a timescale or duration of 0");
  const nowUs =
    mpd.type === "dynamic" && nowMs !== undefined && mpd.availabilityStartTimeMs !== undefined
      ? (nowMs - mpd.availabilityStartTimeMs) * 1000 - startUs
      : undefined;
  const limits = {
    timescale,
    endUs: endUs === undefined ? undefined : endUs - startUs,
    nowUs,
    depthUs: mpd.timeShiftBufferDepthUs,
    fromUs: fromUs === undefined ? undefined : fromUs - startUs,
    maxSegments,
  };
  const spans =
    info.timeline?.entries === undefined ? durationSpans(info, limits) : timelineSpans(info, limits);
  return { spans, startUs };
}

function templateSegments(query: SegmentQuery, base: string, info: SegmentTemplate): SegmentSet {
  const { id: representationId, bandwidth } = query.representation;
  const { spans, startUs } = spansOf(query, info);
  const media = info.media ?? "";
  const timescale = info.timescale ?? 1;
  const pto = info.presentationTimeOffsetTicks ?? 0;
  const segments = spans.map((span): DashSegment => {
    const { number, startTicks: timeTicks, subNumber } = span;
    const values = { representationId, bandwidth, number, timeTicks, ...(subNumber && { subNumber }) };
    const uri = resolveUri(base, expandTemplate(media, values));
    return { ...span, uri, startUs: startUs + ticksToUs(timeTicks - pto, timescale) };
  });
  const { initializationTemplate } = info;
  const initialization =
    initializationTemplate === undefined
      ? resourceOf(base, info.initialization)
      : { uri: resolveUri(base, expandTemplate(initializationTemplate, { representationId, bandwidth })) };
  return { timescale, ...(initialization && { initialization }), segments };
}

function listSegments(query: SegmentQuery, base: string, info: SegmentList): SegmentSet {
  const urls = info.urls ?? [];
  const timescale = info.timescale ?? 1;
  const pto = info.presentationTimeOffsetTicks ?? 0;
  const first = info.startNumber ?? 1;
  // What the list names is there: neither the clock nor the period bounds it.
  const endNumber = first + urls.length - 1;
  const { mpd: dynamic, nowMs: _now, ...rest } = query;
  const { spans, startUs } = spansOf(
    { ...rest, mpd: { ...dynamic, type: "static" } },
    { ...info, endNumber },
  );
  const segments = spans.flatMap((span): DashSegment[] => {
    const url = urls[span.number - first];
    if (url === undefined) return [];
    const uri = url.media === undefined ? base : resolveUri(base, url.media);
    const start = startUs + ticksToUs(span.startTicks - pto, timescale);
    return [{ ...span, uri, ...(url.mediaRange && { range: url.mediaRange }), startUs: start }];
  });
  const initialization = resourceOf(base, info.initialization);
  return { timescale, ...(initialization && { initialization }), segments };
}

function singleSegment(query: SegmentQuery, base: string, info: SegmentBase): SegmentSet {
  const timescale = info.timescale ?? 1;
  const { startUs, endUs } = periodBounds(query.mpd, query.period);
  const initialization = resourceOf(base, info.initialization);
  const index =
    info.indexRange === undefined
      ? resourceOf(base, info.representationIndex)
      : { uri: base, range: info.indexRange };
  const lengthUs = startUs === undefined || endUs === undefined ? 0 : endUs - startUs;
  const segment: DashSegment = {
    uri: base,
    number: 1,
    startTicks: info.presentationTimeOffsetTicks ?? 0,
    durationTicks: Math.round((lengthUs * timescale) / 1e6),
    startUs: startUs ?? 0,
  };
  return {
    timescale,
    ...(initialization && { initialization }),
    ...(index && { index }),
    segments: startUs === undefined ? [] : [segment],
  };
}

function resourceOf(base: string, url: UrlRange | undefined): Resource | undefined {
  if (url === undefined) return undefined;
  const uri = url.sourceUrl === undefined ? base : resolveUri(base, url.sourceUrl);
  return { uri, ...(url.range && { range: url.range }) };
}
