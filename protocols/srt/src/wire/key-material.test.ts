import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concat, fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { corpusPacket, pooled } from "./corpus.test-support.ts";
import { parseHandshake } from "./handshake.ts";
import { HEADER_BYTES } from "./header.ts";
import {
  type KeyMaterial,
  KM_BAD_CRYPTO_MODE,
  KM_BAD_SECRET,
  KM_NO_SECRET,
  KM_SECURED,
  KM_SECURING,
  KM_UNSECURED,
  parseKeyMaterial,
  parseKeyStatus,
  serializeKeyMaterial,
  serializeKeyStatus,
} from "./key-material.ts";
import { WireViolation } from "./violation.ts";

const HEADER = "12202901 00000000 02000200 00000404";
const SALT = "000102030405060708090a0b0c0d0e0f";
const GOOD = fromHex(HEADER + SALT + "aa".repeat(24));

function keyBlock(file: string): Uint8Array {
  for (const extension of parseHandshake(corpusPacket(file).subarray(HEADER_BYTES)).extensions) {
    if (extension.kind === "kmreq" || extension.kind === "kmrsp") return extension.bytes;
  }
  throw new Error(`no key block in ${file}`);
}

/** The good message with some bytes changed, and so many bytes cut off or put behind. */
function changed(spots: Readonly<Record<number, number>>, more = 0): Uint8Array {
  const bytes = concat([GOOD, new Uint8Array(Math.max(0, more))]).slice(0, GOOD.length + more);
  for (const [at, value] of Object.entries(spots)) bytes[Number(at)] = value;
  return bytes;
}

suite("key material", () => {
  test("reads and writes libsrt's message with one key", () => {
    const bytes = keyBlock("conclusion-caller-key-material");
    const material = parseKeyMaterial(bytes);
    assert.deepEqual(material, {
      keys: 1,
      cipher: 2,
      auth: 0,
      streamEncapsulation: 2,
      salt: fromHex("32b2678aa3231ccfd23b9da887d32fc9"),
      keyBytes: 16,
      wrapped: fromHex("3b2fd8db230b251c45e564232c2cc207c4e1b8188db9001d"),
    });
    assert.equal(hex(serializeKeyMaterial(material)), hex(bytes));
  });

  test("reads and writes libsrt's message with both keys", () => {
    const bytes = corpusPacket("key-refresh-request").subarray(HEADER_BYTES);
    const material = parseKeyMaterial(bytes);
    assert.deepEqual([material.keys, material.keyBytes, material.wrapped.length], [3, 24, 56]);
    assert.equal(hex(serializeKeyMaterial(material)), hex(bytes));
  });

  const MALFORMED: readonly [name: string, bytes: Uint8Array, code: WireViolation["code"]][] = [
    ["empty", new Uint8Array(0), "srt.truncated"],
    ["15 bytes", GOOD.subarray(0, 15), "srt.truncated"],
    ["the reserved bit set", changed({ 0: 0x92 }), "srt.bad-key-material"],
    ["version 2", changed({ 0: 0x22 }), "srt.bad-key-material"],
    ["another packet type", changed({ 0: 0x11 }), "srt.bad-key-material"],
    ["another sign", changed({ 2: 0x28 }), "srt.bad-key-material"],
    ["no key", changed({ 3: 0 }), "srt.bad-key-material"],
    ["another index", changed({ 7: 1 }), "srt.bad-key-material"],
    ["no salt", changed({ 14: 0 }), "srt.bad-key-material"],
    ["a salt of 20 bytes", changed({ 14: 5 }, 4), "srt.bad-key-material"],
    ["a salt of 1020 bytes", changed({ 14: 255 }), "srt.bad-key-material"],
    ["keys of no bytes", changed({ 15: 0 }), "srt.bad-key-material"],
    ["keys of 20 bytes", changed({ 15: 5 }, 4), "srt.bad-key-material"],
    ["keys of 36 bytes", changed({ 15: 9 }, 20), "srt.bad-key-material"],
    ["keys of 1020 bytes", changed({ 15: 255 }), "srt.bad-key-material"],
    ["keys longer than stated", changed({ 15: 6 }), "srt.bad-length"],
    ["two keys, room for one", changed({ 3: 3 }), "srt.bad-length"],
    ["one key, room for two", changed({}, 16), "srt.bad-length"],
    ["a byte too few", changed({}, -1), "srt.bad-length"],
    ["a byte too many", changed({}, 1), "srt.bad-length"],
  ];
  for (const [name, bytes, code] of MALFORMED) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => parseKeyMaterial(pooled(bytes, 4)),
        (error) => error instanceof WireViolation && error.code === code,
      );
    });
  }

  test("passes over reserved bits, and passes on ciphers that it does not know", () => {
    const material = parseKeyMaterial(changed({ 3: 0xfe, 8: 4, 9: 1, 10: 0, 11: 1, 12: 1, 13: 1 }));
    assert.deepEqual(
      [material.keys, material.cipher, material.auth, material.streamEncapsulation],
      [2, 4, 1, 0],
    );
  });

  test("does not write lengths that lie", () => {
    const material = parseKeyMaterial(GOOD);
    for (const wrong of [
      { salt: new Uint8Array(14) },
      { wrapped: new Uint8Array(23) },
      { keyBytes: 32 as const },
    ]) {
      assert.throws(() => serializeKeyMaterial({ ...material, ...wrong }), WireViolation);
    }
  });

  test("takes back what it wrote, at any place in memory", () => {
    const material = fc
      .record({
        keys: fc.constantFrom(1 as const, 2 as const, 3 as const),
        cipher: fc.nat(255),
        auth: fc.nat(255),
        streamEncapsulation: fc.nat(255),
        salt: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        keyBytes: fc.constantFrom(16 as const, 24 as const, 32 as const),
        fill: fc.nat(255),
      })
      .map(({ fill, ...fields }): KeyMaterial => {
        const wrapped = new Uint8Array((fields.keys === 3 ? 2 : 1) * fields.keyBytes + 8).fill(fill);
        return { ...fields, wrapped };
      });
    fc.assert(
      fc.property(material, (given) => {
        const bytes = pooled(serializeKeyMaterial(given), 0x99);
        const read = parseKeyMaterial(bytes);
        bytes.fill(0);
        assert.deepEqual(read, given);
      }),
      { numRuns: 200 },
    );
  });
});

suite("key status", () => {
  const STATUSES: readonly [bytes: string, status: number | undefined][] = [
    ["00000000", KM_UNSECURED],
    ["01000000", KM_SECURING],
    ["02000000", KM_SECURED],
    ["03000000", KM_NO_SECRET],
    ["04000000", KM_BAD_SECRET],
    ["05000000", KM_BAD_CRYPTO_MODE],
    ["06000000", undefined],
    ["04000001", undefined],
    ["040000", undefined],
    ["0400000000", undefined],
    ["", undefined],
  ];
  for (const [bytes, status] of STATUSES) {
    test(`"${bytes}" is ${status}`, () => {
      const given = pooled(fromHex(bytes), 0);
      assert.equal(parseKeyStatus(given), status);
      assert.equal(hex(given), bytes, "the packet was changed");
      if (status !== undefined) assert.equal(hex(serializeKeyStatus(status)), bytes);
    });
  }

  test("a big-endian peer's is understood, too", () => {
    assert.equal(parseKeyStatus(fromHex("00000004")), KM_BAD_SECRET);
  });

  test("libsrt's answers to a wrong passphrase, and to one where it has none", () => {
    assert.equal(parseKeyStatus(keyBlock("conclusion-listener-bad-secret")), KM_BAD_SECRET);
    assert.equal(parseKeyStatus(keyBlock("conclusion-listener-no-secret")), KM_NO_SECRET);
    assert.equal(parseKeyStatus(keyBlock("conclusion-listener-key-material")), undefined);
  });
});
