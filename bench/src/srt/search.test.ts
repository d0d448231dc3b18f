import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BenchError } from "../errors.ts";
import { greatestMeasured, greatestThat } from "./search.ts";

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

/** Measures by a script: what each number gives, one verdict after the other (the last one again and again). */
function scripted(script: Readonly<Record<number, readonly (string | Error)[]>>, tries: number) {
  const left = new Map(Object.entries(script).map(([count, verdicts]) => [Number(count), [...verdicts]]));
  const said: string[] = [];
  const result = greatestMeasured({
    ...{ first: 1, limit: 4, precision: 0, tries },
    measure: (count) => {
      const verdicts = left.get(count) ?? [];
      const next = verdicts.length > 1 ? verdicts.shift() : verdicts[0];
      if (next instanceof Error) return Promise.reject(next);
      return Promise.resolve({ count, verdict: next ?? "good" });
    },
    ended: (count) => ({ count, verdict: "ended" }),
    progress: (count, attempt) => said.push(`${count}/${attempt}`),
  });
  return { result, said };
}

const TAKEN = new BenchError("bench.tool", "not taken");
const SCRIPTS: readonly (readonly [
  string,
  { script: Parameters<typeof scripted>[0]; most: number; isExact: boolean; said: string[] },
])[] = [
  ["all hold", { script: {}, most: 4, isExact: true, said: ["1/1", "2/1", "4/1"] }],
  [
    "a failure is tried again",
    { script: { 2: ["loss", "good"] }, most: 4, isExact: true, said: ["1/1", "2/1", "2/2", "4/1"] },
  ],
  ["failures end a number", { script: { 2: ["loss"] }, most: 1, isExact: true, said: ["1/1", "2/1", "2/2"] }],
  [
    "a slow load proves nothing, and is not tried for ever",
    { script: { 2: ["slow load"] }, most: 1, isExact: false, said: ["1/1", "2/1", "2/2", "2/3", "2/4"] },
  ],
  [
    "a number that is not taken fails",
    { script: { 2: [TAKEN] }, most: 1, isExact: true, said: ["1/1", "2/1", "2/2"] },
  ],
];
for (const [name, { script, most, isExact, said }] of SCRIPTS)
  test(`measurements: ${name}`, async () => {
    const run = scripted(script, 2);
    const found = await run.result;
    assert.deepEqual({ most: found.most, isExact: found.isExact }, { most, isExact });
    assert.deepEqual(run.said, said);
    assert.equal(found.rows.length, said.length);
  });

test("measurements: what fails at the first number, or is no matter of numbers, is told", async () => {
  await assert.rejects(scripted({ 1: [TAKEN] }, 2).result, TAKEN);
  const bug = new TypeError("bug");
  await assert.rejects(scripted({ 2: [bug] }, 2).result, bug);
});
