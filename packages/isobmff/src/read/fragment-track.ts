import type { AccessUnit, Ticks, Track } from "@millrace/model";
import { ticksOf } from "../media-time.ts";
import { SAMPLE_NON_SYNC } from "../sample-flags.ts";
import type { FragmentDefaults } from "./movie-box.ts";
import { SampleUnpacker } from "./sample-unpacker.ts";
import { type TrackBox, trackOf } from "./track-box.ts";
import type { EntryDetails } from "./track-details.ts";

/** Steps of decoding time ahead beyond this break the timeline: 10 s. */
const MAX_AHEAD: Ticks = 900_000;
/** Steps back up to this are an inaccuracy of the packager: half a second. */
const MAX_BACK_STEP: Ticks = 45_000;

/** One sample of a fragment, as its boxes tell it. */
export interface FragmentSample {
  /** Offset of its bytes from the start of all that was pushed. */
  offset: number;
  size: number;
  duration: number;
  compositionOffset: number;
  /** sample_flags. */
  flags: number;
}

/** A track of a fragmented file: the samples that are announced, and the state that goes on from one to the next. */
export class FragmentTrack {
  readonly box: TrackBox;
  readonly defaults: FragmentDefaults;
  readonly unpacker: SampleUnpacker;
  /** Of the unpacker, when the track was told last. */
  toldVersion = 0;
  /** DTS of the next sample, in the track's timescale. */
  nextTime: number;
  /** For the next unit. */
  discontinuity = false;

  #offsets = new Float64Array(64);
  #dts = new Float64Array(64);
  #pts = new Float64Array(64);
  #sizes = new Float64Array(64);
  #sync = new Uint8Array(64);
  #begin = 0;
  #end = 0;
  /** How far decoding times go back so that none lies behind its presentation time, in the track's timescale. */
  #dtsShift = 0;
  #lastDts = Number.NaN;

  constructor(box: TrackBox, details: EntryDetails, defaults: FragmentDefaults) {
    this.box = box;
    this.defaults = defaults;
    this.unpacker = new SampleUnpacker(details);
    this.nextTime = box.tableTime;
  }

  get track(): Track {
    return trackOf(this.box, this.unpacker.details);
  }

  /** Samples that are announced and were not taken. */
  get waiting(): number {
    return this.#end - this.#begin;
  }

  /** Of the first one that waits. */
  get offset(): number {
    return this.#offsets[this.#begin] as number;
  }

  get size(): number {
    return this.#sizes[this.#begin] as number;
  }

  get dts(): Ticks {
    return this.#dts[this.#begin] as number;
  }

  /** PTS of the first one that waits; infinite where none does. */
  get pts(): Ticks {
    return this.#begin < this.#end ? (this.#pts[this.#begin] as number) : Number.POSITIVE_INFINITY;
  }

  /** Offset behind the bytes of all that wait. */
  get lastByte(): number {
    let last = 0;
    for (let i = this.#begin; i < this.#end; i++)
      last = Math.max(last, (this.#offsets[i] as number) + (this.#sizes[i] as number));
    return last;
  }

  /** Drops what waits. Returns how many. */
  clear(): number {
    const { waiting } = this;
    this.#begin = 0;
    this.#end = 0;
    return waiting;
  }

  /** Drops the first one that waits. */
  skip(): void {
    this.#begin++;
  }

  /** Takes a sample in; its time is `nextTime`. */
  add(sample: FragmentSample): void {
    if (this.#end === this.#sizes.length) this.#makeRoom();
    const { timescale, shift } = this.box;
    this.#dtsShift = Math.max(this.#dtsShift, -sample.compositionOffset);
    const i = this.#end++;
    const time = this.nextTime + shift;
    this.#offsets[i] = sample.offset;
    this.#sizes[i] = sample.size;
    this.#dts[i] = ticksOf(time - this.#dtsShift, timescale);
    this.#pts[i] = ticksOf(time + sample.compositionOffset, timescale);
    this.#sync[i] = (sample.flags & SAMPLE_NON_SYNC) === 0 ? 1 : 0;
    this.nextTime += sample.duration;
  }

  /**
   * Takes the first one that waits as an access unit; undefined where there is none in it, or it cannot be decoded yet.
   * The unit's data are views on `bytes`, or valid until the next call. Looks at no more than the sample.
   */
  take(bytes: Uint8Array, wallMs: number): AccessUnit | undefined {
    const i = this.#begin++;
    const { unpacker } = this;
    const data = unpacker.unpack(bytes, this.#sync[i] === 1);
    if (unpacker.damaged) this.discontinuity = true;
    if (data === undefined || !unpacker.ready) return undefined;
    let dts = this.#dts[i] as number;
    let pts = this.#pts[i] as number;
    const step = dts - this.#lastDts;
    if (step < -MAX_BACK_STEP || step > MAX_AHEAD) this.discontinuity = true;
    else if (step < 0) {
      dts = this.#lastDts;
      pts = Math.max(pts, dts);
    }
    this.#lastDts = dts;
    const { discontinuity } = this;
    this.discontinuity = false;
    return { track: this.box.trackId, pts, dts, key: unpacker.key, discontinuity, data, wallMs };
  }

  /** Moves what waits to the front, or to longer columns. */
  #makeRoom(): void {
    const { waiting } = this;
    const length = 2 * waiting > this.#sizes.length ? 2 * this.#sizes.length : this.#sizes.length;
    this.#offsets = moved(this.#offsets, this.#begin, length);
    this.#sizes = moved(this.#sizes, this.#begin, length);
    this.#dts = moved(this.#dts, this.#begin, length);
    this.#pts = moved(this.#pts, this.#begin, length);
    const sync = new Uint8Array(length);
    sync.set(this.#sync.subarray(this.#begin));
    this.#sync = sync;
    this.#begin = 0;
    this.#end = waiting;
  }
}

function moved(column: Float64Array<ArrayBuffer>, from: number, length: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(length);
  copy.set(column.subarray(from));
  return copy;
}
