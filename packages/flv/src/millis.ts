const WRAP = 2 ** 32;

/**
 * Unwraps timestamps of 32 bits: each is taken as the one nearest to the one before, so steps back stay steps back. The
 * first stays as it is.
 */
export class MillisUnwrapper {
  #last = Number.NaN;

  unwrap(raw: number): number {
    const stamp = raw >>> 0;
    // `| 0` makes the difference modulo 2³² a signed one.
    this.#last = Number.isNaN(this.#last) ? stamp : this.#last + ((stamp - (this.#last % WRAP)) | 0);
    return this.#last;
  }
}
