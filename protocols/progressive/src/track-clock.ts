import { soundTicksOf, timeOf, timescaleOf } from "@millrace/isobmff";
import { type AccessUnit, TICKS_PER_SECOND, type Ticks, type Track } from "@millrace/model";

/** While nothing is known of frames, seconds. */
const USUAL_FRAME_S = 0.04;
/** Sound that is no further from where the frame before ended follows it: timestamps are rounded, seconds. */
const SNAP_S = 0.02;

/** The times of one track's frames in its timescale, on the timeline of a file. */
export class TrackClock {
  readonly timescale: number;
  readonly #source: Track;
  #frame: number;
  #end = Number.NEGATIVE_INFINITY;
  #lastDts: Ticks | undefined;
  decodeTime = 0;
  compositionOffset = 0;
  /** How long the frame lasts, or is thought to: the next one has not come. */
  duration = 0;

  constructor(source: Track) {
    this.#source = source;
    this.timescale = timescaleOf(source);
    this.#frame = usualFrame(source, this.timescale);
  }

  /** How long frames last, 90 kHz. */
  get frameTicks(): Ticks {
    return Math.round((this.#frame * TICKS_PER_SECOND) / this.timescale);
  }

  /** Settles the times of the next frame. False: it is a repetition of what was there. */
  next(unit: AccessUnit, offset: Ticks): boolean {
    const presented = timeOf(unit.pts + offset, this.timescale);
    if (this.#source.kind === "audio") return this.#sound(presented, soundTicksOf(this.#source, unit));
    const step = this.#lastDts === undefined ? 0 : unit.dts - this.#lastDts;
    this.#lastDts = unit.dts;
    if (step > 0 && step < TICKS_PER_SECOND) this.#frame += (step - this.#frame) / 8;
    this.decodeTime = Math.max(this.#end, timeOf(unit.dts + offset, this.timescale));
    this.#end = this.decodeTime + 1;
    this.compositionOffset = presented - this.decodeTime;
    this.duration = Math.max(1, Math.round(this.#frame));
    return true;
  }

  /** Audio has a clock of its own, which timestamps only round. */
  #sound(presented: number, frame: number | undefined): boolean {
    if (frame === undefined) return this.#vagueSound(presented);
    this.#frame = frame;
    const late = presented - this.#end;
    if (late < -this.#frame) return false;
    const follows = late <= Math.max(this.timescale * SNAP_S, this.#frame / 2);
    this.decodeTime = follows ? this.#end : presented;
    this.duration = this.#frame;
    this.#end = this.decodeTime + this.#frame;
    return true;
  }

  /** Nobody knows how long frames last: their timestamps are all there is. */
  #vagueSound(presented: number): boolean {
    const step = presented - this.decodeTime;
    if (this.duration > 0 && step <= 0) return false;
    if (this.duration > 0 && step < this.timescale) this.#frame = step;
    this.decodeTime = presented;
    this.duration = this.#frame;
    return true;
  }
}

function usualFrame({ kind, audio, video }: Track, timescale: number): number {
  if (kind === "audio") return audio?.frameSamples ?? Math.round(timescale * USUAL_FRAME_S);
  const rate = video?.frameRate;
  const known = rate !== undefined && rate.num > 0 && rate.den > 0;
  return known ? (timescale * rate.den) / rate.num : timescale * USUAL_FRAME_S;
}
