import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";

const TICKS_PER_MS = TICKS_PER_SECOND / 1000;
/** The leading track may step back by this much, frames out of order, and forward by this much, frames lost. */
const BACK_TICKS = TICKS_PER_SECOND / 2;
const AHEAD_TICKS = 3 * TICKS_PER_SECOND;
/** Another track that is so far from the leading one is on another timeline: a jump reaches one sooner than the other. */
const APART_TICKS = 3 * TICKS_PER_SECOND;
/** A source that paused for longer than this has another UTC from then on. */
const PAUSE_MS = 1000;
/** The source's clock may be slower than ours by this much in a frame: 100 ppm with 25 frames a second. */
const DRIFT_MS = 0.004;

/**
 * Puts the timestamps of a source on a timeline of our own, 90 kHz, that starts at UTC and has neither jumps nor holes
 * where the source has them: players need not seek. What UTC a time stands for is kept beside it.
 */
export class MediaTimeline {
  #offset: Ticks = 0;
  #utcOffsetMs = 0;
  #lastDts: Ticks = 0;
  #lastWallMs = 0;
  #end: Ticks = 0;
  #started = false;

  get started(): boolean {
    return this.#started;
  }

  /** To add to a timestamp of the source. */
  get offset(): Ticks {
    return this.#offset;
  }

  /** UTC in milliseconds of a time on this timeline. */
  utcMs(ticks: Ticks): number {
    return ticks / TICKS_PER_MS + this.#utcOffsetMs;
  }

  /** A frame of the leading track, whose timestamps rule all. `frameTicks`: how long it lasts. */
  lead(dts: Ticks, wallMs: number, frameTicks: Ticks): void {
    if (!this.#started) this.#start(dts, wallMs);
    const step = dts - this.#lastDts;
    if (step < -BACK_TICKS || step > AHEAD_TICKS) {
      this.#offset = this.#end - dts;
      this.#tellUtc(dts, wallMs);
    } else if (wallMs - this.#lastWallMs - step / TICKS_PER_MS > PAUSE_MS) {
      this.#tellUtc(dts, wallMs);
    } else {
      // Frames come late, never early: the earliest of them all tells, but for clocks that differ a little.
      this.#utcOffsetMs = Math.min(this.#utcOffsetMs + DRIFT_MS, this.#utcOf(dts, wallMs));
    }
    this.#lastDts = dts;
    this.#lastWallMs = wallMs;
    this.#end = Math.max(this.#end, dts + this.#offset + frameTicks);
  }

  /** Whether a frame of another track belongs where the leading track is. */
  holds(dts: Ticks): boolean {
    return this.#started && Math.abs(dts - this.#lastDts) < APART_TICKS;
  }

  #start(dts: Ticks, wallMs: number): void {
    this.#started = true;
    this.#offset = Math.round(wallMs * TICKS_PER_MS) - dts;
    this.#lastDts = dts;
    this.#lastWallMs = wallMs;
    this.#end = dts + this.#offset;
  }

  #tellUtc(dts: Ticks, wallMs: number): void {
    this.#utcOffsetMs = this.#utcOf(dts, wallMs);
  }

  #utcOf(dts: Ticks, wallMs: number): number {
    return wallMs - (dts + this.#offset) / TICKS_PER_MS;
  }
}
