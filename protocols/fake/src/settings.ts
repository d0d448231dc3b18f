/** What the clock looks and sounds like. All numbers are checked; see `config.ts` for their limits. */
export interface ClockSettings {
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  /** Frames a second. */
  readonly fps: number;
  /** Video bits a second. */
  readonly videoBitrate: number;
  /** Audio bits a second. */
  readonly audioBitrate: number;
  /** Frames from one key frame to the next. */
  readonly gop: number;
  /** Hz of the beep; 0 is silence. */
  readonly toneHz: number;
}

export const DEFAULT_CLOCK: ClockSettings = {
  width: 640,
  height: 360,
  fps: 25,
  videoBitrate: 1_000_000,
  audioBitrate: 128_000,
  gop: 25,
  toneHz: 1000,
};

/** Audio sampling rate of everything in this folder, Hz. */
export const SAMPLE_RATE = 48_000;

/** Samples in one AAC frame (ISO/IEC 14496-3 §4.5.1.1). */
export const AAC_FRAME_SAMPLES = 1024;
