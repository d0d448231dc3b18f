import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";

const NS_PER_TICK = 1e9 / TICKS_PER_SECOND;
/** How fast the output may run ahead or behind to follow its source: far more than any crystal is off. */
const SLEW = 0.001;
/** The margin is judged over this much time, and this many arrivals. */
const WINDOW_NS = 30e9;
const WINDOW_ARRIVALS = 4;
/** A source that comes later than this was late; less is the work of timers. */
const LATE_TICKS = 4500;

/**
 * Says what of the media is due, by tying its time to the real time. It follows a live source, whose clock is never quite
 * ours: what is still to be played when more arrives should neither vanish nor grow.
 */
export class ReleaseClock {
  #atNs = Number.NaN;
  #atTicks = 0;
  #rate = 1;
  #leastTicks = Number.POSITIVE_INFINITY;
  #arrivals = 0;
  #windowNs = 0;
  /** Times that everything had been played before more came. */
  underruns = 0;

  get started(): boolean {
    return !Number.isNaN(this.#atNs);
  }

  /** `ticks` is due now. */
  start(ticks: Ticks, nowNs: number): void {
    this.#atNs = nowNs;
    this.#atTicks = ticks;
    this.#rate = 1;
    this.#begin(nowNs);
  }

  /** Media up to this time is due. */
  timeAt(nowNs: number): Ticks {
    return this.#atTicks + ((nowNs - this.#atNs) / NS_PER_TICK) * this.#rate;
  }

  dueNs(ticks: Ticks): number {
    return this.#atNs + ((ticks - this.#atTicks) * NS_PER_TICK) / this.#rate;
  }

  /**
   * More media came: it begins at `ticks`, and is wanted to come `wantedTicks` before it is due. Only for live sources
   * that have been started.
   */
  observe(ticks: Ticks, wantedTicks: Ticks, nowNs: number): void {
    const margin = ticks - this.timeAt(nowNs);
    if (margin < -LATE_TICKS) {
      this.underruns++;
      this.start(ticks, nowNs);
      return;
    }
    this.#leastTicks = Math.min(this.#leastTicks, margin);
    this.#arrivals++;
    if (nowNs - this.#windowNs < WINDOW_NS || this.#arrivals < WINDOW_ARRIVALS) return;
    const least = this.#leastTicks;
    this.#turn(least < wantedTicks / 4 ? 1 - SLEW : least > wantedTicks * 1.5 ? 1 + SLEW : 1, nowNs);
    this.#begin(nowNs);
  }

  #turn(rate: number, nowNs: number): void {
    this.#atTicks = this.timeAt(nowNs);
    this.#atNs = nowNs;
    this.#rate = rate;
  }

  #begin(nowNs: number): void {
    this.#leastTicks = Number.POSITIVE_INFINITY;
    this.#arrivals = 0;
    this.#windowNs = nowNs;
  }
}
