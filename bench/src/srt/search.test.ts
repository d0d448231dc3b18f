import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { greatestThat } from "./search.ts";

test("the greatest number that holds is found as precisely as asked, in few steps", async () => {
  const numbers = fc.record({
    truth: fc.integer({ min: 0, max: 1000 }),
    first: fc.integer({ min: 1, max: 50 }),
    limit: fc.integer({ min: 50, max: 600 }),
    precision: fc.constantFrom(0, 0.05, 0.2),
  });
  await fc.assert(
    fc.asyncProperty(numbers, async ({ truth, first, limit, precision }) => {
      const asked: number[] = [];
      const holds = (count: number) => Promise.resolve(asked.push(count) > 0 && count <= truth);
      const found = await greatestThat(holds, { first, limit, precision });
      const best = Math.min(truth, limit);
      if (truth < first) assert.equal(found, 0);
      else {
        assert.ok(found <= best && best - found <= Math.max(0, found * precision), `${found} of ${best}`);
        assert.ok(asked.includes(found));
      }
      assert.ok(asked.every((count) => count <= limit) && asked.length <= 20, asked.join());
      assert.equal(new Set(asked).size, asked.length);
    }),
  );
});
