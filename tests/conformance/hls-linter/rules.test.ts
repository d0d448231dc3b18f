import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lintObservation } from "./lint.ts";
import { rules } from "./rules/index.ts";
import { segmentCases } from "./testing/cases-segment.ts";
import { textCases } from "./testing/cases-text.ts";
import { windowCases } from "./testing/cases-window.ts";
import type { Change } from "./testing/changes.ts";
import { draft, observe } from "./testing/presentation.ts";

const cases = [...textCases, ...windowCases, ...segmentCases];

function lintChanged(change: Change) {
  const changed = draft();
  change(changed);
  return lintObservation(observe(changed));
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
  assert.deepEqual(cases.map((one) => one.rule).sort(), rules.map((rule) => rule.id).sort());
});

test("every rule is told in the README with its clause", () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const table = rules.map(({ id, clause, level, doc }) => `| \`${id}\` | ${level} | ${clause} | ${doc} |`);
  assert.equal(
    readme
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .join("\n"),
    table.join("\n"),
  );
});

test("a rule can be left out", () => {
  const changed = draft();
  changed.segmentType = "text/plain";
  assert.equal(lintObservation(observe(changed)).length, 9);
  assert.deepEqual(lintObservation(observe(changed), { ignore: ["http.segment-type"] }), []);
});

test("the same violation is told once, with how often it was found", () => {
  const changed = draft();
  changed.contentType = "text/plain";
  const [found, ...others] = lintObservation(observe(changed));
  assert.deepEqual(others, []);
  assert.equal(found?.times, changed.reloads.length);
  assert.equal(found?.clause, "RFC 8216 §4");
});
