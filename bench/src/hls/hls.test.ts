import assert from "node:assert/strict";
import { test } from "node:test";
import { summarizeHls } from "./hls.ts";
import { readEdge } from "./latency.ts";
import type { PlayersSample } from "./players.ts";
import { hlsText, partLatencyText } from "./text.ts";

function sample(cpuSeconds: number, changes: Partial<PlayersSample> = {}): PlayersSample {
  const seen = { seconds: 10, bytes: 1e9, playlists: 3000, parts: 3100 };
  const faults = { late: 0, missed: 0, bad: 0, longestGapMs: 330, closed: 0 };
  return { ...seen, ...faults, cpuSeconds, idleLoad: 0, ...changes };
}

test("a ratio is taken within each repeat, faults are sums and worst cases", () => {
  const samples = new Map([
    [
      "millrace",
      [sample(2, { late: 3 }), sample(4, { bad: 1, closed: 1 }), sample(8, { longestGapMs: 900 })],
    ],
    ["nginx", [sample(1), sample(4), sample(2)]],
  ] as const);
  const [millrace, nginx] = summarizeHls({ streams: 1, players: 50 }, samples);
  assert.deepEqual(millrace?.ratio, { median: 2, least: 1, most: 4 });
  assert.deepEqual(millrace?.cpuPerGb, { median: 4, least: 2, most: 8 });
  assert.deepEqual([millrace?.late, millrace?.bad, millrace?.longestGapMs], [3, 2, 900]);
  assert.deepEqual([nginx?.playlistsPerSecond, nginx?.partsPerSecond], [300, 310]);
  assert.match(
    hlsText([millrace, nginx].filter((row) => row !== undefined)),
    /millrace +1 +50 +4\.000 \(2\.000…8\.000\) +2\.00 \(1\.00…4\.00\) +2\.00 \(1\.00…4\.00\) +655\.7 +40\.0 /,
  );
});

test("what the streams take without players is told apart", () => {
  const samples = new Map([
    ["millrace", [sample(3, { idleLoad: 0.1 })]],
    ["nginx", [sample(1)]],
  ] as const);
  const [millrace] = summarizeHls({ streams: 1, players: 50 }, samples);
  assert.deepEqual([millrace?.ratio.median, millrace?.servingRatio.median], [3, 2]);
  assert.equal(Math.round(millrace?.usPerRequest ?? 0), Math.round(2e6 / 6100));
});

test("without nginx there is no ratio", () => {
  const [row] = summarizeHls({ streams: 1, players: 50 }, new Map([["millrace", [sample(1)]]]));
  assert.ok(row !== undefined && Number.isNaN(row.ratio.median));
});

test("the newest part of a playlist, and which comes next", () => {
  const whole = '#EXT-X-PART:DURATION=0.3,URI="v1/part-1.m4s"\n#EXTINF:1,\nv1/1.m4s\n';
  const open =
    '#EXT-X-PART:DURATION=0.3,URI="v1/part-2.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="v1/part-3.m4s"\n';
  const text = `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n${whole}${open}`;
  assert.deepEqual(readEdge(text), { nextMsn: 8, nextPart: 1, endTicks: 3 });
  assert.equal(readEdge("#EXTM3U\n"), undefined);
});

test("latencies stand in a table", () => {
  assert.match(
    partLatencyText({ parts: 60, p50Ms: 4.21, p99Ms: 9, mostMs: 12 }),
    /60 parts +4\.2 +9\.0 +12\.0/,
  );
});
