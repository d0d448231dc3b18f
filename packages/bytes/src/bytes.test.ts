import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  BitReader,
  BitWriter,
  ByteReader,
  concat,
  crc32Mpeg,
  equalBytes,
  fromHex,
  hex,
  i16be,
  i32be,
  putU16be,
  putU24be,
  putU32be,
  putU64be,
  u16be,
  u24be,
  u32be,
  u64be,
} from "./index.ts";

test("bit fields written are read back", () => {
  const field = fc.integer({ min: 1, max: 53 }).chain((width) =>
    fc.tuple(
      fc.constant(width),
      fc.maxSafeInteger().map((v) => Math.abs(v) % 2 ** width),
    ),
  );
  fc.assert(
    fc.property(fc.array(field, { maxLength: 40 }), (fields) => {
      const writer = new BitWriter(1);
      for (const [width, value] of fields) writer.bits(value, width);
      const reader = new BitReader(writer.toBytes());
      for (const [width, value] of fields) assert.equal(reader.wide(width), value);
      assert.equal(reader.overrun, false);
      assert.ok(reader.left < 8);
    }),
  );
});

test("Exp-Golomb codes are read back", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 30), max: 2 ** 30 })), (values) => {
      const writer = new BitWriter();
      for (const value of values) writer.se(value).ue(Math.abs(value));
      const reader = new BitReader(writer.toBytes());
      for (const value of values) {
        assert.equal(reader.se() + 0, value + 0);
        assert.equal(reader.ue(), Math.abs(value));
      }
    }),
  );
  // ITU-T H.264 table 9-2
  const table: [string, number][] = [
    ["80", 0],
    ["40", 1],
    ["60", 2],
    ["20", 3],
    ["28", 4],
    ["38", 6],
    ["10", 7],
  ];
  for (const [code, value] of table) assert.equal(new BitReader(fromHex(code)).ue(), value);
});

test("reading past the end gives zeros and the flag", () => {
  const reader = new BitReader(fromHex("ff"));
  assert.equal(reader.bits(4), 15);
  assert.equal(reader.peek(8), 0xf0);
  assert.equal(reader.overrun, false);
  assert.equal(reader.bits(5), 0);
  assert.equal(reader.overrun, true);
  assert.equal(reader.ue(), 0);
  assert.equal(reader.left, 0);
  reader.reset(fromHex("00000000 00000000"));
  assert.equal(reader.ue(), 0);
  assert.equal(reader.overrun, true);
  const bytes = new ByteReader(fromHex("010203"), 1);
  assert.equal(bytes.u8(), 2);
  assert.equal(bytes.u16(), 0);
  assert.equal(bytes.overrun, true);
  assert.equal(bytes.take(4).length, 0);
});

test("big-endian integers", () => {
  const bytes = new Uint8Array(8);
  putU64be(bytes, 0, 0x1fffff_fedcba98);
  assert.equal(hex(bytes), "001ffffffedcba98");
  assert.equal(u64be(bytes, 0), 0x1fffff_fedcba98);
  assert.equal(u32be(bytes, 4), 0xfedcba98);
  assert.equal(u24be(bytes, 5), 0xdcba98);
  assert.equal(u16be(bytes, 6), 0xba98);
  assert.equal(i16be(bytes, 6), -0x4568);
  assert.equal(i32be(bytes, 4), 0xfedcba98 - 2 ** 32);
  putU32be(bytes, 0, 0xdeadbeef);
  putU24be(bytes, 4, 0x010203);
  putU16be(bytes, 6, 0xffee);
  assert.equal(hex(bytes), "deadbeef0102ffee");
  const reader = new ByteReader(bytes);
  assert.deepEqual([reader.u24(), reader.u8(), reader.u32()], [0xdeadbe, 0xef, 0x0102ffee]);
  assert.equal(new ByteReader(fromHex("0000000100000002")).u64(), 2 ** 32 + 2);
});

test("CRC-32/MPEG-2", () => {
  const digits = new TextEncoder().encode("123456789");
  assert.equal(crc32Mpeg(digits), 0x0376e6e7); // the check value of the catalogue of CRC algorithms
  const whole = new Uint8Array(13);
  whole.set(digits);
  putU32be(whole, 9, crc32Mpeg(digits));
  assert.equal(crc32Mpeg(whole), 0);
  whole[3] = 0;
  assert.notEqual(crc32Mpeg(whole), 0);
});

test("hexadecimal, concat, equality", () => {
  assert.equal(hex(fromHex("00 fF\n7a")), "00ff7a");
  assert.throws(() => fromHex("0"), { code: "bytes.hex" });
  assert.throws(() => fromHex("0g"), { code: "bytes.hex" });
  assert.throws(() => new BitWriter().bits(4, 2), { code: "bytes.width" });
  assert.equal(hex(concat([fromHex("01"), fromHex(""), fromHex("0203")])), "010203");
  assert.equal(equalBytes(fromHex("01"), fromHex("01")), true);
  assert.equal(equalBytes(fromHex("01"), fromHex("02")), false);
  assert.equal(equalBytes(fromHex("01"), fromHex("0102")), false);
});
