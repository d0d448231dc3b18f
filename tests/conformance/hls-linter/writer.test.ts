import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type MediaPlaylist,
  targetDurationFor,
  writeMediaPlaylist,
  writeMultivariantPlaylist,
} from "@millrace/playlist";
import fc from "fast-check";
import { lintObservation } from "./lint.ts";
import type { Fetch } from "./model.ts";

const TYPE = "application/vnd.apple.mpegurl";

function fetchOf(url: string, text: string, atMs: number): Fetch {
  const bytes = new TextEncoder().encode(text);
  return { url, sentMs: atMs, doneMs: atMs + 5, status: 200, contentType: TYPE, bytes };
}

/** Segments of a live stream: how long each is, and whether the timeline broke before it. */
const live = fc.array(
  fc.record({ durationUs: fc.integer({ min: 1_500_000, max: 4_400_000 }), jump: fc.nat(9) }),
  {
    minLength: 12,
    maxLength: 24,
  },
);

const WINDOW = 9;

/** The window that begins with segment `first`, as protocols/hls would describe it. */
function windowAt(all: { durationUs: number; jump: number }[], first: number): MediaPlaylist {
  let dateMs = Date.UTC(2026, 10, 21);
  const segments = all.map(({ durationUs, jump }, i) => {
    const programDateTimeMs = Math.round(dateMs);
    dateMs += durationUs / 1000;
    const discontinuity = jump === 0 ? { discontinuity: true } : {};
    return { uri: `${i}.ts?token=a%20b`, durationUs, programDateTimeMs, ...discontinuity };
  });
  return {
    targetDurationS: targetDurationFor(all),
    mediaSequence: first,
    discontinuitySequence: all.slice(0, first).filter(({ jump }) => jump === 0).length,
    segments: segments.slice(first, first + WINDOW),
  };
}

test("what @millrace/playlist writes of any live window keeps every rule", () => {
  fc.assert(
    fc.property(live, (all) => {
      const url = "http://127.0.0.1/live/index.m3u8";
      let atMs = 0;
      const reloads = Array.from({ length: all.length - WINDOW + 1 }, (_, first) => {
        atMs += targetDurationFor(all) * 1000;
        return fetchOf(url, writeMediaPlaylist(windowAt(all, first)), atMs);
      });
      const master = writeMultivariantPlaylist({
        variants: [{ uri: "index.m3u8", bandwidth: 5_000_000, codecs: ["avc1.640028", "mp4a.40.2"] }],
      });
      const multivariant = fetchOf("http://127.0.0.1/live/master.m3u8", master, 0);
      const playlists = [{ url, reloads }];
      assert.deepEqual(lintObservation({ multivariant, playlists, segments: [] }), []);
    }),
    { numRuns: 60 },
  );
});
