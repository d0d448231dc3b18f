import type {
  CmafPeriod,
  CmafTrack,
  PartRecord,
  Presentation,
  SegmentRecord,
  Timeline,
} from "@millrace/cmaf";
import { partKey } from "@millrace/cmaf";
import type { MediaPlaylist, MediaSegment, Part, RenditionReport } from "@millrace/playlist";
import type { HlsSettings } from "../config.ts";
import { marksOf, type Splice, type SpliceMarks, splicesOf } from "../splices.ts";

/** How far before the end players begin, in target durations and part targets (rfc8216bis §4.4.3.8). */
const HOLD_BACK = 3;
/** A skip boundary has to be at least so many target durations (rfc8216bis §4.4.3.8). */
export const SKIP_BOUNDARY = 6;
/** Parts are listed for the last so many target durations (rfc8216bis §6.2.2). */
const PART_WINDOW = 3;

export interface TrackPlaylistOptions {
  /** `v1`, `a1`… */
  readonly track: string;
  /** With parts, blocking reload and all that belongs to it. */
  readonly lowLatency: boolean;
  readonly settings: Pick<HlsSettings, "splices" | "startOffsetMs">;
}

/** Name of the playlist of one track, beside those of the others. */
export function playlistName(track: string, lowLatency: boolean): string {
  return lowLatency ? `${track}.ll.m3u8` : `${track}.m3u8`;
}

/** The Media Playlist of one track; URIs are relative to the folder that holds the tracks'. Undefined before it begins. */
export function trackPlaylist(timeline: Timeline, options: TrackPlaylistOptions): MediaPlaylist | undefined {
  const { presentation } = timeline;
  const { track, settings } = options;
  const all = timeline.segments(track);
  // Players take text as WebVTT files, which there are of whole segments only.
  const isText = isTextTrack(timeline, track);
  const lowLatency = options.lowLatency && !isText;
  const first = all[0];
  if (presentation === undefined || first === undefined) return undefined;
  const maker = new SegmentMaker(timeline, track);
  const open = all.at(-1)?.complete === false ? all.at(-1) : undefined;
  const complete = open === undefined ? all : all.slice(0, -1);
  const withParts = lowLatency ? complete.length - partsFrom(complete, maker, presentation) : 0;
  const pending = lowLatency ? open : undefined;
  const marks = marksFor(presentation, pending === undefined ? complete : all, settings.splices);
  const segments = complete.map((segment, i) => ({
    ...maker.segment(segment, complete[i - 1], i >= complete.length - withParts),
    ...tagsOf(marks[i]),
  }));
  const trailing = trailingOf(pending === undefined ? [] : [marks[complete.length]], marks.at(-1));
  const targetUs = presentation.targetDurationS * 1e6;
  const head = {
    targetDurationS: presentation.targetDurationS,
    mediaSequence: first.msn,
    discontinuitySequence: presentation.discontinuitySequence,
    independentSegments: all.every(({ independent }) => independent),
    segments,
    ...trailing,
  };
  if (!lowLatency) {
    const startOffsetMs = options.lowLatency ? undefined : settings.startOffsetMs;
    const start = startOffsetMs === undefined ? {} : { start: { timeOffsetUs: -startOffsetMs * 1000 } };
    const block = options.lowLatency ? { canBlockReload: true } : {};
    return { ...head, ...start, serverControl: { ...block, holdBackUs: HOLD_BACK * targetUs } };
  }
  return {
    ...head,
    partTargetUs: presentation.partTargetUs,
    serverControl: {
      canBlockReload: true,
      canSkipUntilUs: SKIP_BOUNDARY * targetUs,
      ...(settings.splices.dateRanges && { canSkipDateRanges: true }),
      holdBackUs: HOLD_BACK * targetUs,
      partHoldBackUs: HOLD_BACK * presentation.partTargetUs,
    },
    ...(open !== undefined && maker.pending(open, complete.at(-1))),
    ...(open !== undefined && { parts: open.parts.map((part) => maker.part(part)) }),
    preloadHints: [{ type: "PART", uri: partKey(track, timeline.nextPartStart(track) ?? 0) }],
    renditionReports: reports(timeline, track),
  };
}

/** What tells of splices, before each segment and behind the last. */
function marksFor(
  presentation: Presentation,
  segments: readonly SegmentRecord[],
  tags: HlsSettings["splices"],
): SpliceMarks[] {
  if (!tags.dateRanges && !tags.cues) return [];
  const splices = splicesIn(presentation);
  if (splices.length === 0) return [];
  const stretches = segments.map(({ wallMs }) => ({ startMs: wallMs }));
  // Nothing begins behind what there is so far.
  return marksOf(splices, stretches, { ...tags, endMs: Number.POSITIVE_INFINITY });
}

/** The breaks that are known. */
export function splicesIn({ events }: Presentation): Splice[] {
  const messages = events
    .filter(({ scheme }) => scheme === "scte35")
    .map(({ data, wallMs, sourceTicks }) => ({ section: data, wallMs, ticks: sourceTicks }));
  return splicesOf(messages);
}

function tagsOf(marks: SpliceMarks | undefined): Pick<MediaSegment, "dateRanges" | "tags"> {
  if (marks === undefined) return {};
  const { dateRanges, tags } = marks;
  return { ...(dateRanges.length > 0 && { dateRanges }), ...(tags.length > 0 && { tags }) };
}

function trailingOf(
  open: readonly (SpliceMarks | undefined)[],
  last: SpliceMarks | undefined,
): Pick<MediaPlaylist, "dateRanges" | "trailingTags"> {
  const all = [...open, last].filter((each) => each !== undefined);
  const dateRanges = all.flatMap((each) => each.dateRanges);
  const trailingTags = all.flatMap((each) => each.tags);
  return { ...(dateRanges.length > 0 && { dateRanges }), ...(trailingTags.length > 0 && { trailingTags }) };
}

/** Index of the first segment near enough to the end for its parts to be listed. */
function partsFrom(
  complete: readonly SegmentRecord[],
  maker: SegmentMaker,
  presentation: Presentation,
): number {
  const leastUs = PART_WINDOW * presentation.targetDurationS * 1e6;
  let us = 0;
  let index = complete.length;
  while (index > 0 && us < leastUs) us += maker.us((complete[--index] as SegmentRecord).durationTicks);
  return index;
}

/** How far the other tracks are (rfc8216bis §4.4.5.4). */
function reports(timeline: Timeline, track: string): RenditionReport[] {
  const found: RenditionReport[] = [];
  for (const { name } of timeline.tracks) {
    const edge = name === track ? undefined : timeline.edge(name);
    if (edge === undefined) continue;
    const isText = isTextTrack(timeline, name);
    const lastMsn = isText && edge.part !== undefined ? edge.msn - 1 : edge.msn;
    const parts = timeline.segment(name, edge.msn)?.parts.length ?? 1;
    const lastPart = isText ? -1 : (edge.part ?? parts - 1);
    found.push({
      uri: playlistName(name, true),
      lastMsn,
      ...(lastPart >= 0 && { lastPart }),
    });
  }
  return found;
}

function isTextTrack(timeline: Timeline, name: string): boolean {
  return timeline.tracks.some((track) => track.name === name && track.codec === "webvtt");
}

class SegmentMaker {
  readonly #timeline: Timeline;
  readonly #track: string;

  constructor(timeline: Timeline, track: string) {
    this.#timeline = timeline;
    this.#track = track;
  }

  us(ticks: number): number {
    const { timescale } = this.#describe(undefined) ?? { timescale: 90_000 };
    return Math.round((ticks * 1e6) / timescale);
  }

  segment(segment: SegmentRecord, before: SegmentRecord | undefined, withParts: boolean): MediaSegment {
    const { key, vtt, durationTicks, wallMs, gap, parts } = segment;
    const init = vtt === undefined ? this.#describe(segment.period)?.init : undefined;
    return {
      uri: vtt ?? key,
      durationUs: this.us(durationTicks),
      programDateTimeMs: wallMs,
      ...(before !== undefined && before.period !== segment.period && { discontinuity: true }),
      ...(gap === true && { gap }),
      ...(init !== undefined && { map: { uri: init } }),
      ...(withParts && parts.length > 0 && { parts: parts.map((part) => this.part(part)) }),
    };
  }

  part({ key, durationTicks, independent }: PartRecord): Part {
    return { uri: key, durationUs: this.us(durationTicks), ...(independent && { independent }) };
  }

  /** What stands before the parts of the segment that grows. */
  pending(open: SegmentRecord, before: SegmentRecord | undefined): Pick<MediaPlaylist, "pending"> {
    const isOther = before !== undefined && before.period !== open.period;
    const init = this.#describe(open.period)?.init;
    return {
      pending: {
        programDateTimeMs: open.wallMs,
        ...(isOther && { discontinuity: true }),
        ...((isOther || before === undefined) && init !== undefined && { map: { uri: init } }),
      },
    };
  }

  #describe(period: number | undefined): CmafTrack | undefined {
    const periods: readonly CmafPeriod[] = this.#timeline.presentation?.periods ?? [];
    const found = period === undefined ? periods.at(-1) : periods.find((each) => each.id === period);
    return found?.tracks.find(({ name }) => name === this.#track);
  }
}
