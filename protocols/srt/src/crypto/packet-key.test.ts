import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { test } from "node:test";
import { fromHex, hex, putU32be } from "@millrace/bytes";
import fc from "fast-check";
import { CtrKey } from "./ctr-key.ts";
import { GcmKey } from "./gcm-key.ts";

const SINGLE = "53696E676C6520626C6F636B206D7367";
const COUNTING = Array.from({ length: 36 }, (_, i) => i.toString(16).padStart(2, "0")).join("");

/** RFC 3686 §6, test vectors 1, 3, 4 and 7: nonce and IV make 96 bits before a block counter that starts with 1. */
const CTR_VECTORS = [
  [
    "1",
    "AE6852F8121067CC4BF7A5765577F39E",
    "000000300000000000000000",
    SINGLE,
    "E4095D4FB7A7B3792D6175A3261311B8",
  ],
  [
    "3",
    "7691BE035E5020A8AC6E618529F9A0DC",
    "00E0017B27777F3F4A1786F0",
    COUNTING,
    "C1CF48A89F2FFDD9CF4652E9EFDB72D74540A42BDE6D7836D59A5CEAAEF3105325B2072F",
  ],
  [
    "4",
    "16AF5B145FC9F579C175F93E3BFB0EED863D06CCFDB78515",
    "0000004836733C147D6D93CB",
    SINGLE,
    "4B55384FE259C9C84E7935A003CBE928",
  ],
  [
    "7",
    "776BEFF2851DB06F4C8A0542C8696F6C6A81AF1EEC96B4D37FC1D689E6C1C104",
    "00000060DB5672C97AA8F0B2",
    SINGLE,
    "145AD01DBF824EC7560863DC71E3E0C0",
  ],
] as const;

for (const [number, key, nonce, clear, expected] of CTR_VECTORS) {
  test(`CTR: RFC 3686 test vector ${number}, in the blocks from the second on`, () => {
    const sequence = 0x1234_5678;
    const salt = fromHex(`${nonce}00000000`);
    const word = new Uint8Array(4);
    putU32be(word, 0, sequence);
    for (let i = 0; i < 4; i++) (salt[10 + i] as number) ^= word[i] as number;
    const packet = fromHex(`${"00".repeat(32)}${clear}`);
    putU32be(packet, 0, sequence);
    assert.equal(new CtrKey(fromHex(key), salt).encrypt(packet, packet.length), packet.length);
    assert.equal(hex(packet, 32), expected.toLowerCase());
    assert.equal(hex(packet, 4, 16), "00".repeat(12));
  });
}

function counterOf(salt: Uint8Array, sequence: number): Uint8Array {
  const counter = new Uint8Array(16);
  putU32be(counter, 10, sequence);
  for (let i = 0; i < 14; i++) (counter[i] as number) ^= salt[i] as number;
  return counter;
}

const run = fc.record({
  keyBytes: fc.constantFrom(16, 24, 32),
  first: fc.oneof(fc.nat(0x7fff_ffff), fc.integer({ min: 0x7fff_fff0, max: 0x7fff_ffff })),
  /** Steps of the sequence, length of the payload, and where the packet lies in its memory. */
  packets: fc.array(
    fc.tuple(
      fc.oneof(
        fc.constant(1),
        fc.integer({ min: -20, max: 30 }),
        fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
      ),
      fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(1316, 1456, 8000)),
      fc.nat(5),
    ),
    { minLength: 1, maxLength: 40 },
  ),
});

test("CTR: any order of sequence numbers, length and alignment is as OpenSSL's CTR", () => {
  fc.assert(
    fc.property(run, ({ keyBytes, first, packets }) => {
      const secret = Uint8Array.from({ length: keyBytes }, (_, i) => i * 3 + 1);
      const salt = Uint8Array.from({ length: 16 }, (_, i) => 255 - i * 9);
      const key = new CtrKey(secret, salt);
      const slab = new ArrayBuffer(8192);
      let sequence = first;
      for (const [step, length, offset] of packets) {
        const packet = new Uint8Array(offset % 2 === 0 ? slab : new ArrayBuffer(8192), offset, 8100);
        for (let i = 16; i < packet.length; i++) packet[i] = i * 7;
        putU32be(packet, 0, sequence);
        const clear = packet.slice(16, 16 + length);
        const behind = packet.slice(16 + length);
        assert.equal(key.encrypt(packet, 16 + length), 16 + length);
        const oracle = createCipheriv(`aes-${keyBytes * 8}-ctr`, secret, counterOf(salt, sequence));
        assert.deepEqual(packet.slice(16, 16 + length), new Uint8Array(oracle.update(clear)));
        assert.deepEqual(packet.slice(16 + length), behind, "nothing beyond the length is touched");
        key.decrypt(packet, 16 + length);
        assert.deepEqual(packet.slice(16, 16 + length), clear);
        sequence = (sequence + step) & 0x7fff_ffff;
      }
    }),
    { numRuns: 60 },
  );
});

/** NIST CAVP gcmEncryptExtIV128, 96-bit IV, 128-bit text, associated data and tag; bit 2 of byte 4 of the data is 0. */
const GCM_VECTORS = [
  {
    key: "1fd1e536a1c39c75fd583bc8e3372029",
    iv: "281f2552f8c34fb9b3ec85aa",
    clear: "f801e0839619d2c1465f0245869360da",
    header: "bf12a140d86727f67b860bcf6f34e55f",
    expected: "35371f2779f4140dfdb1afe79d563ed9cc2b0b0f1f8b3db5dc1b41ce73f5c221",
  },
  {
    key: "e2f483989b349efb59ae0a7cadc74b7a",
    iv: "3338343f9b97ebb784e75027",
    clear: "14d80ad66e8f5f2e6c43c3109e023a93",
    header: "8b12987e600ff58df54f1f5e62e59e61",
    expected: "43c2d68384d486e9788950bbb8cd8fd147d7e9144ff0ed4aa3300a944a007882",
  },
];

for (const { key, iv, clear, header, expected } of GCM_VECTORS) {
  test(`GCM: NIST vector with the key ${key}`, () => {
    const salt = fromHex(`${iv}55555555`);
    const packet = fromHex(header + clear + "00".repeat(16));
    for (let i = 0; i < 4; i++) (salt[8 + i] as number) ^= packet[i] as number;
    const gcm = new GcmKey(fromHex(key), salt);
    assert.equal(gcm.encrypt(packet, 32), 48);
    assert.equal(hex(packet), header + expected);
    (packet[4] as number) |= 0x04;
    assert.equal(gcm.decrypt(packet, 48), 32, "the retransmission bit does not matter");
    assert.equal(hex(packet, 16, 32), clear);
  });
}

const GCM_HEADER = fromHex("00c0ffeed8000007000f424012345678");

test("GCM with 256 bits is as OpenSSL's, with header and sequence number as it must have them", () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
  const salt = fromHex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
  const packet = new Uint8Array(16 + 1316 + 16).fill(0x47);
  packet.set(GCM_HEADER);
  assert.equal(new GcmKey(secret, salt).encrypt(packet, 16 + 1316), packet.length);
  const oracle = createDecipheriv("aes-256-gcm", secret, fromHex("a0a1a2a3a4a5a6a7a8695545"));
  oracle.setAAD(GCM_HEADER).setAuthTag(packet.subarray(-16));
  const clear = oracle.update(packet.subarray(16, -16));
  oracle.final();
  assert.deepEqual(new Uint8Array(clear), new Uint8Array(1316).fill(0x47));
});

test("GCM: a change anywhere is found, and leaves the packet as it came", () => {
  const gcm = new GcmKey(new Uint8Array(16).fill(1), new Uint8Array(16).fill(2));
  const packet = new Uint8Array(16 + 188 + 16).fill(0x47);
  packet.set(GCM_HEADER);
  gcm.encrypt(packet, 16 + 188);
  fc.assert(
    fc.property(fc.nat(packet.length - 1), fc.nat(7), (at, bit) => {
      fc.pre(!(at === 4 && bit === 2));
      const changed = packet.slice();
      (changed[at] as number) ^= 1 << bit;
      const before = hex(changed);
      assert.equal(gcm.decrypt(changed, changed.length), -1);
      assert.equal(hex(changed), before);
    }),
  );
  for (const length of [16, 17, 31, 32, 100]) assert.equal(gcm.decrypt(packet.slice(), length), -1);
});
