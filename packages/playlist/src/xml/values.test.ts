import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";
import {
  booleanForm,
  byteSpanForm,
  commaListForm,
  integerForm,
  secondsForm,
  signedForm,
  type ValueForm,
  wordForm,
} from "./values.ts";

const DURATIONS: readonly (readonly [text: string, us: number | undefined])[] = [
  ["PT0S", 0],
  ["PT2.5S", 2_500_000],
  ["PT1H2M3.000001S", 3_723_000_001],
  ["PT.5S", undefined],
  ["PT1.S", 1_000_000],
  ["PT0.0000004S", 0],
  ["PT0.9999996S", 1_000_000],
  ["P1DT1H", 90_000_000_000],
  ["P1Y2M", 36_720_000_000_000],
  ["PT1M", 60_000_000],
  ["P1M", 2_592_000_000_000],
  ["PT476823H11M", 1_716_563_460_000_000],
  ["P", undefined],
  ["PT", undefined],
  ["P1DT", undefined],
  ["-PT1S", undefined],
  ["1S", undefined],
  ["PT99999999999999S", undefined],
];

test("xs:duration is read to the microsecond", () => {
  for (const [text, us] of DURATIONS) assert.equal(parseDuration(text), us, text);
});

test("xs:duration reads as it was written", () => {
  assert.equal(formatDuration(0), "PT0S");
  assert.equal(formatDuration(3_600_000_000), "PT1H");
  assert.equal(formatDuration(3_723_000_001), "PT1H2M3.000001S");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (us) =>
      assert.equal(parseDuration(formatDuration(us)), us),
    ),
  );
  for (const us of [-1, 0.5, Number.NaN])
    assert.throws(() => formatDuration(us), { code: "playlist.bad-value" });
});

const FORMS: readonly (readonly [form: ValueForm<unknown>, text: string, value: unknown])[] = [
  [integerForm, " 12 ", 12],
  [integerForm, "+1", 1],
  [integerForm, "-1", undefined],
  [integerForm, "1.0", undefined],
  [integerForm, "9007199254740991", Number.MAX_SAFE_INTEGER],
  [integerForm, "9007199254740992", undefined],
  [signedForm, "-1", -1],
  [signedForm, "--1", undefined],
  [booleanForm, "1", true],
  [booleanForm, "FALSE", false],
  [booleanForm, "yes", undefined],
  [secondsForm, "INF", Number.POSITIVE_INFINITY],
  [secondsForm, "1.5", 1_500_000],
  [secondsForm, "-0.25", -250_000],
  [secondsForm, "1.5E1", 15_000_000],
  [secondsForm, "1e-3", 1000],
  [secondsForm, "1e99", undefined],
  [secondsForm, "NaN", undefined],
  [byteSpanForm, "0-9", { first: 0, last: 9 }],
  [byteSpanForm, "7-", { first: 7 }],
  [byteSpanForm, "-9", undefined],
  [commaListForm, " a , b,c ", ["a", "b", "c"]],
  [commaListForm, "", []],
  [wordForm("a", "b"), "b", "b"],
  [wordForm("a", "b"), "c", undefined],
];

test("values are read, or not", () => {
  for (const [form, text, value] of FORMS) assert.deepEqual(form.read(text), value, text);
});

test("what cannot be written is refused", () => {
  const bad: readonly (() => unknown)[] = [
    () => integerForm.write(-1),
    () => integerForm.write(2 ** 53),
    () => signedForm.write(0.5),
    () => secondsForm.write(0.5),
    () => commaListForm.write(["a,b"]),
    () => commaListForm.write([""]),
    () => commaListForm.write([" a"]),
  ];
  for (const write of bad) assert.throws(write, { code: "playlist.bad-value" });
});
