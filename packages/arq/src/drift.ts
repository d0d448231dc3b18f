export interface DriftTracerOptions {
  /** Samples that make one estimate. 1000 unless told otherwise. */
  readonly span?: number;
  /** Drift above which the time base is to be moved. 5000 µs unless told otherwise. */
  readonly maxDriftUs?: number;
}

/**
 * How far the peer's clock has run away from ours (draft-sharabayko-srt §4.7): the mean of so many samples of arrival
 * time minus the time expected by the time base alone. The true offset is time base + `driftUs`, after the time base was
 * moved by `takeOverdrift()`.
 */
export class DriftTracer {
  /** The last estimate, without the overdrift; at most `maxDriftUs` either way. */
  driftUs = 0;
  /** Whole multiple of `maxDriftUs` in the last estimate, if it was larger than that. */
  overdriftUs = 0;
  readonly #span: number;
  readonly #maxDriftUs: number;
  #sumUs = 0;
  #samples = 0;

  constructor(options: DriftTracerOptions = {}) {
    this.#span = options.span ?? 1000;
    this.#maxDriftUs = options.maxDriftUs ?? 5000;
  }

  /** True when a new estimate was made; the overdrift is to be taken then, before the next sample. */
  add(sampleUs: number): boolean {
    this.#sumUs += sampleUs;
    if (++this.#samples < this.#span) return false;
    const meanUs = this.#sumUs / this.#samples;
    const most = this.#maxDriftUs;
    this.#sumUs = 0;
    this.#samples = 0;
    this.overdriftUs = Math.abs(meanUs) > most ? Math.trunc(meanUs / most) * most : 0;
    this.driftUs = meanUs - this.overdriftUs;
    return true;
  }

  /** What to add to the time base; 0 when it was taken already. */
  takeOverdrift(): number {
    const overdriftUs = this.overdriftUs;
    this.overdriftUs = 0;
    return overdriftUs;
  }
}
