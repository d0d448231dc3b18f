import { PCR_HZ, PCR_WRAP } from "@millrace/model";
import {
  AF_DISCONTINUITY,
  continuityOf,
  hasDiscontinuity,
  pcrOf,
  writePcr,
  writePcrPacket,
} from "../packet.ts";
import { wrapValue } from "../ts-time.ts";

/** A PCR this far from where its clock should be belongs to a new time base: 100 ms. */
const BREAK = PCR_HZ / 10;
/** A program whose PCR has not come for so long has ended: 5 s. */
const GONE = 5 * PCR_HZ;
/** Most ticks a program's clock is moved at each PCR to follow its own crystal: 30 ppm of 40 ms. */
const SLEW = 32;

/** One PID with PCRs, all in ticks of 27 MHz. */
interface Stamped {
  readonly pid: number;
  /** PCR minus stream time. */
  base: number;
  /** Time of the packet clock at the last PCR sent. */
  sent: number;
  /** Stream time of the last PCR received. */
  received: number;
  continuity: number;
}

/** Restamps PCRs to the packet clock of the output, and writes more of them where they come too seldom. */
export class PcrStamper {
  readonly #interval: number;
  readonly #stamped: Stamped[] = [];
  /** When the first of them is overdue. */
  #next = Number.POSITIVE_INFINITY;
  /** PCRs beyond 100 ms of where they were expected. */
  breaks = 0;

  /** `interval`: greatest distance of two PCRs, 27 MHz ticks. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /** Gives the PCR of the packet at `buf[at]`, of stream time `time`, the value for leaving at `now`. */
  restamp(buf: Uint8Array, at: number, place: { time: number; now: number }): void {
    const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
    const { time, now } = place;
    const base = pcrOf(buf, at) - time;
    let stamped = this.#find(pid);
    if (stamped === undefined) {
      stamped = { pid, base, sent: now, received: time, continuity: 0 };
      this.#stamped.push(stamped);
    }
    const off = wrapValue(base - stamped.base + PCR_WRAP / 2, PCR_WRAP) - PCR_WRAP / 2;
    if (Math.abs(off) > BREAK || hasDiscontinuity(buf, at)) {
      if (Math.abs(off) > BREAK) {
        buf[at + 5] = (buf[at + 5] as number) | AF_DISCONTINUITY;
        this.breaks++;
      }
      stamped.base = base;
    } else stamped.base += Math.min(Math.max(Math.round(off / 16), -SLEW), SLEW);
    stamped.received = time;
    stamped.sent = now;
    stamped.continuity = continuityOf(buf, at);
    writePcr(buf, at + 6, wrapValue(now + Math.floor(stamped.base), PCR_WRAP));
    this.#forget(time);
    this.#plan();
  }

  /** Notes the continuity counter of a packet of one of the PIDs. */
  pass(pid: number, continuity: number): void {
    const stamped = this.#find(pid);
    if (stamped !== undefined) stamped.continuity = continuity;
  }

  /** Stream time and packet clock were tied anew: PCRs go on from the packet clock, the stream's time is `by` later. */
  shift(by: number): void {
    for (const stamped of this.#stamped) stamped.received += by;
  }

  /**
   * Whether a PCR has to leave now, at `now`, so as not to be late with the packet after, `step` ticks on. Where there are
   * several clocks their PCRs may be due in a row, so each is taken that much earlier.
   */
  isDue(now: number, step: number): boolean {
    return now + step * this.#stamped.length > this.#next;
  }

  /** Writes a packet with the PCR that is most overdue, for leaving at `now`. */
  write(buf: Uint8Array, at: number, now: number): void {
    const first = this.#stamped.reduce((a, b) => (b.sent < a.sent ? b : a));
    const { pid, continuity } = first;
    writePcrPacket(buf, at, { pid, continuity, pcr27: wrapValue(now + Math.floor(first.base), PCR_WRAP) });
    first.sent = now;
    this.#plan();
  }

  /** The stream has come to `time`: programs that ended get no more PCRs. */
  #forget(time: number): void {
    for (let i = this.#stamped.length - 1; i >= 0; i--) {
      if (time - (this.#stamped[i] as Stamped).received > GONE) this.#stamped.splice(i, 1);
    }
  }

  #find(pid: number): Stamped | undefined {
    for (let i = 0; i < this.#stamped.length; i++) {
      if ((this.#stamped[i] as Stamped).pid === pid) return this.#stamped[i];
    }
    return undefined;
  }

  #plan(): void {
    let first = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#stamped.length; i++) {
      first = Math.min(first, (this.#stamped[i] as Stamped).sent);
    }
    this.#next = first + this.#interval;
  }
}
