import type { Fetch, Observation } from "../model.ts";
import { type SegmentFault, SyntheticStream } from "./synthetic-segment.ts";

const BASE = "http://127.0.0.1:8080/news/";
const START_MS = Date.UTC(2026, 10, 21, 9, 46);
export const SEGMENT_S = 2;
const WINDOW = 4;
const SEGMENTS = 9;
const FIRST = 40;

/** A presentation without a fault, for tests to break. Everything is text and bytes until `observe()`. */
export interface Draft {
  /** Of the segment with this index, from 0. */
  segmentFaults: Map<number, SegmentFault>;
  /** Lines of the segment, before its URI; index from 0. */
  segmentLines: (index: number) => string[];
  uri: (index: number) => string;
  /** Head lines of the version that begins with segment `first`. */
  head: (first: number) => string[];
  /** Applied to the whole text of each reload. */
  edit: (text: string, reload: number) => string;
  encode: (text: string) => Uint8Array;
  /** Versions served, by the index of their first segment, and when each is fetched. */
  reloads: { first: number; atMs: number; end?: boolean; status?: number; segments?: number }[];
  contentType: string;
  playlistName: string;
  segmentType: string;
  multivariant: string[] | undefined;
  /** Answers to single fetches of segments, further to the one each gets. */
  moreFetches: { index: number; atMs: number; status: number; bytes?: Uint8Array }[];
  /** A second variant with this EXT-X-TARGETDURATION, fetched once. */
  secondTarget: number | undefined;
  changeBytes: (index: number, bytes: Uint8Array) => Uint8Array;
}

export function draft(): Draft {
  return {
    segmentFaults: new Map(),
    segmentLines: (index) => [
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(START_MS + index * SEGMENT_S * 1000).toISOString()}`,
      `#EXTINF:${SEGMENT_S.toFixed(3)},`,
    ],
    uri: (index) => `${FIRST + index}.ts`,
    head: (first) => [
      "#EXTM3U",
      "#EXT-X-VERSION:3",
      `#EXT-X-TARGETDURATION:${SEGMENT_S}`,
      `#EXT-X-MEDIA-SEQUENCE:${FIRST + first}`,
    ],
    edit: (text) => text,
    encode: (text) => new TextEncoder().encode(text),
    reloads: Array.from({ length: SEGMENTS - WINDOW + 1 }, (_, i) => ({
      first: i,
      atMs: i * SEGMENT_S * 1000,
    })),
    contentType: "application/vnd.apple.mpegurl",
    playlistName: "index.m3u8",
    segmentType: "video/mp2t",
    multivariant: undefined,
    moreFetches: [],
    secondTarget: undefined,
    changeBytes: (_, bytes) => bytes,
  };
}

function fetchOf(
  path: string,
  answer: { atMs: number; bytes: Uint8Array; type: string; status?: number },
): Fetch {
  const { atMs, bytes, type, status = 200 } = answer;
  const url = new URL(path, BASE).href;
  return { url, sentMs: atMs, doneMs: atMs + 5, status, contentType: type, bytes };
}

export function observe(from: Draft): Observation {
  const reloads = from.reloads.map(({ first, atMs, end, status, segments = WINDOW }, reload) => {
    const lines = [...from.head(first)];
    for (let i = first; i < first + segments; i += 1) lines.push(...from.segmentLines(i), from.uri(i));
    if (end === true) lines.push("#EXT-X-ENDLIST");
    const bytes = from.encode(from.edit(`${lines.join("\n")}\n`, reload));
    return fetchOf(from.playlistName, { atMs, bytes, type: from.contentType, ...(status && { status }) });
  });
  const media = new SyntheticStream();
  const segments = Array.from({ length: SEGMENTS }, (_, i) => {
    const bytes = from.changeBytes(i, media.segment(SEGMENT_S, from.segmentFaults.get(i)));
    const atMs = Math.max(0, i - WINDOW + 1) * SEGMENT_S * 1000 + 20;
    return fetchOf(from.uri(i), { atMs, bytes, type: from.segmentType });
  });
  for (const { index, atMs, status, bytes } of from.moreFetches) {
    const body = bytes ?? segments[index]?.bytes ?? new Uint8Array(0);
    segments.push(fetchOf(from.uri(index), { atMs, bytes: body, type: from.segmentType, status }));
  }
  const playlists = [{ url: new URL(from.playlistName, BASE).href, reloads }];
  if (from.secondTarget !== undefined) playlists.push(secondVariant(from, from.secondTarget));
  const observation = { playlists, segments };
  if (from.multivariant === undefined) return observation;
  const bytes = new TextEncoder().encode(`${from.multivariant.join("\n")}\n`);
  const multivariant = fetchOf("master.m3u8", { atMs: 0, bytes, type: from.contentType });
  return { ...observation, multivariant };
}

function secondVariant(from: Draft, targetDuration: number): { url: string; reloads: Fetch[] } {
  const bytes = new TextEncoder().encode(`#EXTM3U\n#EXT-X-TARGETDURATION:${targetDuration}\n`);
  const fetch = fetchOf("second.m3u8", { atMs: 0, bytes, type: from.contentType });
  return { url: fetch.url, reloads: [fetch] };
}
