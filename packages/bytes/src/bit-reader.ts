/**
 * Reads bit fields, most significant bit first, from `bytes[start, end)`.
 *
 * Never throws: past the end it reads zeros and sets `overrun`, so parsers of hostile input read on and test the flag
 * once. `reset` makes one reader serve many buffers without allocation.
 */
export class BitReader {
  #bytes: Uint8Array;
  #end: number;
  /** Position of the next bit, counted from the start of the array. */
  #bit: number;
  /** True once a read went past the end. */
  overrun: boolean;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#bit = start * 8;
    this.#end = end * 8;
    this.overrun = false;
  }

  /** Starts anew over `bytes[start, end)`. */
  reset(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.#bytes = bytes;
    this.#bit = start * 8;
    this.#end = end * 8;
    this.overrun = false;
  }

  /** Bits that remain. */
  get left(): number {
    return this.#end - this.#bit;
  }

  /** Index in the array of the byte that holds the next bit. */
  get bytePosition(): number {
    return this.#bit >>> 3;
  }

  /** Index of the next bit, counted from the start of the array. */
  get bitPosition(): number {
    return this.#bit;
  }

  get aligned(): boolean {
    return (this.#bit & 7) === 0;
  }

  bit(): number {
    const at = this.#bit;
    if (at >= this.#end) {
      this.overrun = true;
      return 0;
    }
    this.#bit = at + 1;
    return ((this.#bytes[at >>> 3] as number) >>> (7 - (at & 7))) & 1;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** An unsigned field of 0 to 32 bits. */
  bits(count: number): number {
    const at = this.#bit;
    if (at + count > this.#end) {
      this.overrun = true;
      this.#bit = this.#end;
      return 0;
    }
    this.#bit = at + count;
    const bytes = this.#bytes;
    let index = at >>> 3;
    let have = 8 - (at & 7);
    let value = (bytes[index] as number) & (0xff >>> (at & 7));
    if (count <= have) return value >>> (have - count);
    // A 32-bit field that is not byte aligned spans five bytes: 40 bits do not fit an int, so widen with arithmetic.
    let left = count - have;
    while (left >= 8) {
      value = value * 256 + (bytes[++index] as number);
      left -= 8;
    }
    have = left;
    if (have > 0) value = value * (1 << have) + ((bytes[index + 1] as number) >>> (8 - have));
    return value;
  }

  /** An unsigned field of up to 53 bits as an exact number (33-bit time stamps, 42-bit PCR…). */
  wide(count: number): number {
    if (count <= 32) return this.bits(count);
    const high = this.bits(count - 32);
    return high * 0x100000000 + this.bits(32);
  }

  /** The next `count` (≤ 32) bits without consuming them; zeros stand for what is past the end. */
  peek(count: number): number {
    const at = this.#bit;
    const had = this.overrun;
    const left = this.#end - at;
    let value: number;
    if (left >= count) value = this.bits(count);
    else value = this.bits(Math.max(0, left)) * 2 ** (count - Math.max(0, left));
    this.#bit = at;
    this.overrun = had;
    return value;
  }

  skip(count: number): void {
    this.#bit += count;
    if (this.#bit > this.#end) {
      this.#bit = this.#end;
      this.overrun = true;
    }
  }

  /** Moves to the next byte boundary. */
  align(): void {
    this.#bit = (this.#bit + 7) & ~7;
  }

  /** Exp-Golomb ue(v), ITU-T H.264 §9.1. A code of more than 32 leading zeros counts as an overrun. */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      if (this.overrun || ++zeros > 32) {
        this.overrun = true;
        return 0;
      }
    }
    return zeros === 0 ? 0 : 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Exp-Golomb se(v), ITU-T H.264 §9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -(code / 2);
  }
}
