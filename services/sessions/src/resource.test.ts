import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isHex, resourceIdOf, streamOfResource } from "./resource.ts";

const CASES: readonly (readonly [id: string, stream: string | undefined])[] = [
  ["6e657773", "news"],
  ["6E657773", "news"],
  ["63686174732f6f6e65", "chats/one"],
  ["1", undefined],
  ["6e65777", undefined],
  ["ff", undefined],
  ["c3a9", "é"],
  ["", undefined],
  ["news", undefined],
  ["0x6e", undefined],
  ["efbbbf6e", "\ufeffn"],
];
for (const [id, stream] of CASES) {
  test(`"${id}" is ${stream ?? "no stream"}`, () => assert.equal(streamOfResource(id), stream));
}

test("every name has an id of its own, which says it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), (name) => {
      const id = resourceIdOf(name);
      assert.ok(isHex(id));
      assert.equal(streamOfResource(id), name.toWellFormed());
    }),
  );
});
