import type { Fetch, PlaylistView, Report, Rule, StreamView } from "../model.ts";
import { lengthOf } from "../scan.ts";

const isOk = (fetch: Fetch): boolean => fetch.status === 200 || fetch.status === 206;
const mediaTypeOf = (fetch: Fetch): string =>
  (fetch.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
const PLAYLIST_TYPES = ["application/vnd.apple.mpegurl", "audio/mpegurl"];

/** How playlists and segments are handed out. */
export const httpRules: readonly Rule[] = [
  {
    id: "http.playlist",
    clause: "RFC 8216 §6.2.1",
    level: "must",
    doc: "The playlist can be fetched, at any time.",
    on: "stream",
    check({ fetches }, report) {
      for (const fetch of fetches) if (!isOk(fetch)) report(fetch.url, `answered with ${fetch.status}`);
    },
  },
  {
    id: "http.playlist-name",
    clause: "RFC 8216 §4",
    level: "must",
    doc: "A playlist is known by .m3u8 or .m3u at the end of its path, or by its Content-Type.",
    on: "text",
    check({ fetch }, report) {
      const named = /\.m3u8?$/.test(URL.parse(fetch.url)?.pathname ?? "");
      if (!named && !PLAYLIST_TYPES.includes(mediaTypeOf(fetch)))
        report(fetch.url, "neither the one nor the other");
    },
  },
  {
    id: "http.playlist-type",
    clause: "RFC 8216 §4",
    level: "should",
    doc: "The Content-Type of a playlist is application/vnd.apple.mpegurl or audio/mpegurl.",
    on: "text",
    check({ fetch }, report) {
      if (!PLAYLIST_TYPES.includes(mediaTypeOf(fetch))) report(fetch.url, `is "${fetch.contentType ?? ""}"`);
    },
  },
  {
    id: "http.segment-type",
    clause: "RFC 8216 §3.2, RFC 3555 §4.2.9",
    level: "should",
    doc: "The Content-Type of a TS segment is video/mp2t.",
    on: "segment",
    check({ fetch, listed }, report) {
      if (mediaTypeOf(fetch) !== "video/mp2t") report(`"${listed.uri}"`, `is "${fetch.contentType ?? ""}"`);
    },
  },
  {
    id: "http.segment",
    clause: "RFC 8216 §6.2.1",
    level: "must",
    doc: "Every segment that is listed can be fetched.",
    on: "stream",
    check: (stream, report) => checkAvailable(stream, "listed", report),
  },
  {
    id: "http.segment-kept",
    clause: "RFC 8216 §6.2.2",
    level: "must",
    doc: "A segment that was removed can be fetched for its own duration and that of the longest playlist with it.",
    on: "stream",
    check: (stream, report) => checkAvailable(stream, "removed", report),
  },
  {
    id: "http.same-bytes",
    clause: "RFC 8216 §6.2.1",
    level: "must",
    doc: "A URI always gives the same segment.",
    on: "stream",
    check({ reloads, segmentFetches }, report) {
      for (const url of listedUrls(reloads).keys()) {
        const [first, ...others] = (segmentFetches.get(url) ?? []).filter(isOk);
        if (first === undefined) continue;
        for (const other of others)
          if (Buffer.compare(first.bytes, other.bytes) !== 0) report(url, "two fetches gave different bytes");
      }
    },
  },
];

interface Listing {
  /** Start of the last fetch whose playlist had the segment: it was listed then or later. Milliseconds. */
  lastMs: number;
  /** Milliseconds. */
  keepMs: number;
}

function listedUrls(reloads: readonly PlaylistView[]): Map<string, Listing> {
  const found = new Map<string, Listing>();
  for (const playlist of reloads) {
    const lengthMs = lengthOf(playlist) * 1000;
    for (const { url, duration = 0, tags } of playlist.segments) {
      if (url === undefined || tags.some((line) => line.tag === "EXT-X-GAP")) continue;
      const keepMs = Math.max(found.get(url)?.keepMs ?? 0, lengthMs + duration * 1000);
      found.set(url, { lastMs: playlist.fetch.sentMs, keepMs });
    }
  }
  return found;
}

function checkAvailable(stream: StreamView, when: "listed" | "removed", report: Report): void {
  for (const [url, { lastMs, keepMs }] of listedUrls(stream.reloads))
    for (const fetch of stream.segmentFetches.get(url) ?? []) {
      if (isOk(fetch)) continue;
      const afterMs = fetch.doneMs - lastMs;
      if (when === "listed" && afterMs <= 0) report(url, `answered with ${fetch.status} while it was listed`);
      if (when === "removed" && afterMs > 0 && afterMs <= keepMs)
        report(
          url,
          `answered with ${fetch.status}, ${(afterMs / 1000).toFixed(1)} s after it was last listed`,
        );
    }
}
