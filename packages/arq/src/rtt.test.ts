import assert from "node:assert/strict";
import { test } from "node:test";
import { RttEstimator } from "./rtt.ts";

test("the initial values hold until the first sample replaces them", () => {
  const rtt = new RttEstimator();
  assert.deepEqual([rtt.rttUs, rtt.varianceUs, rtt.samples], [100_000, 50_000, 0]);
  rtt.add(-1);
  assert.deepEqual([rtt.rttUs, rtt.varianceUs, rtt.samples], [100_000, 50_000, 0]);
  rtt.add(20_000);
  assert.deepEqual([rtt.rttUs, rtt.varianceUs, rtt.samples], [20_000, 10_000, 1]);
});

test("further samples count an eighth, and a quarter towards the variance", () => {
  const rtt = new RttEstimator();
  rtt.add(20_000);
  rtt.add(28_000);
  // Against the estimate before the sample: 3/4 · 10,000 + 1/4 · 8000.
  assert.deepEqual([rtt.rttUs, rtt.varianceUs], [21_000, 9500]);
  rtt.add(13_000);
  assert.deepEqual([rtt.rttUs, rtt.varianceUs], [20_000, 9125]);
});

test("what the peer measured is averaged with, not replaced", () => {
  const rtt = new RttEstimator({ rttUs: 1, varianceUs: 2 });
  rtt.adopt(40_000, 4000);
  assert.deepEqual([rtt.rttUs, rtt.varianceUs, rtt.samples], [40_000, 4000, 0]);
  rtt.add(48_000);
  assert.deepEqual([rtt.rttUs, rtt.varianceUs, rtt.samples], [41_000, 5000, 1]);
});

test("even samples leave no variance", () => {
  const rtt = new RttEstimator();
  for (let i = 0; i < 200; i++) rtt.add(30_000);
  assert.ok(Math.abs(rtt.rttUs - 30_000) < 1e-6);
  assert.ok(rtt.varianceUs < 1);
});

test("no time at all is a round trip, too", () => {
  const rtt = new RttEstimator();
  rtt.add(0);
  assert.deepEqual([rtt.rttUs, rtt.varianceUs, rtt.samples], [0, 0, 1]);
});
