import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { bmffRules, lintBmff } from "./lint.ts";
import { cases } from "./testing/cases.ts";
import { type Change, draft, observe } from "./testing/presentation.ts";

function lintChanged(change: Change) {
  const changed = draft();
  change(changed);
  return lintBmff(observe(changed));
}

for (const { rule, keeps, breaks, also = [] } of cases)
  test(`${rule} is found where it is broken, and only there`, () => {
    assert.deepEqual(lintChanged(keeps), [], "what keeps the rule");
    for (const [i, change] of breaks.entries()) {
      const found = [...new Set(lintChanged(change).map((one) => one.rule))];
      assert.ok(found.includes(rule), `breach ${i}: not found; but ${found.join(", ") || "nothing"} was`);
      const others = found.filter((id) => id !== rule && !also.includes(id));
      assert.deepEqual(others, [], `breach ${i}: found beside it`);
    }
  });

test("whatever the bytes, the linter says what is wrong, and does not throw", () => {
  const whole = observe(draft());
  const damage = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), cut: fc.nat() });
  const damaged = (
    bytes: Uint8Array,
    { at, to, cut }: { at: number; to: number; cut: number },
  ): Uint8Array => {
    const copy = bytes.slice(0, cut % 4 === 0 ? cut % bytes.length : bytes.length);
    if (copy.length > 0) copy[at % copy.length] = to;
    return copy;
  };
  fc.assert(
    fc.property(damage, (how) => {
      const { init = new Uint8Array(0), media } = whole;
      const broken = media.map((one) => ({ ...one, bytes: damaged(one.bytes, how) }));
      lintBmff({ ...whole, init: damaged(init, how), media: broken });
    }),
    { numRuns: 1000 },
  );
});

test("every rule has its test", () => {
  assert.deepEqual(cases.map((one) => one.rule).sort(), bmffRules.map((rule) => rule.id).sort());
});

test("every rule is told in the README with its clause", () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const table = bmffRules.map(
    ({ id, clause, level, doc }) => `| \`${id}\` | ${level} | ${clause} | ${doc} |`,
  );
  const lines = readme.split("\n").filter((line) => line.startsWith("| `"));
  assert.deepEqual(lines, table);
});
