import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaySample } from "./play.ts";
import { type FeederReport, judgeRtmp, type PublishUsage } from "./publish.ts";
import { summarizeRtmp } from "./rtmp.ts";
import { rtmpPublishText, rtmpText } from "./text.ts";

function sample(cpuSeconds: number, changes: Partial<PlaySample> = {}): PlaySample {
  const seen = { readers: 50, seconds: 10, bytes: 2.5e8, leastBytes: 5e6, messages: 36_000 };
  const nothing = { missing: 0, missingDisposable: 0, disordered: 0, badLengths: 0, stalls: 0, closed: 0 };
  const times = { longestGapMs: 40, delayMs: 2, p50Ms: 1, p99Ms: 9, longestDelayMs: 20, sinkCpuSeconds: 1 };
  const used = { cpuSeconds, residentBytes: 100 << 20, loadCpuSeconds: 2, otherCpuSeconds: 0.5 };
  return { ...seen, ...nothing, ...times, ...used, ...changes };
}

test("ratios are taken to nginx-rtmp's RTMP within each repeat, faults are sums and worst cases", () => {
  const rows = summarizeRtmp(50, [
    {
      server: "millrace",
      transport: "rtmp",
      list: [
        sample(1, { missing: 3, disordered: 1 }),
        sample(2, { leastBytes: 25e5, badLengths: 1 }),
        sample(4),
      ],
    },
    { server: "millrace", transport: "http-flv", list: [sample(2), sample(2), undefined] },
    {
      server: "nginx-rtmp",
      transport: "rtmp",
      list: [sample(2), sample(2, { longestDelayMs: 900, otherCpuSeconds: 3 }), sample(2)],
    },
  ]);
  const [rtmp, flv, nginx] = rows;
  assert.deepEqual(rtmp?.cpuPerGb, { median: 8, least: 4, most: 16 });
  assert.deepEqual(rtmp?.nginxRatio, { median: 1, least: 0.5, most: 2 });
  assert.deepEqual([rtmp?.missing, rtmp?.damaged, rtmp?.leastShare, rtmp?.load], [3, 2, 0.5, 0.2]);
  assert.deepEqual([flv?.nginxRatio.median, flv?.failures], [1, 1]);
  assert.deepEqual([nginx?.nginxRatio.median, nginx?.longestDelayMs, nginx?.otherLoad], [1, 900, 0.3]);
  assert.match(rtmpText(rows), /millrace +rtmp +50 +8\.00 \(4\.00…16\.00\) +1\.00 \(0\.50…2\.00\)/);
});

test("without nginx there is no ratio, and a server that served nobody has no figures", () => {
  const rows = summarizeRtmp(50, [
    { server: "millrace", transport: "rtmp", list: [sample(1)] },
    { server: "node-media-server", transport: "rtmp", list: [undefined] },
  ]);
  assert.ok(Number.isNaN(rows[0]?.nginxRatio.median));
  assert.match(rtmpText(rows), /node-media-server +rtmp +50 +- +- +- .* 1$/m);
});

function report(changes: Partial<FeederReport>): FeederReport {
  return { publishers: 25, closed: 0, messages: 0, bytes: 0, latestMs: 0, oversleptMs: 1, ...changes };
}

test("publishers that wait are behind, and those that were not woken prove nothing", () => {
  const usage: PublishUsage = {
    seconds: 2,
    cpuSeconds: 1,
    loadCpuSeconds: 0.5,
    otherCpuSeconds: 0.2,
    residentBytes: 1 << 20,
    waitingMs: 20,
  };
  // What was late before the time measured does not count.
  const first = report({ bytes: 1e6, latestMs: 900, oversleptMs: 900 });
  const cases: readonly (readonly [Partial<FeederReport>, Partial<PublishUsage>, string])[] = [
    [{}, {}, "good"],
    [{ latestMs: 501 }, {}, "behind"],
    [{}, { waitingMs: 501 }, "behind"],
    [{ closed: 1 }, {}, "behind"],
    [{ latestMs: 501, oversleptMs: 101 }, {}, "slow load"],
    [{ oversleptMs: 101 }, {}, "good"],
  ];
  for (const [changes, used, verdict] of cases) {
    const reports = [first, report(changes), report({ bytes: 26e6, closed: changes.closed ?? 0 })];
    assert.equal(judgeRtmp(reports, { ...usage, ...used }).verdict, verdict);
  }
  const row = judgeRtmp([first, report({ latestMs: 7 }), report({ bytes: 26e6 })], usage);
  assert.deepEqual(
    [row.load, row.peerLoad, row.otherLoad, row.cpuPerGb, row.latestMs],
    [0.5, 0.25, 0.1, 40, 7],
  );
  const results = [
    { server: "millrace", most: 25, isExact: true, rows: [row] },
    { server: "nginx-rtmp", most: 50, isExact: false, rows: [] },
  ];
  assert.match(
    rtmpPublishText(results),
    /millrace +25 +good .*millrace: .*: 25\nnginx-rtmp: .*: 50 at least/s,
  );
});
