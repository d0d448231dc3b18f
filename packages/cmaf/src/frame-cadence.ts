import type { Ticks } from "@millrace/model";

const LATE_FRAMES = 4;
/** No part but the last of a segment may be shorter than this share of the longest (rfc8216bis §4.4.4.9). */
const LEAST_PART = 0.85;

/**
 * How far apart frames are, and how many make a group of pictures: so that a part can be closed with its last frame, and
 * not only when the one after it tells how long it lasted.
 */
export class FrameCadence {
  #frameTicks: number;
  #lastDts: number | undefined;
  #sinceKey = 0;
  #gopFrames = 0;
  #regular = false;
  /** Frames in a row that came later than expected: one was lost, a row of them means that the headers are wrong. */
  #late = 0;

  /** `frameTicks`: what the headers say, 0 when they do not. */
  constructor(frameTicks: Ticks) {
    this.#frameTicks = frameTicks;
  }

  /** 0 while it is not known. */
  get frameTicks(): Ticks {
    return Math.round(this.#frameTicks);
  }

  /** Frames since the last key frame, with it. */
  get sinceKey(): number {
    return this.#sinceKey;
  }

  /**
   * Whether a part should end behind the last frame: groups of pictures are divided evenly into parts of at most so many
   * frames, so that each of them begins with a part. Undefined where they are not alike, or do not divide into parts of
   * at least 85 % of that (rfc8216bis §4.4.4.9).
   */
  endsPart(most: number): boolean | undefined {
    const gop = this.#gopFrames;
    if (!this.#regular || gop === 0 || this.#sinceKey > gop) return undefined;
    const parts = Math.ceil(gop / most);
    if (Math.floor(gop / parts) < most * LEAST_PART) return undefined;
    const place = (this.#sinceKey * parts) % gop;
    // ⌈i·gop ∕ parts⌉ frames make i parts.
    return place < parts;
  }

  push(dts: Ticks, key: boolean): void {
    const last = this.#lastDts;
    this.#lastDts = dts;
    if (last !== undefined && dts > last) this.#learn(dts - last);
    if (!key) {
      this.#sinceKey++;
      return;
    }
    this.#regular = this.#sinceKey === this.#gopFrames;
    this.#gopFrames = this.#sinceKey;
    this.#sinceKey = 1;
  }

  /** The next frame does not follow the last one in time. */
  restart(): void {
    this.#lastDts = undefined;
    this.#sinceKey = 0;
    this.#regular = false;
  }

  /** Timestamps in milliseconds come as 33, 33, 34: the mean of what is near counts, a lost frame does not. */
  #learn(ticks: Ticks): void {
    const known = this.#frameTicks;
    const isLate = known > 0 && ticks >= known * 1.5;
    this.#late = isLate ? this.#late + 1 : 0;
    if (known === 0 || ticks < known * 0.6 || this.#late === LATE_FRAMES) this.#frameTicks = ticks;
    else if (!isLate) this.#frameTicks = known + (ticks - known) / 16;
  }
}
