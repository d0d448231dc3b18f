import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SEQUENCE_16, SEQUENCE_31, SEQUENCE_32, SequenceSpace } from "./sequence.ts";

const SPACES = [SEQUENCE_16, SEQUENCE_31, SEQUENCE_32, new SequenceSpace(24), new SequenceSpace(6)];

const cases: readonly { space: SequenceSpace; a: number; b: number; diff: number }[] = [
  { space: SEQUENCE_16, a: 0, b: 65_535, diff: 1 },
  { space: SEQUENCE_16, a: 65_535, b: 0, diff: -1 },
  { space: SEQUENCE_16, a: 32_767, b: 0, diff: 32_767 },
  { space: SEQUENCE_16, a: 32_768, b: 0, diff: -32_768 },
  { space: SEQUENCE_31, a: 0, b: 0x7fffffff, diff: 1 },
  { space: SEQUENCE_31, a: 0x7ffffff0, b: 5, diff: -21 },
  { space: SEQUENCE_31, a: 0x3fffffff, b: 0, diff: 0x3fffffff },
  { space: SEQUENCE_31, a: 0x40000000, b: 0, diff: -0x40000000 },
  { space: SEQUENCE_32, a: 3, b: 0xffffffff, diff: 4 },
  { space: SEQUENCE_32, a: 0xffffffff, b: 3, diff: -4 },
  { space: SEQUENCE_32, a: 0x80000000, b: 0x7fffffff, diff: 1 },
  { space: SEQUENCE_32, a: 0x80000000, b: 0, diff: -0x80000000 },
];

for (const { space, a, b, diff } of cases) {
  test(`${space.bits} bits: from ${b} to ${a} it is ${diff}`, () => {
    assert.equal(space.diff(a, b), diff);
    assert.equal(space.later(a, b), diff > 0 ? a : b);
    assert.equal(space.earlier(a, b), diff > 0 ? b : a);
    assert.equal(space.add(b, diff), a);
  });
}

test("the number after the last is 0", () => {
  for (const space of SPACES) {
    assert.equal(space.mask, 2 ** space.bits - 1);
    assert.equal(space.next(space.mask), 0);
    assert.equal(space.next(space.mask - 1), space.mask);
    assert.equal(space.add(0, -1), space.mask);
  }
});

test("add and diff are arithmetic modulo the space", () => {
  const property = fc.property(fc.constantFrom(...SPACES), fc.nat(), fc.nat(), (space, a, by) => {
    const size = 2 ** space.bits;
    const from = a % size;
    const half = size / 2;
    const step = (by % size) - half;
    const to = space.add(from, step);
    assert.equal(to, (((from + step) % size) + size) % size);
    assert.equal(space.diff(to, from), step);
    assert.equal(space.next(from), space.add(from, 1));
  });
  fc.assert(property);
});
