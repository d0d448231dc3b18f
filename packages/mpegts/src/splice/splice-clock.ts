import { TICKS_PER_SECOND, TICKS_WRAP } from "@millrace/model";
import { ticksDiff, wrapValue } from "../ts-time.ts";

/** Nothing is moved further than this to make it fit: what is further off is no neighbour but a fault. 10 s. */
export const FAR = 10 * TICKS_PER_SECOND;
/** Taken for a frame's duration where the old stream does not tell: 40 ms. */
const FRAME = 3600;
/** A lead stream that is this far from the others has ended. */
const STALE = 5 * TICKS_PER_SECOND;

/** How far one PID has come in the output. */
export interface PidTime {
  readonly pid: number;
  /** Last DTS and highest PTS, wrapped ticks. */
  dts: number;
  pts: number;
  /** Last step of the DTS: a frame, or what one PES packet holds; 0 if unknown. */
  step: number;
}

export function notePid(time: PidTime, dts: number, pts: number): void {
  const step = ticksDiff(time.dts, dts);
  if (step > 0 && step < TICKS_PER_SECOND) time.step = step;
  if (step < 0 || step > FAR || ticksDiff(time.pts, pts) > 0) time.pts = pts;
  time.dts = dts;
}

/**
 * The time base of one program over a splice: where the old input's ended, and by how much the new one's is moved. All
 * values are 90 kHz ticks modulo 2³³.
 */
export class SpliceClock {
  /** program_number it serves; -1 before tables are known. */
  program = -1;
  /** Added to every time stamp and PCR. */
  offset = 0;
  /** Whether `offset` is fixed since the last switch. */
  decided = true;
  /** The next PCR has to say that the time base is a new one. */
  announce = false;
  /** Since the last switch a PCR, a video frame has been seen. */
  hasPcr = false;
  hasVideo = false;
  #pcr = Number.NaN;
  /** DTS of the lead stream when the last PCR came: tells how old that PCR is. */
  #dtsAtPcr = Number.NaN;
  /** Of the old input until the new one has sent its own: one video stream, one other. */
  #video: PidTime | undefined;
  #other: PidTime | undefined;
  #newVideo = true;
  #newOther = true;
  /** Real time between the two inputs. */
  #gap = 0;

  /** Whether anything was sent on this clock. */
  get known(): boolean {
    return !Number.isNaN(this.#pcr) || this.#video !== undefined || this.#other !== undefined;
  }

  begin(gap: number): void {
    this.#gap = gap;
    this.decided = false;
    this.announce = true;
    this.hasPcr = false;
    this.hasVideo = false;
    this.#newVideo = true;
    this.#newOther = true;
  }

  /** A PCR base as sent. */
  notePcr(base: number): void {
    this.#pcr = base;
    this.#dtsAtPcr = this.#lead?.dts ?? Number.NaN;
  }

  /** A PES packet of `time` was sent. */
  noteStamps(time: PidTime, video: boolean): void {
    const known = video ? this.#video : this.#other;
    const fresh = video ? this.#newVideo : this.#newOther;
    if (known === time) {
      if (video) this.#newVideo = false;
      else this.#newOther = false;
      return;
    }
    if (known !== undefined && !fresh && Math.abs(ticksDiff(known.dts, time.dts)) < STALE) return;
    if (video) this.#video = time;
    else this.#other = time;
    if (video) this.#newVideo = false;
    else this.#newOther = false;
  }

  /** Makes the new input's PCR `base` follow the old one's last. */
  fitPcr(base: number): void {
    if (Number.isNaN(this.#pcr)) return;
    const lead = this.#lead;
    const age = lead === undefined ? 0 : ticksDiff(this.#dtsAtPcr, lead.dts);
    const now = this.#pcr + (age > 0 && age < FAR ? age : 0);
    this.#require(now + Math.max(frameOf(lead), this.#gap) - base);
  }

  /** Makes the new input's first video frame follow the old one's last, in decoding and in display order. */
  fitVideo(dts: number, pts: number): void {
    const old = this.#video;
    if (old === undefined) return;
    this.#require(old.dts + Math.max(frameOf(old), this.#gap) - dts);
    this.#require(old.pts + frameOf(old) - pts);
  }

  /** The same for a stream that is no video: only if there is nothing better to go by. */
  fitOther(dts: number): void {
    const old = this.#other ?? this.#video;
    if (old === undefined || this.decided) return;
    this.#require(old.dts + Math.max(frameOf(old), this.#gap) - dts);
  }

  /** Settles on an offset when no old time stamp is there to follow. */
  settle(offset: number): void {
    this.offset = offset;
    this.decided = true;
  }

  get #lead(): PidTime | undefined {
    return this.#video ?? this.#other;
  }

  #require(needed: number): void {
    if (!this.decided) {
      this.settle(wrapValue(needed, TICKS_WRAP));
      return;
    }
    const more = ticksDiff(this.offset, needed);
    if (more <= 0 || more > FAR) return;
    this.offset = wrapValue(needed, TICKS_WRAP);
    this.announce = true;
  }
}

function frameOf(time: PidTime | undefined): number {
  return time === undefined || time.step === 0 ? FRAME : time.step;
}
