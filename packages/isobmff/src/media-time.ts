import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";

/** A time in some timescale at 90 kHz; exact to half a tick for times of up to 2⁵³. */
export function ticksOf(time: number, timescale: number): Ticks {
  if (timescale === TICKS_PER_SECOND) return time;
  const seconds = Math.floor(time / timescale);
  return (
    seconds * TICKS_PER_SECOND + Math.round(((time - seconds * timescale) * TICKS_PER_SECOND) / timescale)
  );
}

/** A time at 90 kHz in some timescale. */
export function timeOf(ticks: Ticks, timescale: number): number {
  if (timescale === TICKS_PER_SECOND) return ticks;
  const seconds = Math.floor(ticks / TICKS_PER_SECOND);
  return (
    seconds * timescale + Math.round(((ticks - seconds * TICKS_PER_SECOND) * timescale) / TICKS_PER_SECOND)
  );
}
