import { type Cipheriv, createCipheriv } from "node:crypto";
import { u16be, u32be } from "@millrace/bytes";
import { HEADER_BYTES } from "../wire/header.ts";
import type { PacketKey } from "./packet-key.ts";
import { PacketWords } from "./packet-words.ts";

const BLOCK_BYTES = 16;
/**
 * Packets whose key stream is made at once. The cost of a call into OpenSSL is shared among them: eight take little more
 * than half the time of one by one, and hold 10 kB; more gain next to nothing.
 */
const WINDOW_PACKETS = 8;
/** A packet this much older than the window is taken for the start of another run of sequence numbers. */
const LATE_PACKETS = 0x10000;
const NO_WORDS = new Int32Array(0);

/** Counter blocks to be encrypted, used by every key in turn: what `update` returns is a copy. */
class CounterBlocks {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  /** Room for `bytes`; what was there is undefined afterwards. */
  reserve(bytes: number): void {
    if (this.#bytes.length >= bytes) return;
    this.#bytes = new Uint8Array(bytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Writes the blocks of one packet from byte `at` on: 112 bits that are the same in all, then a 16-bit count. */
  write(at: number, blocks: number, prefix: Int32Array): void {
    const view = this.#view;
    const [a, b, c, d] = prefix as unknown as [number, number, number, number];
    for (let i = 0; i < blocks; i++, at += BLOCK_BYTES) {
      view.setInt32(at, a);
      view.setInt32(at + 4, b);
      view.setInt32(at + 8, c);
      view.setInt32(at + 12, d | i);
    }
  }

  first(bytes: number): Uint8Array {
    return this.#bytes.length === bytes ? this.#bytes : this.#bytes.subarray(0, bytes);
  }
}

const counters = new CounterBlocks();

/**
 * AES in counter mode (draft-sharabayko-srt §6.2.2): the counter of a packet's first block is the packet's sequence
 * number at bytes 10 to 13, XORed with the first 112 bits of the salt; the last 16 bits count blocks.
 *
 * The key stream comes from a single AES-ECB object over counter blocks, several packets at a time because sequence
 * numbers follow each other, and is XORed in words of 32 bits where the packet lies on a word boundary.
 */
export class CtrKey implements PacketKey {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  readonly #cipher: Cipheriv;
  readonly #salt: Int32Array;
  readonly #prefix = new Int32Array(4);
  /** Key stream of `WINDOW_PACKETS` packets from `#first` on, `#windowBlocks` blocks each. */
  #window: Int32Array = NO_WORDS;
  #first = -1;
  #windowBlocks = 0;
  /** Key stream of one packet outside the window: late, or larger than those before. */
  #single: Int32Array = NO_WORDS;
  #wanted = 1;
  readonly #words = new PacketWords();

  constructor(secret: Uint8Array, salt: Uint8Array) {
    this.secret = secret;
    this.salt = salt;
    this.#cipher = createCipheriv(`aes-${secret.length * 8}-ecb`, secret, null).setAutoPadding(false);
    this.#salt = Int32Array.of(
      u32be(salt, 0) | 0,
      u32be(salt, 4) | 0,
      u32be(salt, 8) | 0,
      u16be(salt, 12) << 16,
    );
  }

  encrypt(packet: Uint8Array, length: number): number {
    return this.#apply(packet, length);
  }

  decrypt(packet: Uint8Array, length: number): number {
    return this.#apply(packet, length);
  }

  #apply(packet: Uint8Array, length: number): number {
    const bytes = length - HEADER_BYTES;
    const blocks = (bytes + BLOCK_BYTES - 1) >> 4;
    if (blocks <= 0) return length;
    const sequence = u32be(packet, 0);
    // Sequence numbers have 31 bits and wrap.
    let index = ((sequence - this.#first) << 1) >> 1;
    if (blocks > this.#wanted) this.#wanted = blocks;
    // Late packets do not move the window, which newer ones still need.
    if (this.#first < 0 || index >= WINDOW_PACKETS || index < -LATE_PACKETS) {
      this.#fill(sequence);
      index = 0;
    }
    if (index >= 0 && blocks <= this.#windowBlocks) {
      this.#xor(packet, bytes, this.#window, index * this.#windowBlocks * 4);
    } else {
      this.#single = this.#stream(sequence, 1, blocks);
      this.#xor(packet, bytes, this.#single, 0);
    }
    return length;
  }

  #fill(first: number): void {
    this.#first = first;
    this.#windowBlocks = this.#wanted;
    this.#window = this.#stream(first, WINDOW_PACKETS, this.#wanted);
  }

  #stream(first: number, packets: number, blocks: number): Int32Array {
    const salt = this.#salt;
    const prefix = this.#prefix;
    const bytes = packets * blocks * BLOCK_BYTES;
    counters.reserve(bytes);
    prefix[0] = salt[0] as number;
    prefix[1] = salt[1] as number;
    for (let i = 0; i < packets; i++) {
      const sequence = (first + i) & 0x7fff_ffff;
      prefix[2] = (salt[2] as number) ^ (sequence >>> 16);
      prefix[3] = (salt[3] as number) ^ (sequence << 16);
      counters.write(i * blocks * BLOCK_BYTES, blocks, prefix);
    }
    const stream = this.#cipher.update(counters.first(bytes));
    if (stream.byteOffset % 4 === 0) return new Int32Array(stream.buffer, stream.byteOffset, bytes / 4);
    return new Int32Array(new Uint8Array(stream).buffer);
  }

  #xor(packet: Uint8Array, bytes: number, stream: Int32Array, from: number): void {
    const start = packet.byteOffset + HEADER_BYTES;
    let at = 0;
    if (start % 4 === 0) {
      const words = this.#words.over(packet);
      const count = bytes >> 2;
      const base = start >> 2;
      for (let i = 0; i < count; i++) (words[base + i] as number) ^= stream[from + i] as number;
      at = count << 2;
    }
    if (at === bytes) return;
    const octets = new Uint8Array(stream.buffer, stream.byteOffset + from * 4, bytes);
    for (; at < bytes; at++) (packet[HEADER_BYTES + at] as number) ^= octets[at] as number;
  }
}
