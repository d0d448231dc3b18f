import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CODE_ROW_HEIGHT, CODE_ROWS, paintCode, readCode } from "./clock-code.ts";

const WIDTH = 640;
const STRIDE = 672;

function painted(timeMs: number): Uint8Array {
  const bytes = new Uint8Array(STRIDE * CODE_ROW_HEIGHT * CODE_ROWS).fill(99);
  paintCode({ bytes, stride: STRIDE }, WIDTH, timeMs);
  return bytes;
}

/** Reads the middles of the blocks of a picture of 640 pixels. */
function read(bytes: Uint8Array): number | undefined {
  return readCode((column, row) => {
    const y = row * CODE_ROW_HEIGHT + CODE_ROW_HEIGHT / 2;
    return bytes[y * STRIDE + column * (WIDTH / 32) + WIDTH / 64] ?? 0;
  });
}

test("a time is read as it was painted", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (timeMs) => {
      assert.equal(read(painted(timeMs)), timeMs);
    }),
  );
  assert.equal(read(painted(1_795_000_000_123)), 1_795_000_000_123);
});

test("a picture that is black, white or damaged has no time", () => {
  assert.equal(
    readCode(() => 0),
    undefined,
  );
  assert.equal(
    readCode(() => 255),
    undefined,
  );
  for (let bit = 0; bit < 64; bit++) {
    const bytes = painted(1_795_000_000_123);
    const at = Math.floor(bit / 32) * CODE_ROW_HEIGHT * STRIDE + (bit % 32) * 20;
    for (let line = 0; line < CODE_ROW_HEIGHT; line++)
      for (let x = 0; x < 20; x++) bytes[at + line * STRIDE + x] = 251 - (bytes[at + line * STRIDE + x] ?? 0);
    assert.equal(read(bytes), undefined, `bit ${bit}`);
  }
});

test("nothing but the code is painted over", () => {
  const bytes = painted(1);
  for (let line = 0; line < CODE_ROW_HEIGHT * CODE_ROWS; line++)
    assert.equal(bytes[line * STRIDE + WIDTH], 99);
});
