import { soundTicksOf, timeOf, timescaleOf } from "@millrace/isobmff";
import { type AccessUnit, TICKS_PER_SECOND, type Ticks, type Track } from "@millrace/model";
import type { MediaTimeline } from "./media-timeline.ts";

/** While nothing is known of frames, seconds. */
const USUAL_FRAME_S = 0.04;
/** Audio that is so much later than where the frame before ended has a hole; less is what timestamps are rounded by. */
const SNAP_S = 0.02;

/** The times of one track's frames in its timescale. A frame goes out before it is known how long it lasts. */
export class TrackTimes {
  readonly #source: Track;
  readonly #timeline: MediaTimeline;
  readonly #timescale: number;
  /** In the track's timescale. */
  #frame: number;
  #end = Number.NEGATIVE_INFINITY;
  #lastDts: Ticks | undefined;
  decodeTime = 0;
  compositionOffset = 0;
  duration = 0;

  constructor(source: Track, timeline: MediaTimeline) {
    this.#source = source;
    this.#timeline = timeline;
    this.#timescale = timescaleOf(source);
    this.#frame = usualFrame(source, this.#timescale);
  }

  /** How long frames last, 90 kHz. */
  get frameTicks(): Ticks {
    return Math.round((this.#frame * TICKS_PER_SECOND) / this.#timescale);
  }

  /** Whether times of this track can go on where they were. */
  fits(track: Track): boolean {
    return (
      track.codec === this.#source.codec &&
      timescaleOf(track) === this.#timescale &&
      track.audio?.frameSamples === this.#source.audio?.frameSamples
    );
  }

  /** Settles the times of the next frame. False: it is a repetition of what was there. */
  next(unit: AccessUnit): boolean {
    const { offset } = this.#timeline;
    const presented = timeOf(unit.pts + offset, this.#timescale);
    if (this.#source.kind === "audio") return this.#sound(presented, soundTicksOf(this.#source, unit));
    return this.#picture(unit, presented);
  }

  /** Audio has a clock of its own, which timestamps only round. */
  #sound(presented: number, frame: number | undefined): boolean {
    if (frame === undefined) return this.#vagueSound(presented);
    this.#frame = frame;
    const late = presented - this.#end;
    if (late < -this.#frame) return false;
    const follows = Math.abs(late) <= Math.max(this.#timescale * SNAP_S, this.#frame / 2);
    this.decodeTime = follows || late < 0 ? this.#end : presented;
    this.compositionOffset = 0;
    this.duration = this.#frame;
    this.#end = this.decodeTime + this.#frame;
    return true;
  }

  /** Nobody knows how long frames last: their timestamps are all there is. */
  #vagueSound(presented: number): boolean {
    const step = presented - this.decodeTime;
    if (this.duration > 0 && step <= 0) return false;
    if (this.duration > 0 && step < this.#timescale) this.#frame = step;
    this.decodeTime = presented;
    this.compositionOffset = 0;
    this.duration = this.#frame;
    return true;
  }

  /**
   * Media Source Extensions §3.5.8 takes a step of decoding times of more than two frames for a new sequence, which has to
   * begin with a key frame. So decoding times follow with at most that step; what is seen when, is said by the offset.
   */
  #picture(unit: AccessUnit, presented: number): boolean {
    const { dts } = unit;
    const step = this.#lastDts === undefined ? 0 : dts - this.#lastDts;
    this.#lastDts = dts;
    if (step > 0 && step < TICKS_PER_SECOND) this.#frame += (step - this.#frame) / 8;
    const time = timeOf(dts + this.#timeline.offset, this.#timescale);
    const before = this.decodeTime;
    const frame = Math.max(1, Math.round(this.#frame));
    const isFirst = this.duration === 0;
    const most = before + 2 * this.duration;
    this.decodeTime = isFirst ? time : Math.max(before + 1, Math.min(time, most));
    this.compositionOffset = presented - this.decodeTime;
    this.duration = frame;
    return true;
  }
}

function usualFrame({ kind, audio, video }: Track, timescale: number): number {
  if (kind === "audio") return audio?.frameSamples ?? Math.round(timescale * USUAL_FRAME_S);
  const rate = video?.frameRate;
  const known = rate !== undefined && rate.num > 0 && rate.den > 0;
  return known ? (timescale * rate.den) / rate.num : timescale * USUAL_FRAME_S;
}
