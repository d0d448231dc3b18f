import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "@millrace/model";
import fc from "fast-check";
import { agreeFilter, type FilterConfig, parseFilter, serializeFilter } from "./config.ts";

const GOOD: readonly [string, FilterConfig][] = [
  ["fec,cols:10", { cols: 10, rows: 1, layout: "staircase", arq: "onreq" }],
  ["fec,cols:10,rows:5", { cols: 10, rows: 5, layout: "staircase", arq: "onreq" }],
  ["fec,rows:-5,layout:even,cols:2", { cols: 2, rows: -5, layout: "even", arq: "onreq" }],
  ["fec,cols:255,rows:255,arq:never", { cols: 255, rows: 255, layout: "staircase", arq: "never" }],
  ["fec,cols:8,rows:,arq:always", { cols: 8, rows: 1, layout: "staircase", arq: "always" }],
];

for (const [text, config] of GOOD) {
  test(`reads ${text}`, () => {
    assert.deepEqual(parseFilter(text), config);
    assert.deepEqual(parseFilter(serializeFilter(config)), config);
  });
}

const BAD: readonly [string, RegExp][] = [
  ["", /no packet filter ""/],
  ["xor,cols:3", /no packet filter "xor"/],
  ["fec", /lacks cols/],
  ["fec,rows:3", /lacks cols/],
  ["fec,cols:1", /cols is from 2/],
  ["fec,cols:256", /cols is from 2 to 255, not 256/],
  ["fec,cols:99999999999", /cols is a number/],
  ["fec,cols:ten", /cols is a number, not "ten"/],
  ["fec,cols:1e1", /cols is a number/],
  ["fec,cols:10,rows:0", /rows is from 1/],
  ["fec,cols:10,rows:-1", /rows is from 1/],
  ["fec,cols:10,rows:-256", /rows is from 1/],
  ["fec,cols:10,layout:solid", /layout is even or staircase, not "solid"/],
  ["fec,cols:10,arq:maybe", /arq is always/],
  ["fec,cols:10,colour:red", /no "colour", only cols, rows, layout, arq/],
  ["fec,cols:10,__proto__:1", /no "__proto__"/],
  ["fec,cols", /"cols" is not of the form/],
  ["fec,cols:10:20", /"cols:10:20" is not of the form/],
  ["fec,", /not of the form/],
];

for (const [text, message] of BAD) {
  test(`refuses "${text}"`, () => {
    assert.throws(
      () => parseFilter(text),
      (error) =>
        error instanceof MillraceError && error.code === "srt.bad-filter" && message.test(error.message),
    );
    if (text !== "fec") assert.deepEqual(agreeFilter(undefined, text), { ok: false });
  });
}

const FULL = "fec,cols:10,rows:5,layout:staircase,arq:onreq";
for (const [ours, theirs, text] of [
  [undefined, undefined, undefined],
  ["fec,cols:10,rows:5", undefined, "fec,cols:10,rows:5"],
  [undefined, "fec,cols:10,rows:5", "fec,cols:10,rows:5"],
  ["fec", "fec,cols:10,rows:5", FULL],
  ["fec,rows:5", "fec,cols:10", FULL],
  ["fec,cols:10,rows:5", "fec,arq:onreq,cols:10", FULL],
  ["fec", "fec", false],
  ["fec", undefined, undefined],
  [undefined, "fec", undefined],
  ["fec,cols:10", "fec,cols:9", false],
  ["fec,cols:10,arq:never", "fec,cols:10,arq:always", false],
  ["fec,cols:10", "adaptive,cols:10", false],
] as const) {
  test(`${ours} and ${theirs} agree on ${text}`, () => {
    assert.deepEqual(agreeFilter(ours, theirs), text === false ? { ok: false } : { ok: true, text });
  });
}

test("no text makes agreeing throw, and what is agreed on can be used", () => {
  const piece = fc.constantFrom(
    "fec",
    ",",
    ":",
    "cols",
    "rows",
    "layout",
    "arq",
    "10",
    "-3",
    "even",
    "never",
    "x",
    "",
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join("")),
    fc
      .array(fc.tuple(piece, piece), { maxLength: 4 })
      .map((pairs) => ["fec", ...pairs.map((it) => it.join(":"))].join(",")),
  );
  fc.assert(
    fc.property(fc.option(text, { nil: undefined }), text, (ours, theirs) => {
      const agreed = agreeFilter(ours, theirs);
      if (agreed.ok && agreed.text !== undefined) parseFilter(agreed.text);
      assert.equal(agreeFilter(theirs, ours).ok, agreed.ok);
    }),
    { numRuns: 500 },
  );
});
