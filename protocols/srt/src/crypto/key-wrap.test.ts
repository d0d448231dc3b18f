import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { deriveKeyEncryptingKey, unwrapKeys, wrapKeys } from "./key-wrap.ts";

const K16 = "000102030405060708090A0B0C0D0E0F";
const K24 = `${K16}1011121314151617`;
const K32 = `${K24}18191A1B1C1D1E1F`;
const D16 = "00112233445566778899AABBCCDDEEFF";

/** RFC 3394 §4. */
const VECTORS = [
  ["4.1", K16, D16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"],
  ["4.2", K24, D16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"],
  ["4.3", K32, D16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"],
  ["4.4", K24, `${D16}0001020304050607`, "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"],
  ["4.5", K32, `${D16}0001020304050607`, "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"],
  [
    "4.6",
    K32,
    `${D16}${K16}`,
    "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
  ],
] as const;

for (const [section, key, data, wrapped] of VECTORS) {
  test(`wraps and unwraps RFC 3394 §${section}`, () => {
    assert.equal(hex(wrapKeys(fromHex(key), fromHex(data))), wrapped.toLowerCase());
    const unwrapped = unwrapKeys(fromHex(key), fromHex(wrapped));
    assert.ok(unwrapped !== undefined);
    assert.equal(hex(unwrapped), data.toLowerCase());
  });
}

test("any damage is found", () => {
  const key = fromHex(K16);
  const wrapped = wrapKeys(key, fromHex(D16));
  fc.assert(
    fc.property(fc.nat(wrapped.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Uint8Array.from(wrapped);
      (damaged[at] as number) ^= change;
      assert.equal(unwrapKeys(key, damaged), undefined);
    }),
  );
  for (const length of [1, 7, 8, 9, 16, 23])
    assert.equal(unwrapKeys(key, wrapped.subarray(0, length)), undefined);
});

/** PBKDF2 as RFC 8018 §5.2 writes it. */
function pbkdf2(password: string, salt: Uint8Array, length: number): string {
  let result = "";
  for (let block = 1; result.length < 2 * length; block++) {
    let u = createHmac("sha1", password)
      .update(salt)
      .update(Uint8Array.of(0, 0, 0, block))
      .digest();
    const sum = Uint8Array.from(u);
    for (let round = 1; round < 2048; round++) {
      u = createHmac("sha1", password).update(u).digest();
      for (let i = 0; i < sum.length; i++) (sum[i] as number) ^= u[i] as number;
    }
    result += hex(sum);
  }
  return result.slice(0, 2 * length);
}

for (const length of [16, 24, 32]) {
  test(`derives a key of ${length} bytes with the last 8 bytes of the salt`, () => {
    const salt = fromHex("f0f1f2f3f4f5f6f70001020304050607");
    const password = "pässphrase";
    const key = deriveKeyEncryptingKey(password, salt, length);
    assert.equal(hex(key), pbkdf2(password, salt.subarray(8), length));
  });
}
