import assert from "node:assert/strict";
import { test } from "node:test";
import { frameRateOf } from "./colour.ts";

test("a stated frame rate counts where a camera could have it", () => {
  assert.deepEqual(frameRateOf(60_000, 2 * 1001), { frameRate: { num: 30_000, den: 1001 } });
  assert.deepEqual(frameRateOf(50, 2), { frameRate: { num: 25, den: 1 } });
  assert.deepEqual(frameRateOf(2000, 2), { frameRate: { num: 1000, den: 1 } });
  for (const [num, den] of [
    [2_000_000, 2],
    [0, 2],
    [50, 0],
  ] as const) {
    assert.deepEqual(frameRateOf(num, den), {}, `${num}/${den}`);
  }
});
