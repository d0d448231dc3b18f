import { PlaylistError } from "../errors.ts";
import { AttributeWriter, formatScaled } from "./attributes.ts";
import { formatDateTime } from "./date-time.ts";
import { defineLine } from "./define.ts";
import {
  formatOf,
  type MediaPlaylist,
  type MediaSegment,
  type SegmentKey,
  type SegmentMap,
  type StartPoint,
  versionFor,
} from "./media-playlist.ts";
import { pushDateRanges } from "./write-date-range.ts";
import {
  partInfLine,
  partLine,
  preloadHintLine,
  renditionReportLine,
  serverControlLine,
  skipLine,
} from "./write-low-latency.ts";
import { checkUri, oneLine, pushTags, rangeText, whole } from "./write-values.ts";

const MICRO = { scale: 1e6 };
const NO_KEYS: readonly SegmentKey[] = [];

/** What holds at the point of the text that has been reached. */
interface Cursor {
  /** Undefined at the beginning of a delta update: what was said is among the skipped. */
  keys: readonly SegmentKey[] | undefined;
  map: SegmentMap | undefined;
}

/**
 * A Media Playlist as text, UTF-8 to be, lines ended by LF (RFC 8216 §4.1).
 *
 * Throws `playlist.bad-value` for what cannot be written: a line end or a quote in a value, a negative duration.
 */
export function writeMediaPlaylist(playlist: MediaPlaylist): string {
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${whole(playlist.version ?? versionFor(playlist))}`];
  pushHead(lines, playlist);
  const cursor: Cursor = { keys: playlist.skipped === undefined ? NO_KEYS : undefined, map: undefined };
  for (const segment of playlist.segments) pushSegment(lines, segment, cursor);
  pushEnd(lines, playlist, cursor);
  lines.push("");
  return lines.join("\n");
}

function pushHead(lines: string[], playlist: MediaPlaylist): void {
  for (const define of playlist.defines ?? []) lines.push(defineLine(define));
  if (playlist.independentSegments === true) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  if (playlist.start !== undefined) lines.push(startLine(playlist.start));
  lines.push(`#EXT-X-TARGETDURATION:${whole(playlist.targetDurationS)}`);
  if (playlist.serverControl !== undefined) lines.push(serverControlLine(playlist.serverControl));
  if (playlist.partTargetUs !== undefined) lines.push(partInfLine(playlist.partTargetUs));
  if (playlist.type !== undefined) lines.push(`#EXT-X-PLAYLIST-TYPE:${playlist.type}`);
  if (playlist.mediaSequence !== undefined)
    lines.push(`#EXT-X-MEDIA-SEQUENCE:${whole(playlist.mediaSequence)}`);
  if (playlist.discontinuitySequence !== undefined)
    lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${whole(playlist.discontinuitySequence)}`);
  if (playlist.iFramesOnly === true) lines.push("#EXT-X-I-FRAMES-ONLY");
  pushTags(lines, playlist.tags);
  if (playlist.skipped !== undefined) lines.push(skipLine(playlist.skipped));
}

/** What stands behind the last segment: the one that is not complete yet, what will come, other renditions. */
function pushEnd(lines: string[], playlist: MediaPlaylist, cursor: Cursor): void {
  const { pending } = playlist;
  if (pending?.discontinuity === true) lines.push("#EXT-X-DISCONTINUITY");
  // The map has keys of its own; behind it those of the last segment hold again.
  const keys = pending?.keys ?? cursor.keys;
  if (pending?.map !== undefined) pushMap(lines, pending.map, cursor);
  if (keys !== undefined) pushKeys(lines, keys, cursor);
  if (pending?.programDateTimeMs !== undefined)
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${formatDateTime(pending.programDateTimeMs)}`);
  pushDateRanges(lines, playlist.dateRanges);
  pushTags(lines, playlist.trailingTags);
  for (const part of playlist.parts ?? []) lines.push(partLine(part));
  for (const hint of playlist.preloadHints ?? []) lines.push(preloadHintLine(hint));
  for (const report of playlist.renditionReports ?? []) lines.push(renditionReportLine(report));
  if (playlist.endlist === true) lines.push("#EXT-X-ENDLIST");
}

function pushSegment(lines: string[], segment: MediaSegment, cursor: Cursor): void {
  if (segment.discontinuity === true) lines.push("#EXT-X-DISCONTINUITY");
  if (segment.map !== undefined) pushMap(lines, segment.map, cursor);
  else if (cursor.map !== undefined)
    throw new PlaylistError("playlist.bad-value", "a segment without a map cannot follow one that has a map");
  if (segment.keys !== undefined || cursor.keys !== undefined)
    pushKeys(lines, segment.keys ?? NO_KEYS, cursor);
  if (segment.programDateTimeMs !== undefined)
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${formatDateTime(segment.programDateTimeMs)}`);
  pushDateRanges(lines, segment.dateRanges);
  if (segment.bitrateKbit !== undefined) lines.push(`#EXT-X-BITRATE:${whole(segment.bitrateKbit)}`);
  if (segment.gap === true) lines.push("#EXT-X-GAP");
  pushTags(lines, segment.tags);
  // Behind the tags that hold for the first part too (rfc8216bis §4.4.4.9).
  for (const part of segment.parts ?? []) lines.push(partLine(part));
  if (segment.durationUs < 0)
    throw new PlaylistError("playlist.bad-value", `duration of ${segment.durationUs} µs`);
  lines.push(`#EXTINF:${formatScaled(segment.durationUs, 1e6, 3)},${oneLine(segment.title ?? "")}`);
  if (segment.byteRange !== undefined) lines.push(`#EXT-X-BYTERANGE:${rangeText(segment.byteRange)}`);
  lines.push(checkUri(segment.uri));
}

/** A map holds until the next, so it is written where it changes; its own keys stand before it. */
function pushMap(lines: string[], map: SegmentMap, cursor: Cursor): void {
  if (!sameMap(map, cursor.map)) {
    if (map.keys !== undefined || cursor.keys !== undefined) pushKeys(lines, map.keys ?? NO_KEYS, cursor);
    lines.push(mapLine(map));
  }
  cursor.map = map;
}

/** Key tags stay in force until replaced, so only changes are written (RFC 8216 §4.3.2.4). */
function pushKeys(lines: string[], keys: readonly SegmentKey[], cursor: Cursor): void {
  if (cursor.keys !== undefined && sameKeys(keys, cursor.keys)) return;
  const formats = new Set(keys.map(formatOf));
  if (cursor.keys === undefined || cursor.keys.some((key) => !formats.has(formatOf(key))))
    lines.push("#EXT-X-KEY:METHOD=NONE");
  for (const key of keys) lines.push(keyLine(key));
  cursor.keys = keys;
}

function sameKeys(a: readonly SegmentKey[], b: readonly SegmentKey[]): boolean {
  return a.length === b.length && a.every((key, i) => keyLine(key) === keyLine(b[i] as SegmentKey));
}

function sameMap(a: SegmentMap, b: SegmentMap | undefined): boolean {
  return b !== undefined && mapLine(a) === mapLine(b) && sameKeys(a.keys ?? NO_KEYS, b.keys ?? NO_KEYS);
}

function keyLine(key: SegmentKey): string {
  return `#EXT-X-KEY:${keyAttributes(key)}`;
}

/** The attributes of EXT-X-KEY and EXT-X-SESSION-KEY. */
export function keyAttributes(key: SegmentKey): string {
  return new AttributeWriter()
    .bare("METHOD", key.method)
    .quoted("URI", key.uri)
    .bare("IV", key.iv)
    .quoted("KEYFORMAT", key.keyFormat)
    .quoted("KEYFORMATVERSIONS", key.keyFormatVersions)
    .toString();
}

function mapLine(map: SegmentMap): string {
  const range = map.byteRange === undefined ? undefined : rangeText(map.byteRange);
  return `#EXT-X-MAP:${new AttributeWriter().quoted("URI", map.uri).quoted("BYTERANGE", range)}`;
}

/** `EXT-X-START` line, for both kinds of playlist. */
export function startLine(start: StartPoint): string {
  const list = new AttributeWriter()
    .scaled("TIME-OFFSET", start.timeOffsetUs, MICRO)
    .yesNo("PRECISE", start.precise);
  return `#EXT-X-START:${list}`;
}
