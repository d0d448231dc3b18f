import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, editDistance, nearest } from "./hint.ts";

test("edit distance counts insertions, deletions, substitutions and swaps", () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ["", "", 0],
    ["abc", "", 3],
    ["segment_durations", "segment_duration", 1],
    ["prgram", "program", 1],
    ["tihs", "this", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ];
  for (const [a, b, distance] of cases) {
    assert.equal(editDistance(a, b), distance, `${a} ${b}`);
    assert.equal(editDistance(b, a), distance, `${b} ${a}`);
  }
});

test("a hint is given only for a near word", () => {
  const known = ["url", "urls", "push", "segments", "segment_duration"];
  assert.equal(nearest("segmnets", known), "segments");
  assert.equal(nearest("URLS", known), "urls");
  assert.equal(nearest("wxyz", known), undefined);
  assert.equal(nearest("x".repeat(100_000), known), undefined);
  assert.equal(didYouMean("psuh", known), '; did you mean "push"?');
  assert.equal(didYouMean("dvr", known), "");
});
