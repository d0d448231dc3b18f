import { bytesError } from "./errors.ts";

/** Writes bit fields, most significant bit first, into a buffer that grows. */
export class BitWriter {
  #bytes: Uint8Array;
  #bit = 0;

  /** `capacity`: bytes to reserve at first. */
  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(Math.max(8, capacity));
  }

  /** Bits written so far. */
  get bitLength(): number {
    return this.#bit;
  }

  get aligned(): boolean {
    return (this.#bit & 7) === 0;
  }

  /** Writes the low `count` (0 to 53) bits of `value`. Throws `bytes.width` if the value does not fit. */
  bits(value: number, count: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** count) {
      throw bytesError("bytes.width", `${value} does not fit ${count} bits`);
    }
    if (count > 24) {
      const high = Math.floor(value / 0x1000000);
      this.bits(high, count - 24);
      this.#put(value % 0x1000000, 24);
    } else this.#put(value, count);
    return this;
  }

  bit(value: number | boolean): this {
    this.#put(value ? 1 : 0, 1);
    return this;
  }

  bytes(source: Uint8Array): this {
    if (this.aligned) {
      this.#reserve(source.length * 8);
      this.#bytes.set(source, this.#bit >>> 3);
      this.#bit += source.length * 8;
    } else for (let i = 0; i < source.length; i++) this.#put(source[i] as number, 8);
    return this;
  }

  /** Exp-Golomb ue(v), ITU-T H.264 §9.1. */
  ue(value: number): this {
    const code = value + 1;
    const width = Math.floor(Math.log2(code)) + 1;
    return this.bits(0, width - 1).bits(code, width);
  }

  /** Exp-Golomb se(v), ITU-T H.264 §9.1.1. */
  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** Fills up the last byte with `fill` bits. */
  align(fill: 0 | 1 = 0): this {
    while (!this.aligned) this.#put(fill, 1);
    return this;
  }

  /** A copy of what was written, the last byte filled up with zeros. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, (this.#bit + 7) >>> 3);
  }

  #reserve(count: number): void {
    const need = (this.#bit + count + 7) >>> 3;
    if (need <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }

  #put(value: number, count: number): void {
    this.#reserve(count);
    let left = count;
    while (left > 0) {
      const index = this.#bit >>> 3;
      const room = 8 - (this.#bit & 7);
      const take = Math.min(room, left);
      const part = (value >>> (left - take)) & ((1 << take) - 1);
      this.#bytes[index] = (this.#bytes[index] as number) | (part << (room - take));
      this.#bit += take;
      left -= take;
    }
  }
}
