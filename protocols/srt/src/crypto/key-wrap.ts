import { createCipheriv, createDecipheriv, pbkdf2Sync } from "node:crypto";

const INITIAL_VALUE = new Uint8Array(8).fill(0xa6);
const ROUNDS = 2048;
const DERIVATION_SALT_BYTES = 8;

/**
 * The key encrypting key (draft-sharabayko-srt §6.1.4): PBKDF2 with HMAC-SHA-1, 2048 rounds and the last 64 bits of
 * the salt. Costs a millisecond or two.
 */
export function deriveKeyEncryptingKey(passphrase: string, salt: Uint8Array, keyBytes: number): Uint8Array {
  return pbkdf2Sync(passphrase, salt.subarray(-DERIVATION_SALT_BYTES), ROUNDS, keyBytes, "sha1");
}

/** AES key wrap (RFC 3394 §2.2.1): 8 bytes longer than `keys`, whose length is a multiple of 8. */
export function wrapKeys(keyEncryptingKey: Uint8Array, keys: Uint8Array): Uint8Array {
  return createCipheriv(algorithm(keyEncryptingKey), keyEncryptingKey, INITIAL_VALUE).update(keys);
}

/** The reverse (RFC 3394 §2.2.2); undefined when the integrity check fails: another passphrase, or damage. */
export function unwrapKeys(keyEncryptingKey: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  try {
    return createDecipheriv(algorithm(keyEncryptingKey), keyEncryptingKey, INITIAL_VALUE).update(wrapped);
  } catch {
    return undefined;
  }
}

function algorithm(key: Uint8Array): string {
  return `aes${key.length * 8}-wrap`;
}
