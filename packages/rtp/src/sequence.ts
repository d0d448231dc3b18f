/** Serial number arithmetic on RTP's wrapping fields (RFC 1982, RFC 3550 Appendix A.1). */

/** `a - b` for 16-bit sequence numbers, from -32,768 to 32,767. */
export function sequenceDifference(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** `a - b` for 32-bit timestamps, from -2³¹ to 2³¹ - 1. */
export function timestampDifference(a: number, b: number): number {
  return (a - b) | 0;
}

/** Turns a wrapping field into integers without end. Steps of half the range and more count as backwards. */
export class RtpUnwrapper {
  readonly #range: number;
  #last: number | undefined;

  /** `bits`: 16 for sequence numbers, 32 for timestamps. */
  constructor(bits: 16 | 32) {
    this.#range = 2 ** bits;
  }

  /** The unwrapped value; the first is taken as it stands. */
  unwrap(value: number): number {
    const last = this.#last;
    if (last === undefined) {
      this.#last = value;
      return value;
    }
    const range = this.#range;
    // Floored modulus, so that values before the first stay right.
    let step = (((value - last) % range) + range) % range;
    if (step >= range / 2) step -= range;
    this.#last = last + step;
    return this.#last;
  }

  reset(): void {
    this.#last = undefined;
  }
}
