import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lintLowLatency, lowLatencyRules } from "./lint.ts";
import { cases } from "./testing/cases.ts";
import { type Change, draft, observe } from "./testing/presentation.ts";

function lintChanged(change: Change) {
  const changed = draft();
  change(changed);
  return lintLowLatency(observe(changed));
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

test("every rule has its test", () => {
  assert.deepEqual(cases.map((one) => one.rule).sort(), lowLatencyRules.map((rule) => rule.id).sort());
});

test("every rule is told in the README with its clause", () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const table = lowLatencyRules.map(
    ({ id, clause, level, doc }) => `| \`${id}\` | ${level} | ${clause} | ${doc} |`,
  );
  const lines = readme.split("\n").filter((line) => line.startsWith("| `"));
  assert.deepEqual(lines, table);
});
