import assert from "node:assert/strict";
import { test } from "node:test";
import { testRules } from "../kit/rule-tests.ts";
import { lintObservation } from "./lint.ts";
import { rules } from "./rules/index.ts";
import { segmentCases } from "./testing/cases-segment.ts";
import { textCases } from "./testing/cases-text.ts";
import { windowCases } from "./testing/cases-window.ts";
import { draft, observe } from "./testing/presentation.ts";

testRules({
  folder: import.meta.dirname,
  rules,
  cases: [...textCases, ...windowCases, ...segmentCases],
  draft,
  lint: (changed) => lintObservation(observe(changed)),
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
