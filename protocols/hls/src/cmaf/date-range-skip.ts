import type { Timeline } from "@millrace/cmaf";
import type { DateRange, DateRangeSkip, MediaPlaylist } from "@millrace/playlist";
import { dateRangesOf, marksOf } from "../splices.ts";
import { SKIP_BOUNDARY, splicesIn } from "./track-playlist.ts";

/** What a delta update of the track's playlist may leave out of date ranges (rfc8216bis §6.2.5.1), by the clock of the media. */
export function dateRangeSkip(timeline: Timeline, track: string, playlist: MediaPlaylist): DateRangeSkip {
  const { presentation } = timeline;
  const segments = timeline.segments(track);
  const [first, last] = [segments[0], segments.at(-1)];
  const isOffered = playlist.serverControl?.canSkipDateRanges === true;
  if (presentation === undefined || first === undefined || last === undefined || !isOffered)
    return { isOld: () => false, removedIds: [] };
  const splices = splicesIn(presentation);
  const targetMs = presentation.targetDurationS * 1000;
  // A message is in no playlist before the segment that it came with: it is older for clients by that at most.
  const boundaryMs = (SKIP_BOUNDARY + 1) * targetMs;
  const came = new Map<string, number>();
  for (const { range, cameMs } of dateRangesOf(splices)) came.set(keyOf(range), cameMs);
  const isOld = (range: DateRange): boolean =>
    (came.get(keyOf(range)) ?? Infinity) < last.wallMs - boundaryMs;
  return { isOld, removedIds: removedIds() };

  /** What would stand in a playlist that began earlier by the boundary, and does not in this one. */
  function removedIds(): string[] {
    const listed = new Set(rangesOf(playlist).map(({ id }) => id));
    const options = { dateRanges: true, cues: false, endMs: Number.POSITIVE_INFINITY };
    const startMs = (first?.wallMs ?? 0) - boundaryMs;
    const before = marksOf(splices, [{ startMs }], options).flatMap(({ dateRanges }) => dateRanges);
    return [...new Set(before.map(({ id }) => id))].filter((id) => !listed.has(id));
  }
}

function rangesOf({ segments, dateRanges = [] }: MediaPlaylist): DateRange[] {
  return [...segments.flatMap((segment) => segment.dateRanges ?? []), ...dateRanges];
}

/** A break has up to two ranges of one id: where it begins, and where it ends. */
function keyOf({ id, scte35In }: DateRange): string {
  return `${scte35In === undefined ? "" : "in "}${id}`;
}
