import assert from "node:assert/strict";
import { test } from "node:test";
import { InputRate } from "./input-rate.ts";

/** Packets of 1316 bytes every `everyUs`, from `fromUs` to before `toUs`. */
function feed(rate: InputRate, fromUs: number, toUs: number, everyUs: number): void {
  for (let at = fromUs; at < toUs; at += everyUs) rate.onPacket(1316, at);
}

test("the initial rate holds for half a second, then the measured one", () => {
  const rate = new InputRate();
  feed(rate, 7000, 507_001, 1000);
  assert.equal(rate.bytesPerSecond, 125_000_000);
  rate.onPacket(1316, 508_000);
  // 501 packets in 501 ms, headers included.
  assert.equal(rate.bytesPerSecond, 1_360_000);
});

test("a fast start ends after 2000 packets", () => {
  const rate = new InputRate(5);
  feed(rate, 0, 200_100, 100);
  assert.equal(rate.bytesPerSecond, 5);
  rate.onPacket(1316, 200_100);
  assert.equal(rate.bytesPerSecond, 13_600_000);
});

test("thereafter it is measured once a second", () => {
  const rate = new InputRate(0, 0);
  feed(rate, 0, 501_001, 1000);
  assert.equal(rate.bytesPerSecond, 1_316_000);
  // More than 2000 packets do not end a second early.
  feed(rate, 501_100, 1_501_001, 100);
  assert.equal(rate.bytesPerSecond, 1_316_000);
  rate.onPacket(1316, 1_501_100);
  assert.equal(rate.bytesPerSecond, 13_160_000);
});

test("packets given all at once divide by no time", () => {
  const rate = new InputRate(9);
  for (let i = 0; i < 5000; i++) rate.onPacket(1316, 1000);
  assert.equal(rate.bytesPerSecond, 9);
  rate.onPacket(1316, 2000);
  assert.equal(rate.bytesPerSecond, 5000 * 1360 * 1000);
});
