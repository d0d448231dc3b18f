import assert from "node:assert/strict";
import { test } from "node:test";
import { LossMarks } from "./loss-marks.ts";

test("knows nothing at first, of no number", () => {
  const marks = new LossMarks(6);
  assert.equal(marks.size, 8);
  for (const sequence of [0, 1, 2, 7, 8, 2 ** 31 - 1]) {
    assert.equal(marks.isMissed(sequence), false, `${sequence}`);
    assert.equal(marks.isMended(sequence), false, `${sequence}`);
  }
});

test("remembers the newest numbers, up to the last of the space", () => {
  const marks = new LossMarks(8);
  for (const sequence of [0, 5, 2 ** 31 - 1]) {
    marks.miss(sequence);
    assert.equal(marks.isMissed(sequence), true);
    marks.mend(sequence);
    assert.equal(marks.isMissed(sequence), false);
    assert.equal(marks.isMended(sequence), true);
  }
  marks.miss(13);
  assert.equal(marks.isMended(5), false, "13 took the place of 5");
  marks.clear();
  assert.equal(marks.isMissed(13), false);
});
