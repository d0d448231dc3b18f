import { concat, putU32be, u16be, u32be } from "@millrace/bytes";
import { WireViolation } from "./violation.ts";

/** States of encryption, and what a 4-byte KMRSP says (draft-sharabayko-srt §3.2.1.2). */
export const KM_UNSECURED = 0;
export const KM_SECURING = 1;
export const KM_SECURED = 2;
export const KM_NO_SECRET = 3;
export const KM_BAD_SECRET = 4;
export const KM_BAD_CRYPTO_MODE = 5;

const HEADER_BYTES = 16;
const SALT_BYTES = 16;
/** RFC 3394: the wrapping adds this much. */
const INTEGRITY_BYTES = 8;
const STATUS_BYTES = 4;
/** S 0, version 1, packet type 2. */
const FIRST_BYTE = 0x12;
/** "HAI" as a PnP vendor ID. */
const SIGN = 0x2029;

/** A key material message (draft-sharabayko-srt §3.2.2), its lengths all true. Byte arrays are copies. */
export interface KeyMaterial {
  /** 1 even, 2 odd, 3 both. */
  readonly keys: 1 | 2 | 3;
  /** 2 AES-CTR, 4 AES-GCM; others are passed on as they came. */
  readonly cipher: number;
  /** 0 none, 1 AES-GCM. */
  readonly auth: number;
  /** 2: MPEG-TS over SRT, whatever the payload is. */
  readonly streamEncapsulation: number;
  /** 16 bytes. */
  readonly salt: Uint8Array;
  /** Of one key. */
  readonly keyBytes: 16 | 24 | 32;
  /** One or two keys, even before odd, wrapped as RFC 3394 says: 8 bytes longer than they are. */
  readonly wrapped: Uint8Array;
}

/** Reads a whole message. Throws `WireViolation` unless every field is valid and the lengths add up exactly. */
export function parseKeyMaterial(bytes: Uint8Array): KeyMaterial {
  if (bytes.length < HEADER_BYTES)
    throw new WireViolation("srt.truncated", "the key material ends in its header");
  if (bytes[0] !== FIRST_BYTE || u16be(bytes, 1) !== SIGN) throw bad("no key material message of version 1");
  const keys = (bytes[3] as number) & 3;
  if (keys !== 1 && keys !== 2 && keys !== 3) throw bad("key material without a key");
  if (u32be(bytes, 4) !== 0) throw bad("key material for a key encryption key of another index");
  const saltBytes = 4 * (bytes[14] as number);
  if (saltBytes !== SALT_BYTES) throw bad(`a salt of ${saltBytes} bytes`);
  const keyBytes = 4 * (bytes[15] as number);
  if (keyBytes !== 16 && keyBytes !== 24 && keyBytes !== 32) throw bad(`keys of ${keyBytes} bytes`);
  const wrappedAt = HEADER_BYTES + SALT_BYTES;
  const end = wrappedAt + wrappedBytes(keys, keyBytes);
  if (bytes.length !== end) {
    throw new WireViolation(
      "srt.bad-length",
      `key material of ${bytes.length} bytes that says it has ${end}`,
    );
  }
  return {
    keys,
    cipher: bytes[8] as number,
    auth: bytes[9] as number,
    streamEncapsulation: bytes[10] as number,
    salt: new Uint8Array(bytes.subarray(HEADER_BYTES, wrappedAt)),
    keyBytes,
    wrapped: new Uint8Array(bytes.subarray(wrappedAt, end)),
  };
}

/** Writes a message. Throws `WireViolation` if salt or wrapped keys do not have the lengths they must have. */
export function serializeKeyMaterial(material: KeyMaterial): Uint8Array {
  const { keys, keyBytes, salt, wrapped } = material;
  if (salt.length !== SALT_BYTES || wrapped.length !== wrappedBytes(keys, keyBytes)) {
    throw new WireViolation("srt.bad-length", "salt or wrapped keys of the wrong length");
  }
  const header = new Uint8Array(HEADER_BYTES);
  putU32be(header, 0, (FIRST_BYTE << 24) | (SIGN << 8) | keys);
  header[8] = material.cipher;
  header[9] = material.auth;
  header[10] = material.streamEncapsulation;
  header[14] = SALT_BYTES / 4;
  header[15] = keyBytes / 4;
  return concat([header, salt, wrapped]);
}

/** The `KM_*` of a KMRSP that is a status and no message; undefined if it has another length or no known status. */
export function parseKeyStatus(bytes: Uint8Array): number | undefined {
  if (bytes.length !== STATUS_BYTES) return undefined;
  const bigEndian = u32be(bytes, 0);
  // Libsrt writes the status in the order of its machine, so it arrives as little-endian from nearly all of them.
  const status = bigEndian <= KM_BAD_CRYPTO_MODE ? bigEndian : u32be(new Uint8Array(bytes).reverse(), 0);
  return status <= KM_BAD_CRYPTO_MODE ? status : undefined;
}

/** A KMRSP that is a status, in the order of bytes that libsrt reads on little-endian machines. */
export function serializeKeyStatus(status: number): Uint8Array {
  const bytes = new Uint8Array(STATUS_BYTES);
  putU32be(bytes, 0, status);
  return bytes.reverse();
}

function wrappedBytes(keys: 1 | 2 | 3, keyBytes: number): number {
  return (keys === 3 ? 2 : 1) * keyBytes + INTEGRITY_BYTES;
}

function bad(message: string): WireViolation {
  return new WireViolation("srt.bad-key-material", message);
}
