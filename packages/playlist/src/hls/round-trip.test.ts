import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { mediaPlaylist, multivariantPlaylist } from "../testing/arbitrary.ts";
import type { Part } from "./low-latency.ts";
import type { MediaPlaylist, MediaSegment } from "./media-playlist.ts";
import { parsePlaylist } from "./parse.ts";
import { parseMediaPlaylist } from "./parse-media.ts";
import { parseMultivariantPlaylist } from "./parse-multivariant.ts";
import { writeMediaPlaylist } from "./write-media.ts";
import { writeMultivariantPlaylist } from "./write-multivariant.ts";

/** The part of m3u8-parser's answer that is compared. It carries no types. */
interface OracleManifest {
  endList?: boolean;
  mediaSequence?: number;
  discontinuitySequence?: number;
  targetDuration?: number;
  playlistType?: string;
  playlists?: { uri: string; attributes?: Record<string, unknown> }[];
  segments: {
    uri: string;
    duration: number;
    title?: string;
    discontinuity?: boolean;
    programDateTime?: number;
    dateTimeString?: string;
    byterange?: { length: number; offset: number };
    map?: { uri: string };
    key?: { method: string; uri: string };
    parts?: OraclePart[];
  }[];
  serverControl?: Record<string, unknown>;
  partInf?: { partTarget: number };
  skip?: { skippedSegments: number; recentlyRemovedDateranges?: string[] };
  renditionReports?: { uri: string; lastMsn?: number; lastPart?: number }[];
  preloadSegment?: { parts?: OraclePart[]; preloadHints?: { type: string; uri: string }[] };
}
interface OraclePart {
  uri: string;
  duration: number;
  independent?: boolean;
  gap?: boolean;
  byterange?: { length: number; offset: number };
}
interface OracleParser {
  manifest: OracleManifest;
  push(text: string): void;
  end(): void;
}
const { Parser } = createRequire(import.meta.url)("m3u8-parser") as { Parser: new () => OracleParser };

function readByOracle(text: string): OracleManifest {
  const parser = new Parser();
  parser.push(text);
  parser.end();
  return parser.manifest;
}

const SHARED = join(import.meta.dirname, "../../../../../shared/media/hls");

/** Every playlist of the shared captures. */
function sharedPlaylists(): { name: string; text: string }[] {
  return readdirSync(SHARED, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".m3u8"))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(SHARED, name), "utf8") }))
    .filter(({ text }) => text.length < 100_000);
}

test("any media playlist reads as it was written", () => {
  fc.assert(
    fc.property(mediaPlaylist, (playlist) => {
      const again = parseMediaPlaylist(writeMediaPlaylist(playlist), []);
      if (playlist.segments.length > 0) assert.deepEqual(again, playlist);
      // Without segments the two places of date ranges and tags are one.
      else assert.equal(writeMediaPlaylist(again), writeMediaPlaylist(playlist));
    }),
    { numRuns: 300 },
  );
});

test("any multivariant playlist reads as it was written", () => {
  fc.assert(
    fc.property(multivariantPlaylist, (playlist) => {
      assert.deepEqual(parseMultivariantPlaylist(writeMultivariantPlaylist(playlist)), playlist);
    }),
    { numRuns: 200 },
  );
});

function plainParts(parts: readonly Part[]): Part[] {
  return parts.map(({ extra: _extra, ...part }, i) => ({ ...part, uri: `part${i}` }));
}

test("m3u8-parser reads what is written as it was meant", () => {
  const plain = mediaPlaylist.map((playlist) => ({
    ...playlist,
    // It fails on date ranges that update another one.
    dateRanges: [],
    // Its attribute lists end at odd characters, within quotes too.
    ...(playlist.parts && { parts: plainParts(playlist.parts) }),
    ...(playlist.renditionReports && {
      renditionReports: playlist.renditionReports.map(({ extra: _extra, ...one }, i) => ({
        ...one,
        uri: `${i}`,
      })),
    }),
    preloadHints: [],
    segments: playlist.segments.map(
      ({ keys: _keys, map: _map, tags: _tags, dateRanges: _ranges, ...one }) => ({
        ...one,
        // It reads a duration of zero as absent.
        durationUs: Math.max(1000, one.durationUs),
        ...(one.parts && { parts: plainParts(one.parts) }),
      }),
    ),
  }));
  fc.assert(
    fc.property(plain, (playlist) => compare(playlist, readByOracle(writeMediaPlaylist(playlist)))),
    { numRuns: 100 },
  );
});

function compare(playlist: MediaPlaylist, oracle: OracleManifest): void {
  assert.equal(oracle.segments.length, playlist.segments.length);
  if (playlist.segments.length === 0) return;
  assert.equal(oracle.mediaSequence ?? 0, playlist.mediaSequence ?? 0);
  assert.equal(oracle.discontinuitySequence ?? 0, playlist.discontinuitySequence ?? 0);
  assert.equal(oracle.endList === true, playlist.endlist === true);
  if (playlist.partTargetUs !== undefined)
    assert.equal(usOf(oracle.partInf?.partTarget), playlist.partTargetUs);
  assert.equal(oracle.skip?.skippedSegments, playlist.skipped?.segments);
  // It raises a hold-back that is too short.
  const { canBlockReload, canSkipUntilUs } = playlist.serverControl ?? {};
  assert.equal(oracle.serverControl?.["canBlockReload"] === true, canBlockReload === true);
  if (canSkipUntilUs) assert.equal(usOf(oracle.serverControl?.["canSkipUntil"]), canSkipUntilUs);
  compareParts(playlist.parts, oracle.preloadSegment?.parts, "the pending segment");
  assert.deepEqual(
    oracle.renditionReports?.map((one) => [one.uri, one.lastMsn, one.lastPart]) ?? [],
    playlist.renditionReports?.map((one) => [one.uri, one.lastMsn, one.lastPart]) ?? [],
  );
  for (const [i, segment] of playlist.segments.entries()) compareSegment(segment, oracle.segments[i], i);
}

function compareSegment(segment: MediaSegment, oracle: OracleManifest["segments"][0] | undefined, i: number) {
  assert.ok(oracle !== undefined);
  const where = `segment ${i}`;
  assert.equal(oracle.uri, segment.uri, where);
  if (segment.durationUs > 0) assert.equal(Math.round(oracle.duration * 1e6), segment.durationUs, where);
  assert.equal(oracle.discontinuity === true, segment.discontinuity === true, where);
  if (segment.programDateTimeMs !== undefined && oracle.dateTimeString !== undefined)
    assert.equal(Date.parse(oracle.dateTimeString), segment.programDateTimeMs, where);
  assert.equal(oracle.byterange?.length, segment.byteRange?.length, where);
  assert.equal(oracle.byterange?.offset, segment.byteRange?.offset, where);
  if (segment.map !== undefined) assert.equal(oracle.map?.uri, segment.map.uri, where);
  compareParts(segment.parts, oracle.parts, where);
}

function usOf(seconds: unknown): number | undefined {
  return typeof seconds === "number" ? Math.round(seconds * 1e6) : undefined;
}

function compareParts(
  parts: readonly Part[] | undefined,
  oracle: OraclePart[] | undefined,
  where: string,
): void {
  assert.equal(oracle?.length ?? 0, parts?.length ?? 0, where);
  for (const [i, part] of (parts ?? []).entries()) {
    const other = oracle?.[i];
    assert.equal(other?.uri, part.uri, where);
    assert.equal(usOf(other?.duration), part.durationUs, where);
    assert.equal(other?.independent === true, part.independent === true, where);
    assert.equal(other?.gap === true, part.gap === true, where);
    if (part.byteRange !== undefined)
      assert.deepEqual(
        [other?.byterange?.length, other?.byterange?.offset],
        [part.byteRange.length, part.byteRange.offset],
      );
  }
}

/** Playlists that break the standard in ways the two readers repair differently. */
const READ_OTHERWISE = new Set([
  // A BYTERANGE without offset whose segment before is another resource, or has none: not allowed (§4.3.2.2).
  "playlists-m3u8-parser/byteRange.m3u8",
  "playlists-m3u8-parser/llhls-byte-range.m3u8",
  // A negative EXT-X-MEDIA-SEQUENCE is no decimal-integer.
  "playlists-m3u8-parser/negativeMediaSequence.m3u8",
]);

function differenceTo(oracle: OracleManifest, playlist: MediaPlaylist): string | undefined {
  try {
    compare(playlist, oracle);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

test("real playlists are read as m3u8-parser reads them, and survive being written", (t) => {
  if (!existsSync(SHARED)) {
    t.skip(`shared media missing: ${SHARED}`);
    return;
  }
  let compared = 0;
  for (const { name, text } of sharedPlaylists()) {
    const headed = text.split("\n").find((line) => line.trim() !== "" && !/^#(?!EXT)/.test(line)) ?? "";
    if (!/^\uFEFF?\s*#EXTM3U/.test(headed)) {
      assert.throws(() => parsePlaylist(text), { code: "playlist.not-hls" }, name);
      continue;
    }
    const parsed = parsePlaylist(text);
    const oracle = readByOracle(text);
    if (parsed.kind === "multivariant") {
      assert.deepEqual(
        parsed.playlist.variants.map((one) => [one.uri, one.bandwidth]),
        oracle.playlists?.map((one) => [one.uri, one.attributes?.["BANDWIDTH"] ?? 0]) ?? [],
        name,
      );
      const again = parseMultivariantPlaylist(
        writeMultivariantPlaylist({ ...parsed.playlist, version: parsed.playlist.version ?? 1 }),
      );
      assert.deepEqual(again, { ...parsed.playlist, version: parsed.playlist.version ?? 1 }, name);
    } else {
      const difference = differenceTo(oracle, parsed.playlist);
      assert.equal(difference !== undefined, READ_OTHERWISE.has(name), `${name}: ${difference}`);
      const version = parsed.playlist.version ?? 1;
      const again = parseMediaPlaylist(writeMediaPlaylist({ ...parsed.playlist, version }));
      assert.deepEqual(again, { ...parsed.playlist, version }, name);
    }
    compared += 1;
  }
  assert.ok(compared > 90, `${compared} playlists compared`);
});
