import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";

/** Where a stream begins in its files: sound that comes before the first picture has room. */
const START_TICKS = TICKS_PER_SECOND;
/** The leading track may step back by this much, frames out of order, and forward by this much, frames lost. */
const BACK_TICKS = TICKS_PER_SECOND / 2;
const AHEAD_TICKS = 3 * TICKS_PER_SECOND;
/** Another track that is so far from the leading one is on another timeline: a jump reaches one sooner than the other. */
const APART_TICKS = 3 * TICKS_PER_SECOND;

/** Puts the timestamps of a source on a timeline that a file can have: from about zero on, without jumps. */
export class StreamClock {
  #offset: Ticks = 0;
  #lastDts: Ticks | undefined;
  #end: Ticks = START_TICKS;

  get started(): boolean {
    return this.#lastDts !== undefined;
  }

  /** To add to a timestamp of the source. */
  get offset(): Ticks {
    return this.#offset;
  }

  /** A frame of the leading track, whose timestamps rule all; it lasts `frameTicks`. */
  lead(dts: Ticks, frameTicks: Ticks): void {
    const step = this.#lastDts === undefined ? Number.POSITIVE_INFINITY : dts - this.#lastDts;
    if (step < -BACK_TICKS || step > AHEAD_TICKS) this.#offset = this.#end - dts;
    this.#lastDts = dts;
    this.#end = Math.max(this.#end, dts + this.#offset + frameTicks);
  }

  /** Whether a frame of another track belongs where the leading track is. */
  holds(dts: Ticks): boolean {
    return this.#lastDts !== undefined && Math.abs(dts - this.#lastDts) < APART_TICKS;
  }
}
