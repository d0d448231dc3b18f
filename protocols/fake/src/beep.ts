import { SAMPLE_RATE } from "./settings.ts";

/** The beep sounds for this long from each full second, milliseconds. */
export const BEEP_MS = 100;

/** Peak of the beep: 20 dB below full scale. */
const AMPLITUDE = 0.1;
/** Rise and fall, so that the edges do not click: 5 ms. */
const RAMP_SAMPLES = SAMPLE_RATE / 200;
const BEEP_SAMPLES = (SAMPLE_RATE * BEEP_MS) / 1000;

/** Whether the beep sounds at this time, UTC in milliseconds. */
export function isBeeping(utcMs: number): boolean {
  return utcMs % 1000 < BEEP_MS;
}

/**
 * Fills a frame of samples.
 * @param offset samples since the last full second, at `SAMPLE_RATE`
 */
export function fillBeep(samples: Float32Array, offset: number, toneHz: number): void {
  const step = (2 * Math.PI * toneHz) / SAMPLE_RATE;
  for (let i = 0; i < samples.length; i++) {
    const at = (offset + i) % SAMPLE_RATE;
    if (toneHz === 0 || at >= BEEP_SAMPLES) {
      samples[i] = 0;
      continue;
    }
    const edge = Math.min(at, BEEP_SAMPLES - 1 - at);
    const gain = edge < RAMP_SAMPLES ? edge / RAMP_SAMPLES : 1;
    samples[i] = AMPLITUDE * gain * Math.sin(step * at);
  }
}
