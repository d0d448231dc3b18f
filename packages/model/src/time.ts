/**
 * Time inside the engine.
 *
 * `Ticks` are integers at 90 kHz (ISO/IEC 13818-1 §2.4.3.7), unwrapped from the 33-bit fields of the wire to
 * integers that stay exact in a double for 3,000 years. `pcr27` values are integers at 27 MHz.
 */
export type Ticks = number;

/** Clock rate of `Ticks`, in Hz. */
export const TICKS_PER_SECOND = 90_000;

/** Rate of the system clock that PCR samples, in Hz (ISO/IEC 13818-1 §2.4.2.1). */
export const PCR_HZ = 27_000_000;

/** One turn of a 33-bit PTS or DTS, in ticks. */
export const TICKS_WRAP = 2 ** 33;

/** One turn of a PCR (33 bits at 90 kHz times 300), at 27 MHz. */
export const PCR_WRAP = TICKS_WRAP * 300;

/** Where a unit of work gets the time from; passed in so that state machines can be tested by feeding time. */
export interface Clock {
  /** Monotonic time in nanoseconds, as a double (exact to 1 ns for 104 days). */
  nowNs(): number;
  /** Wall-clock time, UTC, in milliseconds since 1970. */
  wallMs(): number;
}
