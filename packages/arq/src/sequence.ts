/** Serial number arithmetic (RFC 1982) in a space of wrapping sequence numbers. */
export class SequenceSpace {
  /** Width of a number. */
  readonly bits: number;
  /** The largest number, unsigned. */
  readonly mask: number;
  readonly #shift: number;

  /** `bits`: 2 to 32. */
  constructor(bits: number) {
    this.bits = bits;
    this.mask = 2 ** bits - 1;
    this.#shift = 32 - bits;
  }

  /** The number after `sequence`. */
  next(sequence: number): number {
    return ((sequence + 1) & this.mask) >>> 0;
  }

  /** `sequence` moved on by `by`, which may be negative. */
  add(sequence: number, by: number): number {
    return ((sequence + by) & this.mask) >>> 0;
  }

  /**
   * Signed shortest way from `b` to `a`: above 0 when `a` is the later one. From -2^(bits-1) to 2^(bits-1) - 1;
   * exactly half the space apart counts as before.
   */
  diff(a: number, b: number): number {
    return ((a - b) << this.#shift) >> this.#shift;
  }

  /** The later of two numbers. */
  later(a: number, b: number): number {
    return this.diff(a, b) >= 0 ? a : b;
  }

  /** The earlier of two numbers. */
  earlier(a: number, b: number): number {
    return this.diff(a, b) <= 0 ? a : b;
  }
}

/** RTP, RIST. */
export const SEQUENCE_16: SequenceSpace = new SequenceSpace(16);
/** SRT's packet sequence numbers (draft-sharabayko-srt §3.1). */
export const SEQUENCE_31: SequenceSpace = new SequenceSpace(31);
export const SEQUENCE_32: SequenceSpace = new SequenceSpace(32);
