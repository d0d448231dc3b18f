import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import {
  annexBToLengthPrefixed,
  findStartCode,
  forEachNal,
  lengthPrefixedToAnnexBInPlace,
  NalList,
  writeAnnexB,
  writeLengthPrefixed,
} from "./nal.ts";
import { escapeRbsp, unescapeRbsp } from "./rbsp.ts";

const scans: readonly { name: string; bytes: string; nals: readonly string[] }[] = [
  { name: "three- and four-byte start codes", bytes: "000001 65aa 00000001 41bb", nals: ["65aa", "41bb"] },
  { name: "trailing zeros", bytes: "00000001 09f0 0000 000001 6742 000000", nals: ["09f0", "6742"] },
  { name: "rubbish before the first", bytes: "ffee 000001 0c", nals: ["0c"] },
  { name: "empty units", bytes: "000001 000001 65 000001", nals: ["65"] },
  { name: "no start code", bytes: "00000201 0000 02", nals: [] },
  { name: "a start code at the very end", bytes: "000001 65 01 000001", nals: ["6501"] },
  { name: "ones and zeros that are no start code", bytes: "000001 010001 000101", nals: ["010001000101"] },
];
for (const { name, bytes, nals } of scans) {
  test(`scans ${name}`, () => {
    const buf = fromHex(bytes);
    const list = new NalList();
    list.scanAnnexB(buf, 0, buf.length);
    const found = Array.from({ length: list.count }, (_, i) => hex(buf, list.starts[i], list.ends[i]));
    assert.deepEqual(found, nals);
    const visited: string[] = [];
    forEachNal(buf, (start, end) => visited.push(hex(buf, start, end)));
    assert.deepEqual(visited, nals);
  });
}

/** Bytes in which zeros and ones are frequent, so that near misses of start codes abound. */
const dense = fc
  .array(fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 255), { maxLength: 60 })
  .map((b) => Uint8Array.from(b));

test("findStartCode agrees with looking at every byte", () => {
  fc.assert(
    fc.property(dense, fc.nat(8), (bytes, start) => {
      let expected = bytes.length;
      for (let i = bytes.length - 3; i >= start; i--) {
        if (bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1) expected = i;
      }
      assert.equal(findStartCode(bytes, Math.min(start, bytes.length), bytes.length), expected);
    }),
    { numRuns: 3000 },
  );
});

test("escape and unescape are inverse, and escaped bytes hold no start code", () => {
  fc.assert(
    fc.property(dense, (rbsp) => {
      const escaped = escapeRbsp(rbsp);
      assert.equal(findStartCode(escaped, 0, escaped.length), escaped.length);
      const back = unescapeRbsp(escaped, 0, escaped.length);
      // A final 03 that guards a trailing zero byte stays, unless two zeros stand before it.
      assert.deepEqual(back.slice(0, rbsp.length), rbsp);
    }),
    { numRuns: 2000 },
  );
});

test("units go to length prefixes and back unchanged", () => {
  const unit = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => {
    bytes[bytes.length - 1] = 0x80;
    return escapeRbsp(bytes);
  });
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 80 }), (units) => {
      const annexB = Buffer.concat(units.flatMap((nal) => [Uint8Array.of(0, 0, 0, 1), nal]));
      const prefixed = annexBToLengthPrefixed(annexB);
      const list = new NalList();
      assert.equal(list.scanLengthPrefixed(prefixed, 0, prefixed.length), units.length);
      const again = new Uint8Array(list.prefixedSize());
      assert.equal(writeAnnexB(prefixed, list, { target: again, at: 0 }), annexB.length);
      assert.deepEqual(again, new Uint8Array(annexB));
      assert.equal(lengthPrefixedToAnnexBInPlace(prefixed, 0, prefixed.length), true);
      assert.deepEqual(prefixed, again);
    }),
  );
});

test("a lying length is told and never followed", () => {
  const list = new NalList();
  const bytes = fromHex("00000002 6588 00000009 41");
  assert.equal(list.scanLengthPrefixed(bytes, 0, bytes.length), -1);
  assert.equal(list.count, 1);
  assert.equal(lengthPrefixedToAnnexBInPlace(bytes, 0, bytes.length), false);
  assert.equal(list.scanLengthPrefixed(fromHex("ffffffff00"), 0, 5), -1);
});

test("units can be left out before writing", () => {
  const bytes = fromHex("00000001 09f0 00000001 6588 00000001 0cff80");
  const list = new NalList();
  list.scanAnnexB(bytes, 0, bytes.length);
  list.removeWhere(bytes, (header) => (header & 0x1f) === 9);
  const target = new Uint8Array(list.prefixedSize() + 1);
  assert.equal(writeLengthPrefixed(bytes, list, { target, at: 1 }), target.length);
  assert.equal(hex(target), "00000000026588000000030cff80");
});
