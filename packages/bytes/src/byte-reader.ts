import { u16be, u24be, u32be, u64be } from "./big-endian.ts";

/**
 * Reads big-endian integers one after the other from `bytes[start, end)`. Never throws: past the end it reads zeros
 * (and empty slices) and sets `overrun`.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Index of the next byte. */
  at: number;
  overrun = false;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** Bytes that remain. */
  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.#take(1) ? (this.bytes[this.at - 1] as number) : 0;
  }

  u16(): number {
    return this.#take(2) ? u16be(this.bytes, this.at - 2) : 0;
  }

  u24(): number {
    return this.#take(3) ? u24be(this.bytes, this.at - 3) : 0;
  }

  u32(): number {
    return this.#take(4) ? u32be(this.bytes, this.at - 4) : 0;
  }

  /** Exact up to 2⁵³. */
  u64(): number {
    return this.#take(8) ? u64be(this.bytes, this.at - 8) : 0;
  }

  /** A view of the next `count` bytes, not a copy; empty if there are fewer. */
  take(count: number): Uint8Array {
    if (!this.#take(count)) return this.bytes.subarray(this.end, this.end);
    return this.bytes.subarray(this.at - count, this.at);
  }

  skip(count: number): void {
    this.#take(count);
  }

  #take(count: number): boolean {
    if (count < 0 || this.at + count > this.end) {
      this.overrun = true;
      this.at = this.end;
      return false;
    }
    this.at += count;
    return true;
  }
}
