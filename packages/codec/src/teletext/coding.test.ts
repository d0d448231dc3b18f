import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DAMAGED, encodeHamming84, hamming84, hamming2418, oddParity, reverseBits } from "./coding.ts";
import { encodeHamming2418, withParity } from "./teletext.test-support.ts";

test("bits are turned round", () => {
  for (const [byte, other] of [
    [0x27, 0xe4],
    [0x01, 0x80],
    [0xff, 0xff],
    [0x00, 0x00],
  ] as const) {
    assert.equal(reverseBits(byte), other);
  }
});

test("Hamming 8/4: codes of the standard; one wrong bit is put right, two are noticed", () => {
  // ETSI EN 300 706 §8.2 table 1
  const codes = [
    0x15, 0x02, 0x49, 0x5e, 0x64, 0x73, 0x38, 0x2f, 0xd0, 0xc7, 0x8c, 0x9b, 0xa1, 0xb6, 0xfd, 0xea,
  ];
  for (const [nibble, code] of codes.entries()) {
    assert.equal(encodeHamming84(nibble), code);
    assert.equal(hamming84(code), nibble);
    for (let a = 0; a < 8; a++) {
      assert.equal(hamming84(code ^ (1 << a)), nibble);
      for (let b = 0; b < a; b++) assert.equal(hamming84(code ^ (1 << a) ^ (1 << b)), DAMAGED);
    }
  }
});

test("Hamming 24/18: what was coded comes back, with one wrong bit too; two are noticed", () => {
  const bit = fc.nat(23);
  fc.assert(
    fc.property(fc.nat(0x3ffff), bit, bit, (value, a, b) => {
      const bytes = encodeHamming2418(value);
      assert.equal(hamming2418(...bytes), value);
      const flipped = (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16)) ^ (1 << a);
      assert.equal(hamming2418(flipped & 255, (flipped >> 8) & 255, (flipped >> 16) & 255), value);
      if (a === b) return;
      const twice = flipped ^ (1 << b);
      assert.equal(hamming2418(twice & 255, (twice >> 8) & 255, (twice >> 16) & 255), DAMAGED);
    }),
  );
});

test("odd parity", () => {
  for (let code = 0; code < 128; code++) {
    assert.equal(oddParity(withParity(code)), code);
    assert.equal(oddParity(withParity(code) ^ 0x80), DAMAGED);
  }
});
