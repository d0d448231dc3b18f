import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@millrace/bytes";
import { id3Length, parseId3Frames } from "./id3.ts";

/** ID3v2.4 with a TXXX frame of 6 bytes and 4 bytes of padding. */
const TAG = fromHex("494433 0400 00 00000014 54585858 00000006 0000 03 6100 6263 64 00000000");

test("the length counts header, frames, padding and footer", () => {
  assert.equal(id3Length(TAG, 0), 30);
  const footed = TAG.slice();
  footed[5] = 0x10;
  assert.equal(id3Length(footed, 0), 40);
  assert.equal(id3Length(fromHex("494433 0400 00 7f7f7f7f"), 0), 2 ** 28 + 9);
});

test("what is no tag has no length, what is cut short is not known yet", () => {
  assert.equal(id3Length(fromHex("494434 0400 00 00000014"), 0), 0);
  assert.equal(id3Length(fromHex("494433 0400 00 00000080"), 0), 0);
  assert.equal(id3Length(fromHex("494433 ff00 00 00000014"), 0), 0);
  assert.equal(id3Length(fromHex("4944"), 0), -1);
  assert.equal(id3Length(TAG, 30), -1);
});

test("frames are listed up to the padding", () => {
  const frames = parseId3Frames(TAG);
  assert.equal(frames.length, 1);
  assert.equal(frames[0]?.id, "TXXX");
  assert.deepEqual(frames[0]?.data, fromHex("036100626364"));
  const lying = TAG.slice();
  lying[17] = 0x7f;
  assert.deepEqual(parseId3Frames(lying), []);
});
