import type { DateRange, MediaPlaylist, MediaSegment, SegmentKey, SegmentMap } from "./media-playlist.ts";
import { dateRangeLine } from "./write-date-range.ts";

/** How a delta update treats date ranges, where the client asked for `_HLS_skip=v2`. */
export interface DateRangeSkip {
  /** Whether it came into the playlist more than the Skip Boundary ago. */
  readonly isOld: (range: DateRange) => boolean;
  /** Ids of those that were removed within the Skip Boundary. */
  readonly removedIds: readonly string[];
}

/**
 * How many segments a delta update leaves out: those that end further from the end of the last segment than the Skip
 * Boundary (rfc8216bis §6.2.5.1). 0 where the playlist allows no delta updates.
 */
export function skippableSegments({ segments, serverControl, endlist }: MediaPlaylist): number {
  const boundaryUs = serverControl?.canSkipUntilUs;
  if (boundaryUs === undefined || endlist === true) return 0;
  let distanceUs = 0;
  let index = segments.length;
  while (index > 0 && distanceUs <= boundaryUs) distanceUs += segments[--index]?.durationUs ?? 0;
  return index;
}

/**
 * The delta update of a playlist (rfc8216bis §6.2.5.1): the playlist itself where nothing can be left out. Date ranges
 * that stood with the segments left out stay, before the first that is left, unless `dateRanges` says that they are old.
 */
export function deltaOf(playlist: MediaPlaylist, dateRanges?: DateRangeSkip): MediaPlaylist {
  const count = skippableSegments(playlist);
  if (count === 0) return playlist;
  const gone = playlist.segments.slice(0, count);
  const stays = (range: DateRange): boolean => dateRanges?.isOld(range) !== true;
  const [first, ...others] = playlist.segments.slice(count).map((one) => withDateRanges(one, stays));
  const ranges = [...gone.flatMap((one) => one.dateRanges ?? []).filter(stays), ...(first?.dateRanges ?? [])];
  const { version: _version, dateRanges: trailing, ...head } = playlist;
  const trailingStay = trailing?.filter(stays) ?? [];
  // The key in force is told from what has been skipped, so its end has to be said.
  const endsKeys =
    first?.keys === undefined && gone.some((one) => one.keys !== undefined) ? { keys: [] } : {};
  return {
    ...head,
    skipped: { segments: count, ...(dateRanges && { removedDateRanges: dateRanges.removedIds }) },
    segments:
      first === undefined
        ? []
        : [{ ...first, ...endsKeys, ...(ranges.length > 0 && { dateRanges: ranges }) }, ...others],
    ...(trailingStay.length > 0 && { dateRanges: trailingStay }),
  };
}

function withDateRanges(segment: MediaSegment, stays: (range: DateRange) => boolean): MediaSegment {
  const { dateRanges, ...bare } = segment;
  const left = dateRanges?.filter(stays) ?? [];
  return left.length > 0 ? { ...bare, dateRanges: left } : bare;
}

/**
 * The whole playlist, from the one that was known and a delta update of it (rfc8216bis §6.3.7). A playlist that skips
 * nothing is returned as it is. Undefined where `previous` lacks what was skipped: the client then asks again without
 * `_HLS_skip`.
 */
export function applyDelta(previous: MediaPlaylist, delta: MediaPlaylist): MediaPlaylist | undefined {
  const { skipped, segments, version: _version, ...head } = delta;
  if (skipped === undefined) return delta;
  const from = (delta.mediaSequence ?? 0) - (previous.mediaSequence ?? 0);
  const known = previous.segments.slice(Math.max(0, from), from + skipped.segments);
  if (from < 0 || known.length < skipped.segments || previous.skipped !== undefined) return undefined;
  // Old segments have no parts in the new version, and date ranges are placed anew.
  const kept = known.map(({ parts: _parts, dateRanges: _ranges, ...one }) => one as MediaSegment);
  const all = [...kept, ...inheriting(segments, kept.at(-1))];
  const playlist: MediaPlaylist = {
    ...(previous.version !== undefined && { version: previous.version }),
    ...head,
    segments: all,
  };
  return skipped.removedDateRanges === undefined
    ? playlist
    : keepingDateRanges(playlist, { previous, skippedFrom: from, removed: skipped.removedDateRanges });
}

/** Keys and maps that were said before the first segment left are those of the last that was skipped. */
function inheriting(segments: readonly MediaSegment[], last: MediaSegment | undefined): MediaSegment[] {
  let keys: readonly SegmentKey[] | undefined = last?.keys;
  let map: SegmentMap | undefined = last?.map;
  return segments.map((segment) => {
    keys = segment.keys ?? keys;
    map = segment.map ?? map;
    const { keys: _keys, map: _map, ...bare } = segment;
    return { ...bare, ...(keys !== undefined && keys.length > 0 && { keys }), ...(map && { map }) };
  });
}

/**
 * Puts date ranges back that the update left out: those known before, without the removed and without those the update
 * repeats. They stand with the segment they stood with, or at the beginning where that has left the playlist.
 */
function keepingDateRanges(
  playlist: MediaPlaylist,
  from: {
    readonly previous: MediaPlaylist;
    readonly skippedFrom: number;
    readonly removed: readonly string[];
  },
): MediaPlaylist {
  const gone = new Set(from.removed);
  const repeated = new Set(
    [...playlist.segments.flatMap((one) => one.dateRanges ?? []), ...(playlist.dateRanges ?? [])].map(
      dateRangeLine,
    ),
  );
  const missing = (ranges: readonly DateRange[] | undefined): DateRange[] =>
    (ranges ?? []).filter((one) => !gone.has(one.id) && !repeated.has(dateRangeLine(one)));
  const { previous, skippedFrom } = from;
  const added: DateRange[][] = playlist.segments.map(() => []);
  const trailing: DateRange[] = missing(previous.dateRanges);
  for (const [i, segment] of previous.segments.entries()) {
    const at = Math.max(0, i - skippedFrom);
    (added[at] ?? trailing).push(...missing(segment.dateRanges));
  }
  const segments = playlist.segments.map((segment, i): MediaSegment => {
    const ranges = [...(added[i] ?? []), ...(segment.dateRanges ?? [])];
    return ranges.length > 0 ? { ...segment, dateRanges: ranges } : segment;
  });
  const { dateRanges, ...rest } = playlist;
  const last = [...trailing, ...(dateRanges ?? [])];
  return { ...rest, segments, ...(last.length > 0 && { dateRanges: last }) };
}
