import assert from "node:assert/strict";
import { test } from "node:test";
import type { OptionSpec, OptionValue } from "@millrace/model";
import { readNumber } from "./read-number.ts";

const COUNT: OptionSpec = { name: "count", scope: ["input"], type: "integer", min: 2, max: 5, doc: "" };
const TIME: OptionSpec = { name: "time", scope: ["input"], type: "seconds", default: 100, doc: "" };

const READ: readonly (readonly [OptionSpec, OptionValue | undefined, number | undefined])[] = [
  [COUNT, 2, 2],
  [COUNT, 5, 5],
  [COUNT, undefined, undefined],
  [TIME, undefined, 100],
  [TIME, 0, 0],
];
for (const [spec, value, number] of READ)
  test(`${spec.name} ${value}: ${number}`, () => {
    const options = value === undefined ? {} : { [spec.name]: value };
    assert.equal(readNumber(spec, options, "some://url"), number);
  });

for (const value of [1, 6, 2.5, Number.NaN, "3", true, ["3"]])
  test(`count ${JSON.stringify(value)} is refused`, () => {
    const message = `some://url: count must be a whole number from 2 to 5, not "${String(value)}"`;
    assert.throws(() => readNumber(COUNT, { count: value }, "some://url"), { code: "bad-url", message });
  });

test("times are told in the unit that is stored", () => {
  assert.throws(() => readNumber(TIME, { time: -1 }, "some://url"), /to \d+ milliseconds, not "-1"$/);
});
