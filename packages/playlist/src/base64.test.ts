import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBase64, fromHex, toBase64, toHex } from "./base64.ts";

test("bytes to base64 and back, as Node does it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
      assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex").toUpperCase());
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
    }),
  );
});

test("what is neither is refused", () => {
  for (const text of ["a", "ab$d", "abcde", "===="]) assert.equal(fromBase64(text), undefined, text);
  assert.deepEqual(fromBase64(" AQ\n ID\t"), Uint8Array.of(1, 2, 3));
  assert.deepEqual(fromBase64("AQ"), Uint8Array.of(1));
  for (const text of ["0", "0g", "0x01"]) assert.equal(fromHex(text), undefined, text);
});
