import assert from "node:assert/strict";
import { test } from "node:test";
import { type GroupReport, judgeMixed, type MixedRun, type MixedSample, slopeAfterWarmUp } from "./judge.ts";
import { groupsText, minuteLine } from "./text.ts";
import { readEnd } from "./viewers.ts";

const bounds = { mbPerMinute: 2, loopP99Ms: 100, stalls: 0, failedComings: 0.01 };

function sample(seconds: number, changes: Partial<MixedSample> = {}): MixedSample {
  const memory = { rssMb: 200, heapMb: 30, arenaMb: 60 };
  const times = { loopP99Ms: 5, requestP99Ms: 9, load: 0.5, otherLoad: 0.2, waitShare: 0.05, sessions: 300 };
  return { seconds, ...memory, ...times, ...changes };
}

const samplesOf = (changes: (seconds: number) => Partial<MixedSample>): MixedSample[] =>
  Array.from({ length: 130 }, (_, i) => sample(i * 5, changes(i * 5)));

const group: GroupReport = {
  name: "rtmp",
  readers: 50,
  bytes: 1e9,
  stalls: 0,
  longestGapMs: 90,
  closed: 0,
  bad: 0,
};

function run(changes: Partial<MixedRun>): MixedRun {
  const counts = { comings: 1000, failedComings: 10, failures: 3, switches: 3 };
  return { samples: samplesOf(() => ({})), groups: [group], broken: [], ...counts, ...changes };
}

test("what breaks its bound is named, and nothing else", () => {
  const late = samplesOf(() => ({ loopP99Ms: 101 }));
  const busy = samplesOf(() => ({ loopP99Ms: 101, waitShare: 0.3 }));
  const growing = samplesOf((seconds) => ({ rssMb: 200 + seconds / 20 }));
  const warming = samplesOf((seconds) => ({ rssMb: 200 + Math.min(seconds, 60) * 5 }));
  const cases: readonly (readonly [Partial<MixedRun>, RegExp | undefined])[] = [
    [{}, undefined],
    [{ groups: [{ ...group, stalls: 1 }] }, /^rtmp: stalls: 1, not 0$/],
    [{ groups: [{ ...group, closed: 2 }] }, /closed: 2/],
    [{ groups: [{ ...group, bad: 7 }] }, /missing or damaged: 7/],
    [{ groups: [{ ...group, bytes: 0 }] }, /rtmp: got nothing/],
    [{ broken: ["srt: gone"] }, /ended early: srt: gone/],
    [{ samples: [] }, /nothing was measured/],
    [{ failedComings: 11 }, /11 of 1000/],
    [{ switches: 2 }, /2 switches for 3 failures/],
    [{ samples: late }, /event-loop delay: 101 ms/],
    [{ samples: busy }, undefined],
    [{ samples: growing.slice(0, 110) }, undefined],
    [{ samples: growing }, /memory grows by 3\.00 MB a minute/],
    [{ samples: warming }, undefined],
  ];
  for (const [changes, expected] of cases) {
    const failures = judgeMixed(run(changes), bounds);
    if (expected === undefined) assert.deepEqual(failures, []);
    else {
      assert.equal(failures.length, 1, failures.join("; "));
      assert.match(failures[0] ?? "", expected);
    }
  }
});

test("a slope needs two minutes after the warm-up", () => {
  const few = samplesOf((seconds) => ({ rssMb: seconds })).filter((it) => it.seconds < 200);
  assert.equal(
    slopeAfterWarmUp(few, (it) => it.rssMb),
    undefined,
  );
});

test("each kind of viewers tells its end in its own words", () => {
  const cases: readonly (readonly [object, number])[] = [
    [{ badSyncs: 2 }, 2],
    [{ missing: 3, badLengths: 1, disordered: 1 }, 5],
    // What SRT brought again is not missing.
    [{ missing: 9, recovered: 8, lost: 1, badSyncs: 0 }, 1],
    [{}, 0],
  ];
  for (const [end, bad] of cases) {
    const text = JSON.stringify({ event: "end", readers: 2, bytes: 5, ...end });
    assert.equal(readEnd("x", text).bad, bad);
  }
});

test("a minute's line has the middle of its looks and the worst of its delays", () => {
  const looks = [sample(5, { rssMb: 100, loopP99Ms: 90 }), sample(10), sample(15, { rssMb: 900 })];
  assert.match(
    minuteLine(1, looks, { comings: 600, failures: 2 }),
    /^ +1 +200 +30 +60 +90 +9 +50 +20 +5 +300 +600 +2$/,
  );
  assert.match(groupsText([group]), /rtmp +50 +1\.00 +0 +90 +0 +0$/m);
});
