import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";

/**
 * The media timeline is UTC to the nearest step: two servers that take in the same stream, not quite at the same moment, so
 * give the same names to the same segments.
 */
const STEP_TICKS = 10 * TICKS_PER_SECOND;
const TICKS_PER_MS = TICKS_PER_SECOND / 1000;
/** A source that paused for longer than this goes on where UTC is by then. */
const STALL_MS = 3000;
/** More between two frames is a hole: a segment may not be as long as that. */
const HOLE_TICKS = 1.5 * TICKS_PER_SECOND;
/** …unless frames are always far apart. */
const HOLE_FRAMES = 3;
/** Nothing is known of them yet. */
const FIRST_HOLE_TICKS = 5 * TICKS_PER_SECOND;
/** A new timeline may begin so much before the end of the last one, which was an estimate. */
const OVERLAP_TICKS = TICKS_PER_SECOND / 10;
/** They may step back by this much without being another timeline: frames that came out of order. */
const BACK_TICKS = TICKS_PER_SECOND / 2;

/** Puts timestamps of the source on the media timeline, and notices where they do not go on. */
export class MediaClock {
  #offset = 0;
  #utcOffsetMs = 0;
  #lastDts = 0;
  #lastWallMs = 0;
  #started = false;

  /** To add to the media timeline, in milliseconds, to have UTC. */
  get utcOffsetMs(): number {
    return this.#utcOffsetMs;
  }

  get offset(): Ticks {
    return this.#offset;
  }

  /** Whether a frame of the leading track goes on from the one before it. */
  continues(dts: Ticks, wallMs: number, frameTicks: Ticks): boolean {
    if (!this.#started) return false;
    const ticks = dts - this.#lastDts;
    const hole = frameTicks === 0 ? FIRST_HOLE_TICKS : Math.max(HOLE_TICKS, HOLE_FRAMES * frameTicks);
    if (ticks < -BACK_TICKS || ticks > hole) return false;
    return (wallMs - this.#lastWallMs) * TICKS_PER_MS - ticks < STALL_MS * TICKS_PER_MS;
  }

  /** Begins a timeline with this frame, at the earliest at `notBefore` (media timeline). */
  restart(pts: Ticks, wallMs: number, notBefore: Ticks): void {
    const wall = wallMs * TICKS_PER_MS;
    // What still fits stays: the same moment must not get another name because it came a little late.
    if (!this.#started || Math.abs(wall - pts - this.#offset) > 0.75 * STEP_TICKS) {
      this.#offset = Math.round((wall - pts) / STEP_TICKS) * STEP_TICKS;
    }
    if (pts + this.#offset < notBefore - OVERLAP_TICKS) {
      this.#offset += Math.ceil((notBefore - pts - this.#offset) / STEP_TICKS) * STEP_TICKS;
    }
    this.#utcOffsetMs = Math.round((wall - pts - this.#offset) / TICKS_PER_MS);
    this.#started = true;
  }

  /** The leading track's frame was taken. */
  follow(dts: Ticks, wallMs: number): void {
    this.#lastDts = dts;
    this.#lastWallMs = wallMs;
  }
}

/** Converts whole ticks of 90 kHz, which may be as many as since 1970, to another rate, rounded, without loss. */
export function toTimescale(ticks: Ticks, timescale: number): number {
  if (timescale === TICKS_PER_SECOND) return ticks;
  const seconds = Math.floor(ticks / TICKS_PER_SECOND);
  return (
    seconds * timescale + Math.round(((ticks - seconds * TICKS_PER_SECOND) * timescale) / TICKS_PER_SECOND)
  );
}

/** The same the other way. */
export function fromTimescale(time: number, timescale: number): Ticks {
  if (timescale === TICKS_PER_SECOND) return time;
  const seconds = Math.floor(time / timescale);
  return (
    seconds * TICKS_PER_SECOND + Math.round(((time - seconds * timescale) * TICKS_PER_SECOND) / timescale)
  );
}
