import assert from "node:assert/strict";
import { test } from "node:test";
import type { CmafPeriod, EventRecord, SegmentRecord } from "@millrace/cmaf";
import { CmafWindow } from "./window.ts";

function segment(msn: number, period = 1): SegmentRecord {
  const places = { track: "v1", key: `v1/${msn}.m4s`, startTicks: 0, durationTicks: 0 };
  return {
    ...places,
    msn,
    period,
    independent: true,
    wallMs: msn * 1000,
    bytes: 1,
    parts: [],
    complete: true,
  };
}

function period(id: number, firstMsn: number): CmafPeriod {
  return { id, firstMsn, startTicks: 0, utcOffsetMs: 0, tracks: [] };
}

function fill(window: CmafWindow, count: number, durationMs = 2000): void {
  for (let i = 0; i < count; i++) {
    window.add(segment(i), { durationMs, partTargetUs: 300_000, nowMs: i * durationMs });
  }
}

test("there is nothing to tell before the first segment", () => {
  const window = new CmafWindow({ segments: 4, segmentMs: 2000 });
  window.addPeriod(period(1, 0));
  assert.equal(window.presentation(), undefined);
  assert.equal(window.firstKept(0), undefined);
});

test("the target duration and the longest part are those of the first segment, for ever", () => {
  const window = new CmafWindow({ segments: 4, segmentMs: 2000 });
  window.add(segment(0), { durationMs: 3840, partTargetUs: 320_000, nowMs: 0 });
  window.add(segment(1), { durationMs: 1000, partTargetUs: 900_000, nowMs: 1000 });
  assert.equal(window.targetDurationS, 4);
  assert.equal(window.presentation()?.partTargetUs, 322_000);
  assert.equal(window.presentation()?.startedMs, 0);
});

test("the list keeps the wanted number, and three target durations", () => {
  const many = new CmafWindow({ segments: 6, segmentMs: 2000 });
  fill(many, 10);
  assert.equal(many.presentation()?.firstMsn, 4);
  const short = new CmafWindow({ segments: 3, segmentMs: 2000 });
  fill(short, 10, 1000);
  assert.equal(short.presentation()?.firstMsn, 4, "six seconds of one second each");
});

test("what left the list is kept for its own and the list's duration", () => {
  const window = new CmafWindow({ segments: 4, segmentMs: 2000 });
  fill(window, 6);
  assert.equal(window.presentation()?.firstMsn, 2);
  assert.equal(window.firstKept(10_000), 0);
  assert.equal(window.firstKept(8000 + 12_001), 1);
  assert.equal(window.firstKept(10_000 + 12_001), 2);
});

test("parts are kept for a little more than the last three target durations", () => {
  const window = new CmafWindow({ segments: 20, segmentMs: 2000 });
  fill(window, 15);
  assert.equal(window.firstWithParts, 10);
});

test("a period that left the list is counted, and goes", () => {
  const window = new CmafWindow({ segments: 3, segmentMs: 2000 });
  window.addPeriod(period(1, 0));
  for (let i = 0; i < 3; i++) {
    window.add(segment(i), { durationMs: 2000, partTargetUs: 300_000, nowMs: i * 2000 });
  }
  window.addPeriod(period(2, 3));
  for (let i = 3; i < 6; i++) {
    window.add(segment(i, 2), { durationMs: 2000, partTargetUs: 300_000, nowMs: i * 2000 });
  }
  const after = window.presentation();
  assert.deepEqual([after?.firstMsn, after?.discontinuitySequence], [3, 1]);
  assert.deepEqual(
    after?.periods.map(({ id }) => id),
    [2],
  );
});

test("metadata go with what they belong to, splices stay for an hour, and there are never too many", () => {
  const window = new CmafWindow({ segments: 3, segmentMs: 2000 });
  window.addPeriod(period(1, 0));
  const base = { startTicks: 0, sourceTicks: 0, period: 1, data: new Uint8Array() };
  const add = (id: number, scheme: EventRecord["scheme"], wallMs: number): void =>
    window.addEvent({ ...base, id, scheme, wallMs });
  const now = segment(0).wallMs;
  add(1, "scte35", now - 3_500_000);
  add(2, "scte35", now - 3_700_000);
  add(3, "id3", now - 1);
  add(4, "id3", now + 1);
  const ids = (): (number | undefined)[] | undefined => window.presentation()?.events.map(({ id }) => id);
  window.add(segment(0), { durationMs: 2000, partTargetUs: 300_000, nowMs: 0 });
  assert.deepEqual(ids(), [1, 4]);
  for (let i = 0; i < 1000; i++) add(10 + i, "scte35", now);
  window.add(segment(1), { durationMs: 2000, partTargetUs: 300_000, nowMs: 2000 });
  assert.deepEqual([ids()?.length, ids()?.at(-1)], [256, 1009]);
});
