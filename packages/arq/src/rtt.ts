export interface RttStart {
  readonly rttUs: number;
  readonly varianceUs: number;
}

/**
 * Smoothed round-trip time and its variance, in microseconds with fractions (draft-sharabayko-srt §4.10, RFC 6298 §2).
 * The initial values hold until there is a sample, which then replaces them.
 */
export class RttEstimator {
  // Initialized here: a field that begins undefined allocates for every fraction stored in it.
  rttUs = 100_000;
  varianceUs = 50_000;
  /** Samples taken in. */
  samples = 0;
  #adopted = false;

  /** 100 ms and 50 ms unless told otherwise. */
  constructor(initial?: RttStart) {
    if (initial === undefined) return;
    this.rttUs = initial.rttUs;
    this.varianceUs = initial.varianceUs;
  }

  /** Takes in one measured round trip; a negative one is ignored. */
  add(sampleUs: number): void {
    if (!(sampleUs >= 0)) return;
    if (this.samples === 0 && !this.#adopted) {
      this.rttUs = sampleUs;
      this.varianceUs = sampleUs / 2;
    } else {
      // The variance first: it is about the estimate that the sample could have been held against.
      this.varianceUs += (Math.abs(sampleUs - this.rttUs) - this.varianceUs) / 4;
      this.rttUs += (sampleUs - this.rttUs) / 8;
    }
    this.samples++;
  }

  /** Takes over what the peer measured; samples that follow are averaged with it. */
  adopt(rttUs: number, varianceUs: number): void {
    this.rttUs = rttUs;
    this.varianceUs = varianceUs;
    this.#adopted = true;
  }
}
