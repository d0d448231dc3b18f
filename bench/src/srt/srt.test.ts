import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type PublisherReport } from "./publish.ts";
import type { SrtSample } from "./receive.ts";
import { receiversOn } from "./servers.ts";
import { spreadOf, summarizeSrt } from "./srt.ts";
import { publishText, spreadText, srtText } from "./text.ts";

function sample(cpuSeconds: number, changes: Partial<SrtSample> = {}): SrtSample {
  const seen = { readers: 50, seconds: 10, bytes: 5e8, leastBytes: 1e7, mostBytes: 1e7, packets: 380_000 };
  const nothing = { missing: 0, recovered: 0, lost: 0, duplicates: 0, badSyncs: 0, stalls: 0, closed: 0 };
  const times = { longestGapMs: 12, rttMs: 1, sinkCpuSeconds: 1, loadCpuSeconds: 2, otherCpuSeconds: 0.5 };
  return { ...seen, ...nothing, ...times, cpuSeconds, ...changes };
}

test("a ratio is taken within each repeat, faults are sums and worst cases", () => {
  const samples = new Map([
    ["millrace", [sample(1, { missing: 3, lost: 1 }), sample(2, { missing: 4, leastBytes: 5e6 }), sample(4)]],
    ["srt-live-transmit", [sample(4), sample(4, { longestGapMs: 900 }), sample(4)]],
  ] as const);
  const [millrace, relay] = summarizeSrt(50, samples);
  assert.deepEqual(millrace?.cpuPerGb, { median: 4, least: 2, most: 8 });
  assert.deepEqual([millrace?.missing, millrace?.lost, millrace?.leastShare], [7, 1, 0.5]);
  assert.deepEqual([millrace?.load, millrace?.peerLoad, millrace?.otherLoad], [0.2, 0.2, 0.05]);
  assert.deepEqual(relay?.millraceRatio, { median: 0.5, least: 0.25, most: 1 });
  assert.equal(relay?.longestGapMs, 900);
  const text = srtText([millrace, relay].filter((row) => row !== undefined));
  assert.match(text, /srt-live-transmit +50 +50 +8\.00 \(8\.00…8\.00\) +0\.50 \(0\.25…1\.00\)/);
});

test("without Millrace there is no ratio, and few ffmpegs stand for many", () => {
  const [row] = summarizeSrt(50, new Map([["ffmpeg", [sample(1, { readers: 10 })]]]));
  assert.ok(row !== undefined && Number.isNaN(row.millraceRatio.median));
  assert.deepEqual([row.receivers, row.measured], [50, 10]);
  assert.equal(spreadText(row.millraceRatio, 2), "-");
  assert.deepEqual(
    [receiversOn("ffmpeg", 50), receiversOn("ffmpeg", 1), receiversOn("millrace", 50)],
    [10, 1, 50],
  );
  assert.ok(Number.isNaN(spreadOf([]).least));
});

function report(changes: Partial<PublisherReport>): PublisherReport {
  const counts = { publishers: 20, closed: 0, sent: 0, lossReports: 0, reportedLost: 0, sentAgain: 0 };
  const times = { mostUnacknowledged: 4, longestAckGapMs: 12, latestMs: 2, oversleptMs: 1 };
  return { ...counts, refusedAgain: 0, blocked: 0, ...times, ...changes };
}

test("publishers without loss are good, and late ones prove nothing", () => {
  const usage = { seconds: 2, cpuSeconds: 1, loadCpuSeconds: 0.5, otherCpuSeconds: 0.2, socketDrops: 0 };
  const end = { sent: 76_000 };
  // What was lost or late before the time measured does not count.
  const first = report({ reportedLost: 3, latestMs: 500, oversleptMs: 400, longestAckGapMs: 300 });
  const cases: readonly (readonly [Partial<PublisherReport>, Partial<typeof usage>, string])[] = [
    [{ reportedLost: 3 }, {}, "good"],
    [{ reportedLost: 4 }, {}, "loss"],
    [{ reportedLost: 3 }, { socketDrops: 1 }, "loss"],
    [{ reportedLost: 3, closed: 1 }, {}, "loss"],
    // Sending again takes time.
    [{ reportedLost: 9, latestMs: 101 }, {}, "loss"],
    [{ reportedLost: 3, latestMs: 101 }, {}, "slow load"],
    [{ reportedLost: 9, oversleptMs: 21 }, {}, "slow load"],
    [{ reportedLost: 3, oversleptMs: 21 }, {}, "good"],
    [{ reportedLost: 9, blocked: 1 }, {}, "slow load"],
  ];
  for (const [changes, used, verdict] of cases)
    assert.equal(judge([first, report({ ...end, ...changes })], { ...usage, ...used }).verdict, verdict);
  const row = judge([first, report({ longestAckGapMs: 40 }), report({ ...end, reportedLost: 3 })], usage);
  assert.deepEqual(
    [row.load, row.peerLoad, row.otherLoad, row.longestAckGapMs, row.latestMs],
    [0.5, 0.25, 0.1, 40, 2],
  );
  assert.ok(Math.abs(row.cpuPerGb - 1 / (76_000 * 1316e-9)) < 1e-9);
  assert.match(
    publishText({ most: 20, isExact: true, rows: [row] }),
    /20 +good +50\.0 +25\.0 +10\.0 .*\nmost without loss: 20$/s,
  );
});
