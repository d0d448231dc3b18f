import assert from "node:assert/strict";
import { test } from "node:test";
import { JitterEstimator } from "./jitter.ts";

test("an even stream has no jitter", () => {
  const jitter = new JitterEstimator(90_000);
  for (let i = 0; i < 50; i++) jitter.push((0xffffff00 + i * 900) >>> 0, i * 10_000_000);
  assert.equal(jitter.ticks, 0);
});

test("follows the recursion of RFC 3550", () => {
  const jitter = new JitterEstimator(8000);
  let expected = 0;
  const late = [0, 3, -1, 5, 2, 2, 9, 0];
  late.forEach((ms, i) => {
    jitter.push(i * 160, (i * 20 + ms) * 1e6);
    if (i > 0) expected += (Math.abs((ms - (late[i - 1] as number)) * 8) - expected) / 16;
  });
  assert.ok(Math.abs(jitter.milliseconds - expected / 8) < 1e-9);
  assert.equal(jitter.ticks, Math.floor(expected));
});

test("alternating lateness converges on it", () => {
  const jitter = new JitterEstimator(90_000);
  for (let i = 0; i < 400; i++) jitter.push(i * 900, i * 10_000_000 + (i % 2) * 2_000_000);
  assert.ok(Math.abs(jitter.milliseconds - 2) < 0.01);
  jitter.restart();
  jitter.push(0, 1e12);
  assert.ok(Math.abs(jitter.milliseconds - 2) < 0.01);
});
