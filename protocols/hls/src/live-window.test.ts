import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveWindow } from "./live-window.ts";
import type { Segment } from "./segment.ts";

const START_MS = Date.UTC(2030, 0, 1);

function make(options: { segments?: number; segmentMs?: number } = {}) {
  const window = new LiveWindow({ segments: 4, segmentMs: 2000, firstSequence: 100, ...options });
  const state = { nowMs: START_MS, count: 0 };
  const add = (durationMs: number, more: { discontinuity?: boolean; driftMs?: number } = {}): Segment => {
    const segment = {
      uri: `${window.nextSequence}.ts`,
      startTicks: state.nowMs * 90,
      durationTicks: durationMs * 90,
      discontinuity: more.discontinuity ?? false,
      wallMs: state.nowMs + (more.driftMs ?? 0),
      head: new Uint8Array(0),
      spans: [],
      bytes: 0,
    };
    state.nowMs += durationMs;
    window.add(segment, state.nowMs);
    return segment;
  };
  const value = (tag: string) => new RegExp(`^#EXT-X-${tag}:(.*)$`, "m").exec(window.text())?.[1];
  const uris = () => window.text().match(/^\d+\.ts$/gm) ?? [];
  const dates = () =>
    [...window.text().matchAll(/^#EXT-X-PROGRAM-DATE-TIME:(.*)$/gm)].map((match) =>
      Date.parse(match[1] as string),
    );
  return { window, state, add, value, uris, dates };
}

for (const [segmentMs, firstMs, wanted] of [
  [2000, 2000, 2],
  [2000, 2240, 2],
  [2000, 2260, 3],
  [2000, 5000, 5],
  [6000, 1000, 6],
  [1000, 40, 1],
] as const) {
  test(`wanted ${segmentMs} ms, first segment ${firstMs} ms: target duration ${wanted} s, for good`, () => {
    const { add, value, window } = make({ segmentMs });
    add(firstMs);
    assert.equal(value("TARGETDURATION"), String(wanted));
    add(1000);
    assert.equal(value("TARGETDURATION"), String(wanted));
    assert.equal(window.targetDurationS, wanted);
  });
}

test("the wanted number is listed, and numbers go on", () => {
  const { add, value, uris } = make();
  for (let i = 0; i < 7; i++) add(2000);
  assert.deepEqual(uris(), ["103.ts", "104.ts", "105.ts", "106.ts"]);
  assert.equal(value("MEDIA-SEQUENCE"), "103");
});

test("never less than three target durations (§6.2.2), however short the segments", () => {
  const { add, uris } = make();
  add(2000);
  for (let i = 0; i < 30; i++) {
    add(500);
    const listed = uris().length;
    assert.ok(listed * 500 >= Math.min(6000, (i + 1) * 500), `${listed} listed`);
  }
  assert.equal(uris().length, 12);
});

test("a discontinuity counts once it has left (§4.3.3.3)", () => {
  const { add, value } = make();
  add(2000);
  add(2000, { discontinuity: true });
  const numbers = Array.from({ length: 8 }, () => {
    add(2000);
    return [value("DISCONTINUITY-SEQUENCE") ?? "0", value("MEDIA-SEQUENCE")];
  });
  assert.deepEqual(numbers.slice(0, 5), [
    ["0", "100"],
    ["0", "100"],
    ["0", "101"],
    ["1", "102"],
    ["1", "103"],
  ]);
});

test("what left the playlist is served for its own and the longest playlist's duration more", () => {
  const { add, state, window } = make();
  const first = add(2000);
  for (let i = 0; i < 3; i++) add(2000);
  window.servedMs = state.nowMs;
  add(2000);
  // Listed up to then were four segments of two seconds; a client may have learned of them just before.
  const untilMs = window.servedMs + 2000 + 8000;
  assert.deepEqual(window.expired(untilMs - 1), []);
  assert.ok(window.all().includes(first));
  assert.deepEqual(window.expired(untilMs), [first]);
  assert.ok(!window.all().includes(first));
});

test("what no client can know of goes at once", () => {
  const { add, state, window } = make();
  window.servedMs = START_MS - 1;
  const first = add(2000);
  for (let i = 0; i < 4; i++) add(2000);
  assert.deepEqual(window.expired(state.nowMs), [first]);
});

test("nothing is lost sight of: a segment is listed, leaving or expired", () => {
  const { add, state, window } = make();
  const added = new Set<Segment>();
  const gone = new Set<Segment>();
  for (let i = 0; i < 50; i++) {
    if (i % 7 === 0) window.servedMs = state.nowMs;
    added.add(add(1000 + (i % 3) * 500));
    for (const segment of window.expired(state.nowMs)) {
      assert.ok(!gone.has(segment), "once only");
      gone.add(segment);
    }
    assert.equal(gone.size + window.all().length, added.size);
  }
  assert.ok(gone.size > 20);
});

test("program date-time follows the durations, and the wall clock slowly", () => {
  const { add, dates } = make({ segments: 10 });
  for (const driftMs of [0, 300, 300, -300, 0]) add(2000, { driftMs });
  const [first = 0, ...rest] = dates();
  assert.equal(first, START_MS);
  const steps = rest.map((date, i) => date - (dates()[i] as number));
  assert.deepEqual(steps, [2010, 2010, 1990, 1990]);
});

test("a discontinuity takes the wall clock's time as it is", () => {
  const { add, dates } = make();
  add(2000);
  add(2000, { driftMs: 5000, discontinuity: true });
  assert.deepEqual(dates(), [START_MS, START_MS + 7000]);
});
