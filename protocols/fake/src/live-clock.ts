import { isBeeping } from "./beep.ts";
import type { ClockEncoder } from "./clock-encoder.ts";
import type { Face } from "./clock-picture.ts";
import { AAC_FRAME_SAMPLES, type ClockSettings, SAMPLE_RATE } from "./settings.ts";

/** Further behind than this (the machine slept), the lost time is not made up, milliseconds. */
const GIVE_UP_MS = 2000;

/** The parts of `ClockEncoder` that the live clock drives. */
export type FrameMaker = Pick<ClockEncoder, "encodePicture" | "encodeSamples">;

/**
 * Keeps the encoder at real time: media time runs on the monotonic clock from a full second of UTC, so that key
 * frames and beeps fall on full seconds. Pure: times are passed in.
 */
export class LiveClock {
  readonly #maker: FrameMaker;
  readonly #settings: ClockSettings;
  /** Monotonic time of media time 0, milliseconds. */
  #anchorMs: number;
  /** UTC of media time 0, milliseconds; moves only when the wall clock was set. */
  #epochMs: number;
  /** Next frame to encode. */
  #frame: number;
  /** Next sample to encode. */
  #sample: number;

  constructor(maker: FrameMaker, settings: ClockSettings, now: { monotonicMs: number; wallMs: number }) {
    const sinceSecond = now.wallMs % 1000;
    this.#maker = maker;
    this.#settings = settings;
    this.#epochMs = now.wallMs - sinceSecond;
    this.#anchorMs = now.monotonicMs - sinceSecond;
    this.#frame = Math.floor((sinceSecond * settings.fps) / 1000);
    this.#sample = Math.floor((this.#frame * SAMPLE_RATE) / settings.fps);
  }

  /** Encodes everything that is due. Returns the milliseconds until the next frame is. */
  advance(monotonicMs: number, wallMs: number): number {
    const { fps } = this.#settings;
    const frameMs = 1000 / fps;
    const behindMs = monotonicMs - this.#anchorMs - this.#frame * frameMs;
    if (behindMs > GIVE_UP_MS) this.#anchorMs += behindMs;
    const mediaMs = monotonicMs - this.#anchorMs;
    if (Math.abs(wallMs - mediaMs - this.#epochMs) > frameMs) this.#epochMs = Math.round(wallMs - mediaMs);
    while (this.#frame * frameMs <= mediaMs) {
      this.#encodeSamplesUntil(Math.floor((this.#frame * SAMPLE_RATE) / fps));
      this.#maker.encodePicture(this.#frame, this.#face());
      this.#frame++;
    }
    return this.#frame * frameMs - mediaMs;
  }

  #encodeSamplesUntil(end: number): void {
    while (this.#sample + AAC_FRAME_SAMPLES <= end) {
      const shift = ((this.#epochMs % 1000) * SAMPLE_RATE) / 1000;
      this.#maker.encodeSamples(this.#sample, Math.round(this.#sample + shift) % SAMPLE_RATE);
      this.#sample += AAC_FRAME_SAMPLES;
    }
  }

  #face(): Face {
    const utcMs = this.#epochMs + Math.round((this.#frame * 1000) / this.#settings.fps);
    const iso = new Date(utcMs).toISOString();
    return {
      title: `${iso.slice(0, 10)} UTC`,
      time: iso.slice(11, 23),
      footer: `FRAME ${String(this.#frame).padStart(9, "0")}`,
      phase: (utcMs % 1000) / 1000,
      grain: this.#frame,
      beep: isBeeping(utcMs),
    };
  }
}
