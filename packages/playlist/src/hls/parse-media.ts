import { PlaylistError, type PlaylistProblem } from "../errors.ts";
import { type AttributeReader, parseScaled } from "./attributes.ts";
import { parseDateTime } from "./date-time.ts";
import { definedName, readDefine } from "./define.ts";
import {
  attributesOf,
  type Gathering,
  pruned,
  readRange,
  startGathering,
  type TagReader,
  type Writable,
} from "./gathering.ts";
import { type Complain, complainInto, kindOf, type PlaylistLine, parseInteger, splitLines } from "./lines.ts";
import type { PendingSegment } from "./low-latency.ts";
import {
  type DateRange,
  formatOf,
  type MediaPlaylist,
  type MediaSegment,
  type SegmentKey,
  type SegmentMap,
  type StartPoint,
  targetDurationFor,
} from "./media-playlist.ts";
import { LOW_LATENCY_READERS } from "./parse-low-latency.ts";

/** More at once than any player knows; a bound on what a hostile playlist can make us copy. */
const MAX_KEY_FORMATS = 16;
const MAX_VARIABLES = 256;

/**
 * Reads a Media Playlist (RFC 8216 §4.3.2, §4.3.3). What breaks the standard is passed over or repaired and listed in
 * `problems`; tags that are not modelled are kept as lines. Throws `playlist.not-hls` for what is no Media Playlist.
 */
export function parseMediaPlaylist(text: string, problems?: PlaylistProblem[]): MediaPlaylist {
  const complain = complainInto(problems);
  const lines = splitLines(text, complain);
  if (kindOf(lines) !== "media")
    throw new PlaylistError("playlist.not-hls", "a Multivariant Playlist, not a Media Playlist");
  const into = startGathering();
  for (const line of lines) {
    if (line.tag === "") endSegment(into, line, complain);
    else (READERS.get(line.tag) ?? keepTag)(into, line, complain);
  }
  return finish(into, complain);
}

function finish(into: Gathering, complain: Complain): MediaPlaylist {
  const { playlist, next } = into;
  if (next.durationUs !== undefined) complain(0, "EXTINF without a URI at the end");
  if (into.dateRanges.length > 0) playlist.dateRanges = into.dateRanges;
  if (into.tags.length > 0) playlist.trailingTags = into.tags;
  if (into.headTags.length > 0) playlist.tags = into.headTags;
  if (into.defines.length > 0) playlist.defines = into.defines;
  if (into.parts.length > 0) playlist.parts = into.parts;
  if (into.preloadHints.length > 0) playlist.preloadHints = into.preloadHints;
  if (into.renditionReports.length > 0) playlist.renditionReports = into.renditionReports;
  const pending = pendingOf(into);
  if (pending !== undefined) playlist.pending = pending;
  if (!into.hasTarget) {
    complain(0, "no EXT-X-TARGETDURATION");
    playlist.targetDurationS = targetDurationFor(into.segments);
  }
  return { ...playlist, segments: into.segments };
}

/** What stands behind the last segment and is for the next one. */
function pendingOf({ next, keys, map, segments }: Gathering): PendingSegment | undefined {
  const last = segments.at(-1);
  const pending = pruned<PendingSegment>({
    discontinuity: next.discontinuity,
    programDateTimeMs: next.programDateTimeMs,
    keys: same(keys ?? [], last?.keys ?? []) ? undefined : keys,
    map: same(map, last?.map) ? undefined : map,
  });
  return Object.keys(pending).length > 0 ? pending : undefined;
}

function endSegment(into: Gathering, line: PlaylistLine, complain: Complain): void {
  const { next } = into;
  if (next.durationUs === undefined) complain(line.line, "a segment without EXTINF");
  const segment: Writable<MediaSegment> = {
    ...next,
    uri: line.value,
    durationUs: next.durationUs ?? into.playlist.targetDurationS * 1e6,
  };
  const range = into.range === undefined ? undefined : readRange(into.range, line.value, into.rangeEnd);
  if (range !== undefined) segment.byteRange = range;
  else if (into.range !== undefined) complain(line.line, `BYTERANGE "${into.range}" cannot be read`);
  into.rangeEnd = range && { uri: line.value, offset: range.offset + range.length };
  // In a delta update "no keys" is told apart from "not said".
  if (into.keys !== undefined && (into.keys.length > 0 || into.playlist.skipped !== undefined))
    segment.keys = into.keys;
  if (into.map !== undefined) segment.map = into.map;
  if (into.dateRanges.length > 0) segment.dateRanges = into.dateRanges;
  if (into.parts.length > 0) segment.parts = into.parts;
  if (into.tags.length > 0) segment.tags = into.tags;
  into.segments.push(segment);
  into.next = {};
  into.parts = [];
  into.dateRanges = [];
  into.tags = [];
  into.range = undefined;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The tags that belong to the head whatever stands behind them. */
const HEAD_ONLY = new Set(["EXT-X-ALLOW-CACHE"]);

function keepTag(into: Gathering, line: PlaylistLine): void {
  if (into.segments.length === 0 && HEAD_ONLY.has(line.tag)) into.headTags.push(line.text);
  else into.tags.push(line.text);
}

function headInteger(name: "version" | "mediaSequence" | "discontinuitySequence"): TagReader {
  return (into, line, complain) => {
    const value = parseInteger(line.value);
    if (value === undefined) {
      complain(line.line, `${line.tag} "${line.value}" is no integer`);
      return;
    }
    if (into.playlist[name] !== undefined) complain(line.line, `${line.tag} is given twice`);
    if (into.segments.length > 0 && name !== "version")
      complain(line.line, `${line.tag} behind the first segment`);
    into.playlist[name] = value;
  };
}

const READERS = new Map<string, TagReader>(
  Object.entries<TagReader>({
    "EXT-X-VERSION": headInteger("version"),
    "EXT-X-MEDIA-SEQUENCE": headInteger("mediaSequence"),
    "EXT-X-DISCONTINUITY-SEQUENCE": headInteger("discontinuitySequence"),
    "EXT-X-TARGETDURATION": readTargetDuration,
    "EXT-X-PLAYLIST-TYPE": (into, line, complain) => {
      if (line.value === "EVENT" || line.value === "VOD") into.playlist.type = line.value;
      else complain(line.line, `EXT-X-PLAYLIST-TYPE "${line.value}" is neither EVENT nor VOD`);
    },
    "EXT-X-INDEPENDENT-SEGMENTS": (into) => {
      into.playlist.independentSegments = true;
    },
    "EXT-X-I-FRAMES-ONLY": (into) => {
      into.playlist.iFramesOnly = true;
    },
    "EXT-X-ENDLIST": (into) => {
      into.playlist.endlist = true;
    },
    "EXT-X-START": (into, line, complain) => {
      const start = readStart(line, complain);
      if (start !== undefined) into.playlist.start = start;
    },
    EXTINF: readDuration,
    "EXT-X-DISCONTINUITY": (into, line, complain) => {
      if (into.next.discontinuity === true) complain(line.line, "EXT-X-DISCONTINUITY twice before one URI");
      into.next.discontinuity = true;
    },
    "EXT-X-GAP": (into) => {
      into.next.gap = true;
    },
    "EXT-X-BYTERANGE": (into, line) => {
      into.range = line.value;
    },
    "EXT-X-BITRATE": (into, line, complain) => {
      const value = parseInteger(line.value);
      if (value === undefined) complain(line.line, `EXT-X-BITRATE "${line.value}" is no integer`);
      else into.next.bitrateKbit = value;
    },
    "EXT-X-PROGRAM-DATE-TIME": (into, line, complain) => {
      const ms = parseDateTime(line.value);
      if (ms === undefined) complain(line.line, `"${line.value}" is no date`);
      else into.next.programDateTimeMs = ms;
    },
    "EXT-X-KEY": readKey,
    "EXT-X-MAP": readMap,
    "EXT-X-DATERANGE": readDateRange,
    "EXT-X-DEFINE": (into, line, complain) => {
      const define = readDefine(line, complain);
      if (define === undefined) return;
      if (into.defines.some((one) => definedName(one) === definedName(define)))
        complain(line.line, `variable ${definedName(define)} is defined twice`);
      else if (into.defines.length >= MAX_VARIABLES) complain(line.line, "too many variables");
      else into.defines.push(define);
    },
    ...LOW_LATENCY_READERS,
  }),
);

function readTargetDuration(into: Gathering, line: PlaylistLine, complain: Complain): void {
  const value = parseInteger(line.value) ?? parseScaled(line.value, 1);
  if (value === undefined || value < 0) {
    complain(line.line, `EXT-X-TARGETDURATION "${line.value}" is no integer`);
    return;
  }
  if (into.hasTarget) complain(line.line, "EXT-X-TARGETDURATION is given twice");
  into.playlist.targetDurationS = value;
  into.hasTarget = true;
}

function readDuration(into: Gathering, line: PlaylistLine, complain: Complain): void {
  const comma = line.value.indexOf(",");
  const durationUs = parseScaled(line.value.slice(0, comma < 0 ? undefined : comma).trim(), 1e6);
  if (into.next.durationUs !== undefined) complain(line.line, "EXTINF twice before one URI");
  if (durationUs === undefined || durationUs < 0) {
    complain(line.line, `EXTINF "${line.value}" has no duration`);
    return;
  }
  into.next.durationUs = durationUs;
  const title = comma < 0 ? "" : line.value.slice(comma + 1).trim();
  if (title !== "") into.next.title = title;
}

/** EXT-X-START, for both kinds of playlist. */
export function readStart(line: PlaylistLine, complain: Complain): StartPoint | undefined {
  const from = attributesOf(line, complain);
  const timeOffsetUs = from.scaled("TIME-OFFSET", 1e6);
  const precise = from.yes("PRECISE");
  if (timeOffsetUs === undefined) {
    complain(line.line, "EXT-X-START without TIME-OFFSET");
    return undefined;
  }
  return precise === undefined ? { timeOffsetUs } : { timeOffsetUs, precise };
}

function readKey(into: Gathering, line: PlaylistLine, complain: Complain): void {
  const from = attributesOf(line, complain);
  if (from.text("METHOD") === "NONE") {
    into.keys = [];
    return;
  }
  const key = readSegmentKey(from, line, complain);
  if (key === undefined) return;
  // A key replaces those before it of the same KEYFORMAT; keys of several formats in a row hold together.
  const others = (into.keys ?? []).filter((old) => formatOf(old) !== formatOf(key));
  if (others.length >= MAX_KEY_FORMATS) {
    complain(line.line, "too many key formats at once");
    return;
  }
  into.keys = [...others, key];
}

/** The attributes of EXT-X-KEY and EXT-X-SESSION-KEY. */
export function readSegmentKey(
  from: AttributeReader,
  line: PlaylistLine,
  complain: Complain,
): SegmentKey | undefined {
  const method = from.word("METHOD");
  const iv = from.text("IV");
  if (method === undefined) complain(line.line, `${line.tag} without METHOD`);
  else if (iv !== undefined && !/^0[xX][0-9A-Fa-f]{1,32}$/.test(iv))
    complain(line.line, `IV "${iv}" is no 128-bit number`);
  else
    return pruned<SegmentKey>({
      method,
      uri: from.text("URI"),
      iv,
      keyFormat: from.text("KEYFORMAT"),
      keyFormatVersions: from.text("KEYFORMATVERSIONS"),
    });
  return undefined;
}

function readMap(into: Gathering, line: PlaylistLine, complain: Complain): void {
  const from = attributesOf(line, complain);
  const uri = from.text("URI");
  const rangeText = from.text("BYTERANGE");
  if (uri === undefined) {
    complain(line.line, "EXT-X-MAP without URI");
    return;
  }
  const byteRange = rangeText === undefined ? undefined : readRange(rangeText, uri, { uri, offset: 0 });
  if (rangeText !== undefined && byteRange === undefined)
    complain(line.line, `BYTERANGE "${rangeText}" cannot be read`);
  const stated = into.keys !== undefined && (into.keys.length > 0 || into.playlist.skipped !== undefined);
  into.map = pruned<SegmentMap>({ uri, byteRange, keys: stated ? into.keys : undefined });
}

function readDateRange(into: Gathering, line: PlaylistLine, complain: Complain): void {
  const from = attributesOf(line, complain);
  const id = from.text("ID");
  if (id === undefined) {
    complain(line.line, "EXT-X-DATERANGE without ID");
    return;
  }
  const range = pruned<DateRange>({
    id,
    class: from.text("CLASS"),
    startDateMs: dateOf(from.text("START-DATE")),
    cue: from.text("CUE")?.split(","),
    endDateMs: dateOf(from.text("END-DATE")),
    durationUs: from.scaled("DURATION", 1e6),
    plannedDurationUs: from.scaled("PLANNED-DURATION", 1e6),
    scte35Cmd: from.word("SCTE35-CMD"),
    scte35Out: from.word("SCTE35-OUT"),
    scte35In: from.word("SCTE35-IN"),
    endOnNext: from.yes("END-ON-NEXT") === true ? true : undefined,
    extra: undefined,
  });
  const extra = from.rest();
  into.dateRanges.push(extra.length > 0 ? { ...range, extra } : range);
}

function dateOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDateTime(text);
}
