/**
 * What stands before the bytes of one frame: a moof box with a single sample, and the head of mdat (ISO/IEC 14496-12 §8.8).
 * Everything is at a fixed place, on which players rely: the track's number in byte 47, the decoding time in bytes 72–79,
 * UTC in seconds and microseconds in bytes 92–99, in a box of its own.
 */
export const FRAME_HEAD_BYTES = 132;

const MFHD = 8;
const TRAF = 24;
const TFHD = 32;
const TFDT = 60;
const FUTC = 80;
const TRUN = 100;
const MDAT = 124;

/** default-base-is-moof, and defaults for duration, size and flags (§8.8.7). */
const TFHD_FLAGS = 0x020038;
/** Version 1, for offsets of either sign; data offset, composition offset (§8.8.8). */
const TRUN_FLAGS = 0x01000801;
/** Sample flags (§8.8.3.1). */
const INDEPENDENT = 0x02000000;
const DEPENDENT = 0x01010000;

/** One frame; times in the track's timescale. */
export interface Frame {
  sequence: number;
  /** From 1 to 255. */
  trackId: number;
  decodeTime: number;
  compositionOffset: number;
  duration: number;
  key: boolean;
  /** Bytes. */
  size: number;
  /** UTC, milliseconds. */
  utcMs: number;
}

export function emptyFrame(): Frame {
  return {
    sequence: 0,
    trackId: 0,
    decodeTime: 0,
    compositionOffset: 0,
    duration: 0,
    key: false,
    size: 0,
    utcMs: 0,
  };
}

/** Writes heads of frames, each into the same memory. */
export class FrameHead {
  readonly bytes: Uint8Array = new Uint8Array(FRAME_HEAD_BYTES);
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    this.#box(0, "moof", MDAT);
    this.#box(MFHD, "mfhd", TRAF - MFHD);
    this.#box(TRAF, "traf", MDAT - TRAF);
    this.#box(TFHD, "tfhd", TFDT - TFHD);
    this.#view.setUint32(TFHD + 8, TFHD_FLAGS);
    this.#box(TFDT, "tfdt", FUTC - TFDT);
    this.#view.setUint32(TFDT + 8, 0x01000000);
    this.#box(FUTC, "futc", TRUN - FUTC);
    this.#box(TRUN, "trun", MDAT - TRUN);
    this.#view.setUint32(TRUN + 8, TRUN_FLAGS);
    this.#view.setUint32(TRUN + 12, 1);
    this.#view.setUint32(TRUN + 16, FRAME_HEAD_BYTES);
    this.#box(MDAT, "mdat", 8);
  }

  write(frame: Readonly<Frame>): void {
    const view = this.#view;
    view.setUint32(MFHD + 12, frame.sequence);
    view.setUint32(TFHD + 12, frame.trackId);
    view.setUint32(TFHD + 16, frame.duration);
    view.setUint32(TFHD + 20, frame.size);
    view.setUint32(TFHD + 24, frame.key ? INDEPENDENT : DEPENDENT);
    view.setUint32(TFDT + 12, Math.floor(frame.decodeTime / 2 ** 32));
    view.setUint32(TFDT + 16, frame.decodeTime >>> 0);
    const seconds = Math.floor(frame.utcMs / 1000);
    view.setUint32(FUTC + 12, seconds);
    view.setUint32(FUTC + 16, Math.floor((frame.utcMs - seconds * 1000) * 1000));
    view.setInt32(TRUN + 20, frame.compositionOffset);
    view.setUint32(MDAT, frame.size + 8);
  }

  #box(at: number, type: string, size: number): void {
    this.#view.setUint32(at, size);
    for (let i = 0; i < 4; i++) this.bytes[at + 4 + i] = type.charCodeAt(i);
  }
}
