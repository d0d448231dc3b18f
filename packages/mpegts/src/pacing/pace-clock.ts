const NS_PER_TICK = 1000 / 27;
/** How fast a live output may run ahead or behind to follow its source: far more than any crystal is off. */
const SLEW = 0.001;
/** A live source's margin is judged over this much time. */
const WINDOW_NS = 5e9;
/** More than this in the buffer of a live source is brought down at once. */
const EXCESS_NS = 10e9;

/**
 * Maps stream time (27 MHz ticks) to real time (ns). With a latency it follows a live source, whose clock is never quite
 * ours and whose packets come early and late: the smallest margin between arrival and departure is kept between a quarter
 * of the latency and all of it, by running up to 0.1 % fast or slow.
 */
export class PaceClock {
  readonly #latencyNs: number;
  readonly #rigid: boolean;
  #shiftNs = Number.NaN;
  /** What is still to be added to the shift, little by little. */
  #correctionNs = 0;
  #leastNs = Number.POSITIVE_INFINITY;
  #windowNs = Number.NaN;
  #lastNs = Number.NaN;
  #late = false;
  /** Times a live source came too late. */
  underruns = 0;
  /** Times real and stream time had to be tied anew. */
  resyncs = 0;

  /**
   * `latencyNs`: 0 for a source that waits, such as a file. `rigid`: the output never pauses or leaps for the sake of its
   * source, it only runs fast or slow.
   */
  constructor(options: { readonly latencyNs: number; readonly rigid: boolean }) {
    this.#latencyNs = options.latencyNs;
    this.#rigid = options.rigid;
  }

  get rigid(): boolean {
    return this.#rigid;
  }

  get live(): boolean {
    return this.#latencyNs > 0;
  }

  get latencyNs(): number {
    return this.#latencyNs;
  }

  get started(): boolean {
    return !Number.isNaN(this.#shiftNs);
  }

  /** Ties `time`, which is here now, to the real time. */
  start(time: number, nowNs: number): void {
    this.#shiftNs = nowNs + this.#latencyNs - time * NS_PER_TICK;
    this.#begin(nowNs);
  }

  dueNs(time: number): number {
    return time * NS_PER_TICK + this.#shiftNs;
  }

  timeAt(ns: number): number {
    return (ns - this.#shiftNs) / NS_PER_TICK;
  }

  /** Puts everything off by `ns`, or forward. */
  postpone(ns: number): void {
    this.#shiftNs += ns;
    this.resyncs++;
  }

  /** The packet of `time` arrived at `nowNs`: live sources only. */
  observe(time: number, nowNs: number): void {
    if (!this.live) return;
    const margin = this.dueNs(time) - nowNs;
    if (margin < 0 && !this.#late) this.underruns++;
    this.#late = margin < 0;
    if (!this.#rigid && (margin < 0 || margin > this.#latencyNs + EXCESS_NS)) {
      this.postpone(this.#latencyNs - margin);
      this.#begin(nowNs);
      this.#late = false;
      return;
    }
    this.#slew(nowNs);
    this.#leastNs = Math.min(this.#leastNs, margin);
    if (nowNs - this.#windowNs < WINDOW_NS) return;
    const least = this.#leastNs;
    const fits = least >= this.#latencyNs / 4 && least <= this.#latencyNs;
    this.#correctionNs = fits ? 0 : this.#latencyNs / 2 - least;
    this.#leastNs = Number.POSITIVE_INFINITY;
    this.#windowNs = nowNs;
  }

  #begin(nowNs: number): void {
    this.#correctionNs = 0;
    this.#leastNs = Number.POSITIVE_INFINITY;
    this.#windowNs = nowNs;
    this.#lastNs = nowNs;
  }

  #slew(nowNs: number): void {
    const most = Math.max(nowNs - this.#lastNs, 0) * SLEW;
    const step = Math.min(Math.max(this.#correctionNs, -most), most);
    this.#shiftNs += step;
    this.#correctionNs -= step;
    this.#lastNs = nowNs;
  }
}
