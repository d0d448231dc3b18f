import { createCipheriv, createDecipheriv } from "node:crypto";
import { HEADER_BYTES } from "../wire/header.ts";
import { type PacketKey, TAG_BYTES } from "./packet-key.ts";

const NONCE_BYTES = 12;
/** The retransmission bit in the second word of the header, byte 4. */
const RETRANSMITTED = 0x04;

/**
 * AES-GCM as libsrt does it since 1.5.4, and with peers that say at least that version: the nonce is the first 96 bits
 * of the salt with the sequence number XORed into the last 32; the associated data are the 16 bytes of the header as
 * sent, with the retransmission bit cleared, since it changes when a packet is sent again; the 16-byte tag follows the
 * payload. (1.5.2 and 1.5.3 cut the nonce short, which repeats it: not supported.)
 */
export class GcmKey implements PacketKey {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  readonly #algorithm: "aes-128-gcm" | "aes-256-gcm";
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  readonly #header = new Uint8Array(HEADER_BYTES);
  readonly #tag = new Uint8Array(TAG_BYTES);

  /** `secret` is of 16 or 32 bytes: libsrt knows no other with GCM. */
  constructor(secret: Uint8Array, salt: Uint8Array) {
    this.secret = secret;
    this.salt = salt;
    this.#algorithm = secret.length === 16 ? "aes-128-gcm" : "aes-256-gcm";
    this.#nonce.set(salt.subarray(0, NONCE_BYTES));
  }

  encrypt(packet: Uint8Array, length: number): number {
    this.#prepare(packet);
    const cipher = createCipheriv(this.#algorithm, this.secret, this.#nonce);
    cipher.setAAD(this.#header);
    packet.set(cipher.update(packet.subarray(HEADER_BYTES, length)), HEADER_BYTES);
    cipher.final();
    packet.set(cipher.getAuthTag(), length);
    return length + TAG_BYTES;
  }

  decrypt(packet: Uint8Array, length: number): number {
    const end = length - TAG_BYTES;
    if (end < HEADER_BYTES) return -1;
    this.#prepare(packet);
    for (let i = 0; i < TAG_BYTES; i++) this.#tag[i] = packet[end + i] as number;
    const decipher = createDecipheriv(this.#algorithm, this.secret, this.#nonce);
    decipher.setAAD(this.#header);
    const clear = decipher.update(packet.subarray(HEADER_BYTES, end));
    decipher.setAuthTag(this.#tag);
    try {
      decipher.final();
    } catch {
      return -1;
    }
    packet.set(clear, HEADER_BYTES);
    return end;
  }

  #prepare(packet: Uint8Array): void {
    for (let i = 0; i < HEADER_BYTES; i++) this.#header[i] = packet[i] as number;
    this.#header[4] = (this.#header[4] as number) & ~RETRANSMITTED;
    for (let i = 0; i < 4; i++) this.#nonce[8 + i] = (this.salt[8 + i] as number) ^ (packet[i] as number);
  }
}
