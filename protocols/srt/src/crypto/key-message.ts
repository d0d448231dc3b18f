import {
  type KeyMaterial,
  KM_BAD_CRYPTO_MODE,
  KM_BAD_SECRET,
  parseKeyMaterial,
  serializeKeyMaterial,
} from "../wire/key-material.ts";
import { WireViolation } from "../wire/violation.ts";
import { CtrKey } from "./ctr-key.ts";
import { GcmKey } from "./gcm-key.ts";
import { deriveKeyEncryptingKey, unwrapKeys, wrapKeys } from "./key-wrap.ts";
import type { PacketKey } from "./packet-key.ts";

export const SALT_BYTES = 16;
export type CipherMode = "ctr" | "gcm";

/** Cipher and authentication fields of key material (draft-sharabayko-srt §3.2.2). */
const FIELDS = { ctr: { cipher: 2, auth: 0 }, gcm: { cipher: 4, auth: 1 } } as const;
/** Stream encapsulation: MPEG-TS over SRT, which libsrt says whatever the payload is. */
const ENCAPSULATION = 2;
/** Wrong messages with a salt of their own that are looked into; each costs a derivation. */
const MOST_FAILURES = 8;

/** The keys of a good message. */
export interface OpenedKeys {
  readonly mode: CipherMode;
  readonly keyBytes: 16 | 24 | 32;
  readonly salt: Uint8Array;
  readonly even: Uint8Array | undefined;
  readonly odd: Uint8Array | undefined;
}

/** Seals and opens the key material messages of one connection with its passphrase. */
export class KeyMessages {
  readonly #passphrase: string;
  /** The last good salt, and what was derived with it: a refresh keeps the salt. */
  #salt: Uint8Array = new Uint8Array(0);
  #keyEncryptingKey: Uint8Array = new Uint8Array(0);
  #failures = 0;

  constructor(passphrase: string) {
    this.#passphrase = passphrase;
  }

  /** The message that carries one key or both; of two the even one is first. */
  seal(keys: OpenedKeys): Uint8Array {
    const { even, odd, salt, keyBytes } = keys;
    const secrets = new Uint8Array((even?.length ?? 0) + (odd?.length ?? 0));
    if (even !== undefined) secrets.set(even);
    if (odd !== undefined) secrets.set(odd, even?.length ?? 0);
    if (!this.#derived(salt, keyBytes)) this.#keep(salt, this.#derive(salt, keyBytes));
    const wrapped = wrapKeys(this.#keyEncryptingKey, secrets);
    secrets.fill(0);
    return serializeKeyMaterial({
      keys: ((even === undefined ? 0 : 1) | (odd === undefined ? 0 : 2)) as 1 | 2 | 3,
      ...FIELDS[keys.mode],
      streamEncapsulation: ENCAPSULATION,
      salt,
      keyBytes,
      wrapped,
    });
  }

  /** The keys of a message, or the state that says why there are none (`KM_*`). Never throws. */
  open(bytes: Uint8Array, allowed: CipherMode | "auto"): OpenedKeys | number {
    const message = readKeyMaterial(bytes);
    if (message === undefined) return KM_BAD_SECRET;
    const mode = modeOf(message);
    if (mode === undefined || (allowed !== "auto" && mode !== allowed)) return KM_BAD_CRYPTO_MODE;
    const { keyBytes } = message;
    const known = this.#derived(message.salt, keyBytes);
    if (!known && this.#failures >= MOST_FAILURES) return KM_BAD_SECRET;
    const key = known ? this.#keyEncryptingKey : this.#derive(message.salt, keyBytes);
    const secrets = unwrapKeys(key, message.wrapped);
    if (secrets === undefined || secrets.length !== keyBytes * (message.keys === 3 ? 2 : 1)) {
      this.#failures++;
      return KM_BAD_SECRET;
    }
    this.#keep(message.salt, key);
    return {
      mode,
      keyBytes,
      salt: message.salt,
      even: message.keys === 2 ? undefined : secrets.slice(0, keyBytes),
      odd: message.keys === 1 ? undefined : secrets.slice(-keyBytes),
    };
  }

  #derived(salt: Uint8Array, keyBytes: number): boolean {
    return this.#keyEncryptingKey.length === keyBytes && sameBytes(salt, this.#salt);
  }

  #derive(salt: Uint8Array, keyBytes: number): Uint8Array {
    return deriveKeyEncryptingKey(this.#passphrase, salt, keyBytes);
  }

  #keep(salt: Uint8Array, key: Uint8Array): void {
    this.#salt = salt;
    this.#keyEncryptingKey = key;
  }
}

/** The key for one direction: its state is of that direction's sequence numbers. */
export function createPacketKey(mode: CipherMode, secret: Uint8Array, salt: Uint8Array): PacketKey {
  return mode === "gcm" ? new GcmKey(secret, salt) : new CtrKey(secret, salt);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function readKeyMaterial(bytes: Uint8Array): KeyMaterial | undefined {
  try {
    return parseKeyMaterial(bytes);
  } catch (error) {
    if (error instanceof WireViolation) return undefined;
    throw error;
  }
}

function modeOf({ cipher, auth, keyBytes }: KeyMaterial): CipherMode | undefined {
  if (cipher === FIELDS.ctr.cipher && auth === FIELDS.ctr.auth) return "ctr";
  if (cipher === FIELDS.gcm.cipher && auth === FIELDS.gcm.auth && keyBytes !== 24) return "gcm";
  return undefined;
}
