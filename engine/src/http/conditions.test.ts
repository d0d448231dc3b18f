import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allowsRange, chooseCoding, matchesEtag, readRange } from "./conditions.ts";

test("If-None-Match names an entity tag, weakly", () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ['"b","c"', false],
    ["*", true],
    ["a", false],
    ['"a', false],
    ['"ab"', false],
  ];
  for (const [header, wanted] of cases) assert.equal(matchesEtag(header, '"a"'), wanted, String(header));
});

test("ranges of a document of 1000 bytes", () => {
  const cases: [string | undefined, ReturnType<typeof readRange>][] = [
    [undefined, undefined],
    ["bytes=0-499", { from: 0, to: 500 }],
    ["bytes=500-", { from: 500, to: 1000 }],
    ["bytes=-1", { from: 999, to: 1000 }],
    ["bytes=-5000", { from: 0, to: 1000 }],
    ["bytes=990-2000", { from: 990, to: 1000 }],
    ["bytes=999-999", { from: 999, to: 1000 }],
    ["bytes=1000-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=5-4", undefined],
    ["bytes=-", undefined],
    ["bytes=0-1,5-6", undefined],
    ["frames=0-1", undefined],
    ["bytes=a-b", undefined],
    ["bytes=0-99999999999999999999", undefined],
  ];
  for (const [header, wanted] of cases) assert.deepEqual(readRange(header, 1000), wanted, String(header));
});

test("a range lies within the document, whatever is asked for", () => {
  const number = fc.oneof(fc.constant(""), fc.nat(2000).map(String));
  fc.assert(
    fc.property(number, number, fc.nat(1500), (first, last, length) => {
      const range = readRange(`bytes=${first}-${last}`, length);
      if (range === undefined || range === "unsatisfiable") return;
      assert.ok(range.from >= 0 && range.from < range.to && range.to <= length);
      if (first !== "") assert.equal(range.from, Number(first));
    }),
  );
});

test("If-Range compares strongly", () => {
  assert.equal(allowsRange(undefined, '"a"'), true);
  assert.equal(allowsRange('"a"', '"a"'), true);
  assert.equal(allowsRange('W/"a"', '"a"'), false);
  assert.equal(allowsRange("Sat, 21 Nov 2026 16:47:12 GMT", '"a"'), false);
});

test("the coding that the client likes best", () => {
  const cases: [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ["", undefined],
    ["identity", undefined],
    ["gzip", "gzip"],
    ["gzip, deflate, br", "br"],
    ["gzip, br;q=0.5", "gzip"],
    ["br;q=0, gzip;q=0.1", "gzip"],
    ["*", "br"],
    ["*;q=0", undefined],
    ["*, br;q=0", "gzip"],
    ["x-gzip", "gzip"],
    ["GZIP;q=x", undefined],
    ["deflate", undefined],
  ];
  for (const [header, wanted] of cases) assert.equal(chooseCoding(header), wanted, String(header));
});
