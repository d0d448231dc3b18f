import assert from "node:assert/strict";
import { test } from "node:test";
import { deltaOf, type MediaPlaylist, type Part, writeMediaPlaylist } from "@millrace/playlist";
import fc from "fast-check";
import type { Fetch } from "../hls-linter/model.ts";
import { lintLowLatency } from "./lint.ts";

const URL = "http://127.0.0.1/live/index.m3u8";
const PART_US = 500_000;
const TARGET_S = 2;

/** Durations of all parts of each segment: full ones, and a last one that is as long as it comes. */
const segment = fc
  .record({ full: fc.integer({ min: 1, max: 3 }), lastUs: fc.integer({ min: 20_000, max: PART_US }) })
  .map(({ full, lastUs }) => [...Array.from({ length: full }, () => PART_US), lastUs]);

function partsOf(number: number, durations: readonly number[]): Part[] {
  return durations.map((durationUs, i) => ({
    uri: `${number}.${i}.m4s`,
    durationUs,
    ...(i === 0 && { independent: true }),
  }));
}

/** The playlist when the last segment has `open` parts. */
function playlistAt(all: readonly (readonly number[])[], at: { readonly open: number }): MediaPlaylist {
  const complete = all.slice(0, -1);
  return {
    targetDurationS: TARGET_S,
    independentSegments: true,
    serverControl: { canBlockReload: true, canSkipUntilUs: 12_000_000, partHoldBackUs: 3 * PART_US },
    partTargetUs: PART_US,
    segments: complete.map((durations, i) => ({
      uri: `${i}.m4s`,
      durationUs: durations.reduce((sum, one) => sum + one, 0),
      map: { uri: "init.mp4" },
      ...(i >= complete.length - 2 && { parts: partsOf(i, durations) }),
    })),
    ...(at.open > 0 && { parts: partsOf(complete.length, all.at(-1) ?? []).slice(0, at.open) }),
    preloadHints: [{ type: "PART", uri: `${complete.length}.${at.open}.m4s` }],
  };
}

test("what @millrace/playlist writes of any low-latency window keeps every rule, delta updates included", () => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 8, maxLength: 20 }), (all) => {
      const last = all.at(-1) ?? [];
      const answers = last.map((_, open): Fetch => {
        const playlist = playlistAt(all, { open });
        const isDelta = open === last.length - 1;
        const text = writeMediaPlaylist(isDelta ? deltaOf(playlist) : playlist);
        const sentMs = open * 500;
        return {
          url: isDelta ? `${URL}?_HLS_skip=YES` : URL,
          sentMs,
          doneMs: sentMs + 5,
          status: 200,
          bytes: new TextEncoder().encode(text),
        };
      });
      assert.deepEqual(lintLowLatency({ streams: [{ url: URL, answers }], parts: [] }), []);
    }),
    { numRuns: 60 },
  );
});
