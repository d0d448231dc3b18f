import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IntervalWindow } from "./interval-window.ts";

test("the mean of what lies about the median", () => {
  const interval = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 100_000 }));
  const property = fc.property(
    fc.integer({ min: 1, max: 64 }),
    fc.array(interval, { minLength: 1, maxLength: 150 }),
    (size, intervals) => {
      const window = new IntervalWindow(size, 500);
      const model: number[] = Array(size).fill(500);
      for (const [i, value] of intervals.entries()) {
        window.push(value, value % 7);
        model.push(value);
        if (i % 3 > 0) continue;
        window.evaluate();
        const last = model.slice(-size);
        const median = last.toSorted((a, b) => a - b)[size >> 1]!;
        const inner = last.filter((it) => it > median / 8 && it < median * 8);
        assert.equal(window.medianUs, median);
        assert.equal(window.count, inner.length);
        assert.equal(
          window.sumUs,
          inner.reduce((sum, it) => sum + it, 0),
        );
      }
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test("is full after as many intervals as it holds", () => {
  const window = new IntervalWindow(3);
  assert.equal(window.full, false);
  for (let i = 0; i < 2; i++) window.push(10, 1);
  assert.equal(window.full, false);
  window.push(10, 5);
  assert.equal(window.full, true);
  window.evaluate();
  assert.deepEqual([window.count, window.sumUs, window.weight], [3, 30, 7]);
  window.push(10, 9);
  window.evaluate();
  assert.equal(window.weight, 15);
});

test("an eighth and the eightfold of the median do not count", () => {
  const window = new IntervalWindow(5);
  for (const interval of [10, 11, 80, 639, 640]) window.push(interval, 0);
  window.evaluate();
  assert.deepEqual([window.medianUs, window.count, window.sumUs], [80, 3, 730]);
});
