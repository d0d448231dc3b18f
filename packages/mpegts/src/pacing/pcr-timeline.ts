import { PCR_HZ } from "@millrace/model";
import { hasDiscontinuity, PACKET_SIZE, pcrOf } from "../packet.ts";
import { pcrDiff } from "../ts-time.ts";

/** PCR steps beyond this, or back, are breaks. The standard wants one every 100 ms; some packagers send one a second. */
const STEP_MAX = 2 * PCR_HZ;
/** Breaks, and streams without PCR, go on at the pace of the last PCR intervals. */
const SMOOTHING = 0.25;
/** So many PCRs of other PIDs without one of the chosen PID, and another is chosen. */
const PATIENCE = 200;
const MARKS = 1024;
const PACKET_BITS = PACKET_SIZE * 8;

/**
 * When each packet is to be sent, by the PCRs of one PID: a packet between two PCRs has its time by its place between them
 * (ISO/IEC 13818-1 §2.4.2.2). Times are at 27 MHz from the first PCR on and go on over wraps and breaks.
 */
export class PcrTimeline {
  #pid: number;
  #othersSince = 0;
  /** Packets with a known time: index and time. A ring. */
  readonly #index = new Float64Array(MARKS);
  readonly #time = new Float64Array(MARKS);
  /** Marks are numbered from the first; `#first` is the last one at or before the packet asked for. */
  #first = 0;
  #end = 0;
  /** The last PCR: raw, its packet and its time. */
  #pcr = Number.NaN;
  #lastIndex = 0;
  #lastTime = 0;
  /** 27 MHz ticks to a packet, as measured. */
  #pace: number;
  #paceKnown = false;
  /** Breaks of the time base. */
  breaks = 0;

  /** `pid`: whose PCR counts, by default that of the first PCR. `bitrate`: bits a second, where no PCR tells. */
  constructor(options: { readonly pid: number | undefined; readonly bitrate: number }) {
    this.#pid = options.pid ?? -1;
    this.#pace = (PACKET_BITS * PCR_HZ) / options.bitrate;
  }

  /** Whether any packet's time is known. */
  get known(): boolean {
    return this.#end > 0;
  }

  /** The last known time. */
  get lastTime(): number {
    return this.#lastTime;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** Takes the PCR of the packet at `buf[at]`, number `index` of the stream. Returns whether it tells the time. */
  push(buf: Uint8Array, at: number, index: number): boolean {
    const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
    if (this.#pid < 0) this.#pid = pid;
    if (pid !== this.#pid) {
      if (++this.#othersSince < PATIENCE) return false;
      this.#pid = pid;
      this.#pcr = Number.NaN;
      this.breaks++;
    }
    this.#othersSince = 0;
    const raw = pcrOf(buf, at);
    const step = this.#pcr >= 0 ? pcrDiff(this.#pcr, raw) : Number.NaN;
    this.#pcr = raw;
    const packets = index - this.#lastIndex;
    if (step > 0 && step <= STEP_MAX) {
      // Announced or not, a step ahead is time that receivers wait for: a source that never does runs fast. Only the
      // pace it says nothing of.
      if (!hasDiscontinuity(buf, at)) this.#learnPace(step / packets);
      this.mark(index, this.#lastTime + step);
      return true;
    }
    if (!Number.isNaN(step)) this.breaks++;
    this.mark(index, this.known ? this.#lastTime + Math.round(packets * this.#pace) : 0);
    return true;
  }

  #learnPace(pace: number): void {
    this.#pace = this.#paceKnown ? this.#pace + (pace - this.#pace) * SMOOTHING : pace;
    this.#paceKnown = true;
  }

  /** Says the time of a packet. */
  mark(index: number, time: number): void {
    this.#lastIndex = index;
    this.#lastTime = time;
    // Without room the interval becomes a longer one.
    if (this.#end - this.#first >= MARKS) return;
    this.#index[this.#end % MARKS] = index;
    this.#time[this.#end % MARKS] = time;
    this.#end++;
  }

  /** A stretch without PCR: the packet's time is said by its arrival, the next PCR begins anew. */
  markArrival(index: number, time: number): void {
    const next = Math.max(time, this.#lastTime);
    const packets = index - this.#lastIndex;
    if (!Number.isNaN(this.#pcr)) this.breaks++;
    else if (this.known && packets > 0 && next - this.#lastTime < STEP_MAX) {
      this.#learnPace((next - this.#lastTime) / packets);
    }
    this.#pcr = Number.NaN;
    this.mark(index, next);
  }

  /** Makes ready for questions about packet `index` and later ones. */
  seek(index: number): void {
    while (this.#first + 1 < this.#end && (this.#index[(this.#first + 1) % MARKS] as number) <= index)
      this.#first++;
  }

  /** Index of the first packet that is not of the interval sought: that of the next PCR, Infinity behind the last. */
  get intervalEnd(): number {
    if (!this.known) return Number.POSITIVE_INFINITY;
    const start = this.#index[this.#first % MARKS] as number;
    if (this.#first + 1 < this.#end) return this.#index[(this.#first + 1) % MARKS] as number;
    return start === this.#lastIndex ? Number.POSITIVE_INFINITY : this.#lastIndex;
  }

  /** Ticks from packet to packet in the interval sought; behind the last PCR an estimate. */
  get pace(): number {
    if (this.#first + 1 >= this.#end) return this.#pace;
    const [a, b] = [this.#first % MARKS, (this.#first + 1) % MARKS];
    const packets = (this.#index[b] as number) - (this.#index[a] as number);
    return ((this.#time[b] as number) - (this.#time[a] as number)) / packets;
  }

  /** Time of packet `index`, which has been sought. */
  timeOf(index: number): number {
    const first = this.#first % MARKS;
    const packets = index - (this.#index[first] as number);
    return packets <= 0 ? (this.#time[first] as number) : (this.#time[first] as number) + packets * this.pace;
  }
}
