import assert from "node:assert/strict";
import { test } from "node:test";
import { BitrateLimit } from "./bitrate-limit.ts";

/** What is sent in each second, kilobytes, of a publisher that may send 800 kbit/s; when it is too much, seconds. */
const CASES: readonly (readonly [string, readonly number[], number | undefined])[] = [
  ["within the limit", [100, 100, 100, 100, 100, 100, 100], undefined],
  ["a burst at the start", [400, 20, 20, 20, 20, 20, 20], undefined],
  ["a key frame now and then", [300, 50, 50, 50, 50, 300, 50, 50, 50, 50], undefined],
  ["a little too much", [101, 101, 101, 101, 101], 5],
  ["far too much is seen no sooner", [1000, 1000, 1000, 1000, 1000], 5],
  ["too much later on", [10, 10, 10, 10, 10, 200, 200, 200, 200], 8],
];
for (const [name, seconds, wanted] of CASES) {
  test(`bitrate limit: ${name}`, () => {
    const limit = new BitrateLimit(800_000, 0);
    const at = seconds.findIndex((kilobytes, i) => {
      for (let k = 0; k < kilobytes; k++) limit.add(1000);
      return limit.tick((i + 1) * 1000);
    });
    assert.equal(at < 0 ? undefined : at + 1, wanted);
  });
}

test("ticks that come late, or often, make no difference to the mean", () => {
  const limit = new BitrateLimit(800_000, 500);
  let nowMs = 500;
  for (const stepMs of [100, 900, 3700, 10, 20, 2270, 9000, 1000, 1000]) {
    nowMs += stepMs;
    limit.add(stepMs * 100);
    assert.equal(limit.tick(nowMs), false, `${nowMs}`);
  }
  for (let i = 0; i < 9; i++) limit.add(100_000);
  assert.equal(limit.tick(nowMs + 1000), true);
});
