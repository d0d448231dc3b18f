import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { icyMetadata } from "./icy.ts";

const TITLES: readonly (readonly [string, string, number])[] = [
  ["", "StreamTitle='';", 1],
  ["News", "StreamTitle='News';", 2],
  ["It's", "StreamTitle='It's';", 2],
  ["a';StreamUrl='x", "StreamTitle='a' ;StreamUrl='x';", 2],
  ["two\r\nlines", "StreamTitle='two lines';", 2],
];

for (const [title, text, blocks] of TITLES) {
  test(`"${title}" is told in ${blocks} blocks`, () => {
    const bytes = icyMetadata(title);
    assert.equal(bytes[0], blocks);
    assert.equal(Buffer.from(bytes.subarray(1)).toString().replaceAll("\0", ""), text);
  });
}

test("whatever the title, the block has the length that it says", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 6000 }), (title) => {
      const bytes = icyMetadata(title);
      assert.equal(bytes.length, 1 + 16 * (bytes[0] as number));
    }),
  );
});
