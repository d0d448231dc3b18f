import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isRejection } from "./handshake.ts";
import { describeRejection, REJECTION } from "./rejection.ts";

suite("rejections", () => {
  test("every code is a rejection, has one name and a text of its own", () => {
    const codes = Object.values(REJECTION);
    assert.equal(new Set(codes).size, codes.length);
    for (const code of codes) assert.ok(isRejection(code), `${code}`);
    const texts = codes.map((code) => describeRejection(code));
    // "refused by the server" stands for all that a server may say besides.
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) assert.match(text, /^[a-z][^\n]+[^.\n]$/i);
  });

  const TEXTS: readonly [code: number, text: string][] = [
    [REJECTION.BADSECRET, "wrong passphrase"],
    [REJECTION.NOTFOUND, "no such stream"],
    [1099, "refused"],
    [2499, "refused by the server"],
    [3404, "refused for a reason of the application's own"],
    [-1, "no rejection"],
    [Number.NaN, "no rejection"],
  ];
  for (const [code, text] of TEXTS) {
    test(`${code}`, () => assert.equal(describeRejection(code), text));
  }
});
