import { PlaylistError } from "../errors.ts";
import { AttributeWriter, formatScaled } from "./attributes.ts";
import { formatDateTime } from "./date-time.ts";
import {
  type ByteRange,
  type DateRange,
  formatOf,
  type MediaPlaylist,
  type MediaSegment,
  type SegmentKey,
  type SegmentMap,
  type StartPoint,
  versionFor,
} from "./media-playlist.ts";

const MICRO = { scale: 1e6 };
const NO_KEYS: readonly SegmentKey[] = [];

/** What holds at the point of the text that has been reached. */
interface Cursor {
  keys: readonly SegmentKey[];
  map: SegmentMap | undefined;
}

/**
 * A Media Playlist as text, UTF-8 to be, lines ended by LF (RFC 8216 §4.1).
 *
 * Throws `playlist.bad-value` for what cannot be written: a line end or a quote in a value, a negative duration.
 */
export function writeMediaPlaylist(playlist: MediaPlaylist): string {
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${whole(playlist.version ?? versionFor(playlist))}`];
  if (playlist.independentSegments === true) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  if (playlist.start !== undefined) lines.push(startLine(playlist.start));
  lines.push(`#EXT-X-TARGETDURATION:${whole(playlist.targetDurationS)}`);
  if (playlist.type !== undefined) lines.push(`#EXT-X-PLAYLIST-TYPE:${playlist.type}`);
  if (playlist.mediaSequence !== undefined)
    lines.push(`#EXT-X-MEDIA-SEQUENCE:${whole(playlist.mediaSequence)}`);
  if (playlist.discontinuitySequence !== undefined)
    lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${whole(playlist.discontinuitySequence)}`);
  if (playlist.iFramesOnly === true) lines.push("#EXT-X-I-FRAMES-ONLY");
  pushTags(lines, playlist.tags);
  const cursor: Cursor = { keys: NO_KEYS, map: undefined };
  for (const segment of playlist.segments) pushSegment(lines, segment, cursor);
  pushDateRanges(lines, playlist.dateRanges);
  pushTags(lines, playlist.trailingTags);
  if (playlist.endlist === true) lines.push("#EXT-X-ENDLIST");
  lines.push("");
  return lines.join("\n");
}

function pushSegment(lines: string[], segment: MediaSegment, cursor: Cursor): void {
  if (segment.discontinuity === true) lines.push("#EXT-X-DISCONTINUITY");
  if (segment.map !== undefined && !sameMap(segment.map, cursor.map)) {
    pushKeys(lines, segment.map.keys ?? NO_KEYS, cursor);
    lines.push(mapLine(segment.map));
  }
  if (segment.map === undefined && cursor.map !== undefined)
    throw new PlaylistError("playlist.bad-value", "a segment without a map cannot follow one that has a map");
  cursor.map = segment.map;
  pushKeys(lines, segment.keys ?? NO_KEYS, cursor);
  if (segment.programDateTimeMs !== undefined)
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${formatDateTime(segment.programDateTimeMs)}`);
  pushDateRanges(lines, segment.dateRanges);
  if (segment.bitrateKbit !== undefined) lines.push(`#EXT-X-BITRATE:${whole(segment.bitrateKbit)}`);
  if (segment.gap === true) lines.push("#EXT-X-GAP");
  pushTags(lines, segment.tags);
  if (segment.durationUs < 0)
    throw new PlaylistError("playlist.bad-value", `duration of ${segment.durationUs} µs`);
  lines.push(`#EXTINF:${formatScaled(segment.durationUs, 1e6, 3)},${oneLine(segment.title ?? "")}`);
  if (segment.byteRange !== undefined) lines.push(`#EXT-X-BYTERANGE:${rangeText(segment.byteRange)}`);
  lines.push(checkUri(segment.uri));
}

/** Key tags stay in force until replaced, so only changes are written (RFC 8216 §4.3.2.4). */
function pushKeys(lines: string[], keys: readonly SegmentKey[], cursor: Cursor): void {
  if (sameKeys(keys, cursor.keys)) return;
  const formats = new Set(keys.map(formatOf));
  if (cursor.keys.some((key) => !formats.has(formatOf(key)))) lines.push("#EXT-X-KEY:METHOD=NONE");
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

function pushDateRanges(lines: string[], ranges: readonly DateRange[] | undefined): void {
  for (const range of ranges ?? []) {
    const list = new AttributeWriter()
      .quoted("ID", range.id)
      .quoted("CLASS", range.class)
      .quoted("START-DATE", range.startDateMs === undefined ? undefined : formatDateTime(range.startDateMs))
      .quoted("END-DATE", range.endDateMs === undefined ? undefined : formatDateTime(range.endDateMs))
      .scaled("DURATION", range.durationUs, MICRO)
      .scaled("PLANNED-DURATION", range.plannedDurationUs, MICRO)
      .bare("SCTE35-CMD", range.scte35Cmd)
      .bare("SCTE35-OUT", range.scte35Out)
      .bare("SCTE35-IN", range.scte35In)
      .bare("END-ON-NEXT", range.endOnNext === true ? "YES" : undefined)
      .all(range.extra);
    lines.push(`#EXT-X-DATERANGE:${list}`);
  }
}

/** Tags carried through as they are. */
export function pushTags(lines: string[], tags: readonly string[] | undefined): void {
  for (const tag of tags ?? []) {
    if (!tag.startsWith("#EXT")) throw new PlaylistError("playlist.bad-value", `"${tag}" is no tag`);
    lines.push(oneLine(tag));
  }
}

function rangeText(range: ByteRange): string {
  return `${whole(range.length)}@${whole(range.offset)}`;
}

function whole(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new PlaylistError("playlist.bad-value", `${value} is no decimal-integer`);
  return value;
}

function oneLine(text: string): string {
  if (/[\r\n]/.test(text)) throw new PlaylistError("playlist.bad-value", "a line end within a line");
  return text;
}

/** A URI that can stand on a line of its own. */
export function checkUri(uri: string): string {
  if (uri === "" || uri !== uri.trim() || uri.startsWith("#") || /[\r\n]/.test(uri))
    throw new PlaylistError("playlist.bad-value", `"${uri}" cannot stand as a URI line`);
  return uri;
}
