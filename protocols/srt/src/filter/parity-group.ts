import { u16be, u32be } from "@millrace/bytes";
import { PacketWords } from "../crypto/packet-words.ts";
import { HEADER_BYTES } from "../wire/header.ts";
import { FILTER_EXTRA_BYTES } from "./config.ts";

const NO_WORDS = new Int32Array(0);
const words = new PacketWords();

/**
 * Packets of one row or column, XORed: timestamps, key flags, lengths and payloads, these as if zeros followed up to
 * the longest. With the packet of parity among them, what remains is the one that is missing.
 */
export class ParityGroup {
  /** Which row, or which group of its column, this is; one object serves several in turn. */
  number = -1;
  /** Packets of data. */
  collected = 0;
  /** The packet of parity is in. */
  hasParity = false;
  timestamp = 0;
  /** Key flags. */
  flags = 0;
  length = 0;
  /** Bytes of the longest payload so far. */
  longest = 0;
  /** A payload was too long, so that nothing can be rebuilt. */
  spoiled = false;
  readonly #mostBytes: number;
  #words = NO_WORDS;
  #bytes = new Uint8Array(0);

  /** `mostBytes`: of a payload. Memory for it is taken with the first packet. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The XOR of payloads; `longest` bytes of it mean something. */
  get payload(): Uint8Array {
    return this.#bytes;
  }

  begin(number: number): void {
    this.number = number;
    this.collected = 0;
    this.hasParity = false;
    this.timestamp = 0;
    this.flags = 0;
    this.length = 0;
    this.spoiled = false;
    this.#words.fill(0, 0, (this.longest + 3) >> 2);
    this.longest = 0;
  }

  /** A whole packet of data. */
  add(packet: Uint8Array, length: number): void {
    const bytes = length - HEADER_BYTES;
    this.collected++;
    this.timestamp ^= u32be(packet, 8);
    this.flags ^= ((packet[4] as number) >> 3) & 3;
    this.length ^= bytes;
    this.#xor(packet, HEADER_BYTES, bytes);
  }

  /** A whole packet of parity: behind its header an index, key flags and the length, then the payload. */
  addParity(packet: Uint8Array, length: number): void {
    this.hasParity = true;
    this.timestamp ^= u32be(packet, 8);
    this.flags ^= packet[HEADER_BYTES + 1] as number;
    this.length ^= u16be(packet, HEADER_BYTES + 2);
    const from = HEADER_BYTES + FILTER_EXTRA_BYTES;
    this.#xor(packet, from, length - from);
  }

  #xor(packet: Uint8Array, from: number, bytes: number): void {
    if (bytes > this.#mostBytes) {
      this.spoiled = true;
      return;
    }
    if (this.#bytes.length === 0) {
      this.#words = new Int32Array((this.#mostBytes + 3) >> 2);
      this.#bytes = new Uint8Array(this.#words.buffer);
    }
    if (bytes > this.longest) this.longest = bytes;
    const start = packet.byteOffset + from;
    let at = 0;
    if (start % 4 === 0) {
      const source = words.over(packet);
      const target = this.#words;
      const count = bytes >> 2;
      const base = start >> 2;
      for (let i = 0; i < count; i++) (target[i] as number) ^= source[base + i] as number;
      at = count << 2;
    }
    const target = this.#bytes;
    for (; at < bytes; at++) (target[at] as number) ^= packet[from + at] as number;
  }
}
