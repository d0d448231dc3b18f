import { TICKS_PER_SECOND, TICKS_WRAP, type Ticks } from "@millrace/model";

const KEPT_PERIODS = 8;
/** A step beyond this inside a period is a break that nobody announced: a minute, as segments may be missing. */
export const STEP_MAX: Ticks = 60 * TICKS_PER_SECOND;

/**
 * Puts the timelines of a playlist behind each other. Between two breaks all renditions are on the same one (RFC 8216
 * §6.2.4), so whichever comes to a break first says for all how it is moved.
 */
export class PeriodOffsets {
  readonly #offsets = new Map<number, Ticks>();

  /**
   * What to add to the times of a rendition in a period. `first`: the time it begins with there. `end`: where, as moved,
   * it ended before; undefined at its beginning. `wraps`: its times have 33 bits.
   */
  offset(
    period: number,
    from: { readonly first: Ticks; readonly end: Ticks | undefined; readonly wraps: boolean },
  ): Ticks {
    const { first, end, wraps } = from;
    const known = this.#offsets.get(period);
    if (known === undefined) {
      const offset = end === undefined ? 0 : Math.round(end) - first;
      this.#offsets.set(period, offset);
      for (const old of this.#offsets.keys())
        if (this.#offsets.size > KEPT_PERIODS) this.#offsets.delete(old);
      return offset;
    }
    const near = this.#reference;
    if (!wraps || near === undefined) return known;
    return known + Math.round((near - first - known) / TICKS_WRAP) * TICKS_WRAP;
  }

  /** Time, as moved, that was reached last: what has 33 bits only is the nearest to it. */
  set reached(ticks: Ticks) {
    this.#reference = ticks;
  }

  #reference: Ticks | undefined;
}
