import assert from "node:assert/strict";
import { test } from "node:test";
import { RateMeter } from "./rate-meter.ts";

test("an even stream has its rate from the first second on", () => {
  const meter = new RateMeter();
  assert.equal(meter.bitsPerSecond(0), 0);
  for (let i = 0; i < 5000; i++) {
    const nowUs = 123_456 + i * 1000;
    meter.add(125, nowUs);
    // Within a packet and a half.
    if (i < 100) continue;
    const off = Math.abs(meter.bitsPerSecond(nowUs) - 1e6);
    assert.ok(off <= 1.5e6 / Math.min(i, 1000), `${off} after ${i} ms`);
  }
});

test("the first packet counts over 100 ms", () => {
  const meter = new RateMeter();
  meter.add(1000, 5_000_050);
  assert.equal(meter.bitsPerSecond(5_000_050), 80_000);
});

test("a burst counts for a second, and leaves little by little", () => {
  const meter = new RateMeter();
  meter.add(0, 0);
  meter.add(1000, 2_010_000);
  for (const [atUs, bits] of [
    [2_010_000, 8000],
    [2_999_999, 8000],
    [3_000_000, 8000],
    [3_025_000, 6000],
    [3_075_000, 2000],
    [3_100_000, 0],
    [9_000_000, 0],
  ] as const) {
    assert.equal(meter.bitsPerSecond(atUs), bits, `at ${atUs}`);
  }
});

test("after a long silence only what is new counts", () => {
  const meter = new RateMeter();
  for (let i = 0; i < 1000; i++) meter.add(1000, i * 1000);
  meter.add(500, 60_000_000);
  assert.equal(meter.bitsPerSecond(60_000_000), 4000);
});

test("a time that lies back counts as the newest", () => {
  const meter = new RateMeter();
  meter.add(1000, 5_000_000);
  meter.add(1000, 4_000_000);
  assert.equal(meter.bitsPerSecond(6_000_000), 16_000);
});
