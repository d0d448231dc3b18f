import { PlaylistError } from "../errors.ts";
import type { MultipleSegments, TimelineEntry } from "./mpd.ts";

/** Where a segment is, in ticks of media time. */
export interface Span {
  readonly number: number;
  readonly subNumber?: number;
  readonly startTicks: number;
  readonly durationTicks: number;
}

/** All times from the beginning of the period, microseconds; undefined where not known or without bound. */
export interface SpanLimits {
  readonly timescale: number;
  readonly endUs: number | undefined;
  readonly nowUs: number | undefined;
  readonly depthUs: number | undefined;
  readonly fromUs: number | undefined;
  readonly maxSegments: number;
}

/** Ticks to microseconds, without losing digits where the ticks count from 1970. */
export function ticksToUs(ticks: number, timescale: number): number {
  const seconds = Math.floor(ticks / timescale);
  return seconds * 1_000_000 + Math.round(((ticks - seconds * timescale) * 1_000_000) / timescale);
}

/** Microseconds to ticks, rounded down. */
function usToTicks(us: number, timescale: number): number {
  const seconds = Math.floor(us / 1_000_000);
  return seconds * timescale + Math.floor(((us - seconds * 1_000_000) * timescale) / 1_000_000);
}

/** Segments of one duration each (ISO/IEC 23009-1 §5.3.9.5.3); without a duration, one for the whole period. */
export function durationSpans(info: MultipleSegments, limits: SpanLimits): Span[] {
  const { timescale, endUs, nowUs, depthUs, fromUs, maxSegments } = limits;
  const pto = info.presentationTimeOffsetTicks ?? 0;
  const startNumber = info.startNumber ?? 1;
  const endTicks = endUs === undefined ? undefined : usToTicks(endUs, timescale);
  const d = info.durationTicks;
  if (d === undefined)
    return [{ number: startNumber, startTicks: pto, durationTicks: Math.max(0, endTicks ?? 0) }];
  let end = info.endNumber === undefined ? Number.POSITIVE_INFINITY : info.endNumber - startNumber + 1;
  if (endTicks !== undefined) end = Math.min(end, Math.ceil(endTicks / d));
  let first = 0;
  if (nowUs !== undefined) {
    // Available when complete, or earlier by the offset (§A.3.4, §5.3.9.5.3).
    const reachUs = nowUs + (info.availabilityTimeOffsetUs ?? 0);
    if (reachUs < Number.POSITIVE_INFINITY)
      end = Math.min(end, Math.floor(usToTicks(reachUs, timescale) / d));
    if (depthUs !== undefined) first = Math.max(0, Math.floor(usToTicks(nowUs - depthUs, timescale) / d));
  }
  if (fromUs !== undefined) first = Math.max(first, Math.floor(usToTicks(fromUs, timescale) / d));
  if (end - first > maxSegments) throw tooMany(maxSegments);
  const spans: Span[] = [];
  for (let k = first; k < end; k += 1)
    spans.push({ number: startNumber + k, startTicks: pto + k * d, durationTicks: d });
  return spans;
}

/** Segments that a SegmentTimeline lists (§5.3.9.6.2). */
export function timelineSpans(info: MultipleSegments, limits: SpanLimits): Span[] {
  const entries = info.timeline?.entries ?? [];
  const spans: Span[] = [];
  let number = info.startNumber ?? 1;
  let startTicks = 0;
  for (const [i, entry] of entries.entries()) {
    startTicks = entry.startTicks ?? startTicks;
    number = entry.number ?? number;
    if (entry.durationTicks === 0) continue;
    const times = repeatsOf(entry, startTicks, endOfEntry(entries[i + 1], info, limits));
    const skipped = skippedTimes(entry, { startTicks, times, info, limits });
    if (spans.length + (times - skipped) * piecesOf(entry) > limits.maxSegments)
      throw tooMany(limits.maxSegments);
    for (let k = skipped; k < times; k += 1)
      pushPieces(spans, entry, { number: number + k, startTicks: startTicks + k * entry.durationTicks });
    startTicks += times * entry.durationTicks;
    number += times;
  }
  return spans.filter((one) => info.endNumber === undefined || one.number <= info.endNumber);
}

function piecesOf({ pieces }: TimelineEntry): number {
  return Math.max(1, pieces ?? 1);
}

function repeatsOf(entry: TimelineEntry, startTicks: number, endTicks: number): number {
  const repeat = entry.repeat ?? 0;
  return repeat >= 0 ? repeat + 1 : Math.max(0, Math.ceil((endTicks - startTicks) / entry.durationTicks));
}

/** Where a negative repeat ends: the next entry, the end of the period, or now. */
function endOfEntry(next: TimelineEntry | undefined, info: MultipleSegments, limits: SpanLimits): number {
  if (next?.startTicks !== undefined) return next.startTicks;
  const us = Math.min(limits.endUs ?? Number.POSITIVE_INFINITY, limits.nowUs ?? Number.POSITIVE_INFINITY);
  return us === Number.POSITIVE_INFINITY
    ? 0
    : (info.presentationTimeOffsetTicks ?? 0) + usToTicks(us, limits.timescale);
}

/** How many of an entry's segments end before what is asked for begins. */
function skippedTimes(
  entry: TimelineEntry,
  at: {
    readonly startTicks: number;
    readonly times: number;
    readonly info: MultipleSegments;
    readonly limits: SpanLimits;
  },
): number {
  const { fromUs, timescale } = at.limits;
  if (fromUs === undefined) return 0;
  const fromTicks = (at.info.presentationTimeOffsetTicks ?? 0) + usToTicks(fromUs, timescale);
  return Math.min(at.times, Math.max(0, Math.floor((fromTicks - at.startTicks) / entry.durationTicks)));
}

function pushPieces(
  spans: Span[],
  entry: TimelineEntry,
  { number, startTicks }: { readonly number: number; readonly startTicks: number },
): void {
  const pieces = piecesOf(entry);
  const { durationTicks } = entry;
  if (pieces === 1) {
    spans.push({ number, startTicks, durationTicks });
    return;
  }
  for (let k = 0; k < pieces; k += 1) {
    const from = Math.floor((durationTicks * k) / pieces);
    const to = Math.floor((durationTicks * (k + 1)) / pieces);
    spans.push({ number, subNumber: k + 1, startTicks: startTicks + from, durationTicks: to - from });
  }
}

function tooMany(maxSegments: number): PlaylistError {
  return new PlaylistError("playlist.too-large", `more than ${maxSegments} segments of one representation`);
}
