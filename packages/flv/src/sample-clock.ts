/**
 * FLV's stamps are whole milliseconds, cut off by some and rounded by others: two of them are as far apart as the true
 * times, give or take one millisecond. In 90 kHz ticks.
 */
const TOLERANCE_TICKS = 90;
const TICK_RATE = 90_000;

/**
 * Gives audio frames the times that their samples take, as long as these agree with the stamps. What is built of exact
 * times (PES packets, segments) need not be torn at every frame then. No drift: the stamps win where the two part.
 */
export class SampleClock {
  #sampleRate = 0;
  /** Where the samples are counted from, ticks. */
  #anchor = Number.NaN;
  #samples = 0;
  #last = Number.NaN;

  /** Time of a frame of so many samples that is stamped `stamp`, both in ticks. Zero samples: nobody knows. */
  place(stamp: number, samples: number, sampleRate: number): number {
    if (sampleRate !== this.#sampleRate || !(samples > 0)) {
      this.#sampleRate = sampleRate;
      this.#anchor = Number.NaN;
    }
    let time = this.#anchor + Math.round((this.#samples * TICK_RATE) / sampleRate);
    if (!(Math.abs(time - stamp) <= TOLERANCE_TICKS)) {
      const back = this.#last - stamp;
      // What was put late by less than a millisecond must not make a stamp go back that stood still.
      time = back > 0 && back <= TOLERANCE_TICKS ? this.#last : stamp;
      this.#anchor = time;
      this.#samples = 0;
    }
    this.#last = time;
    this.#samples += samples;
    while (this.#samples >= sampleRate && samples > 0) {
      this.#samples -= sampleRate;
      this.#anchor += TICK_RATE;
    }
    return time;
  }
}
