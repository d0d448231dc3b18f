import { PCR_WRAP, TICKS_PER_SECOND, TICKS_WRAP } from "@millrace/model";

/**
 * Signed distance from `from` to `to` on a counter that wraps at `modulus`: in [-modulus/2, modulus/2). Both may be
 * wrapped or not.
 */
export function wrappedDiff(from: number, to: number, modulus: number): number {
  let diff = (to - from) % modulus;
  if (diff < -modulus / 2) diff += modulus;
  else if (diff >= modulus / 2) diff -= modulus;
  return diff;
}

/** Signed distance between two PCRs, 27 MHz. */
export function pcrDiff(from: number, to: number): number {
  return wrappedDiff(from, to, PCR_WRAP);
}

/** Signed distance between two PTS or DTS values, 90 kHz. */
export function ticksDiff(from: number, to: number): number {
  return wrappedDiff(from, to, TICKS_WRAP);
}

/** `value` wrapped into [0, modulus). */
export function wrapValue(value: number, modulus: number): number {
  const rest = value % modulus;
  return rest < 0 ? rest + modulus : rest;
}

/**
 * Turns wrapped counter values into ever-going integers: each value is taken as the one nearest to the value before, so
 * small steps back (B-frames, several elementary streams on one clock) stay steps back. The first value stays as it is.
 */
export class Unwrapper {
  readonly #modulus: number;
  #last = 0;
  #known = false;

  /** `modulus`: where the counter wraps, `TICKS_WRAP` (default) or `PCR_WRAP`. */
  constructor(modulus: number = TICKS_WRAP) {
    this.#modulus = modulus;
  }

  /** Whether a value has been seen. */
  get known(): boolean {
    return this.#known;
  }

  /** The last value returned. */
  get last(): number {
    return this.#last;
  }

  unwrap(raw: number): number {
    const value = this.#known ? this.#last + wrappedDiff(this.#last, raw, this.#modulus) : raw;
    this.#known = true;
    this.#last = value;
    return value;
  }

  reset(): void {
    this.#known = false;
  }
}

/** Steps up to this are plain; a greater one moves a `Timeline` only when the next value confirms it. 60 s. */
const PLAIN_STEP = 60 * TICKS_PER_SECOND;

/**
 * Unwraps the time stamps of all elementary streams of a program on one axis, so that tracks stay together over a wrap.
 * One absurd value (a damaged header) does not move the axis: a far jump counts once a second value lies near it.
 */
export class Timeline {
  #reference = Number.NaN;
  #suspect = Number.NaN;

  /** Whether a value has been seen. */
  get known(): boolean {
    return !Number.isNaN(this.#reference);
  }

  /** Last trusted value. */
  get reference(): number {
    return this.#reference;
  }

  /** `raw` (33 bits, 90 kHz) on the axis. */
  unwrap(raw: number): number {
    if (!this.known) {
      this.#reference = raw;
      return raw;
    }
    const step = ticksDiff(this.#reference, raw);
    const value = this.#reference + step;
    if (Math.abs(step) < PLAIN_STEP || Math.abs(value - this.#suspect) < PLAIN_STEP) {
      this.#reference = value;
      this.#suspect = Number.NaN;
    } else this.#suspect = value;
    return value;
  }

  /** `raw` on the axis, without moving it; NaN while nothing is known. */
  locate(raw: number): number {
    return this.#reference + ticksDiff(this.#reference, raw);
  }
}
