import { PacedQueue, type SourceOptions } from "./paced-queue.ts";

/** A source that waits is not made up for when the caller was away longer than this. */
const LATE_MAX_NS = 2e9;

export type PcrPacerOptions = SourceOptions;

export interface PacerCounters {
  /** Breaks of the PCR and every other occasion to tie stream time to real time anew. */
  resyncs: number;
  /** Times a live source came later than its packets were due. */
  underruns: number;
  /** Packets that found no room. */
  overflows: number;
}

/**
 * Sends packets as evenly as their PCRs say, unchanged and in order. `push` what arrives, `pull` what is due; the run then
 * lies in `buf` at `start`, `count` packets, until the next call.
 *
 * Packets behind the last PCR have no time yet, so a source that waits has to be read ahead by more than a PCR interval;
 * `nextDueNs` is Infinity until then. `flush` at its end releases the rest at the last pace.
 */
export class PcrPacer {
  readonly #queue: PacedQueue;
  /** The run handed out last. */
  buf: Uint8Array;
  start = 0;
  count = 0;

  constructor(options: PcrPacerOptions = {}) {
    this.#queue = new PacedQueue(options);
    this.buf = this.#queue.ring.bytes;
  }

  get counters(): PacerCounters {
    const { clock, timeline, overflows } = this.#queue;
    return { resyncs: clock.resyncs + timeline.breaks, underruns: clock.underruns, overflows };
  }

  /** Packets that can be pushed. */
  get room(): number {
    return this.#queue.ring.room;
  }

  /** Packets that wait. */
  get pending(): number {
    return this.#queue.ring.length;
  }

  /**
   * Copies `count` packets at `buf[start]`, which arrived at `nowNs`. Returns how many found room; the rest counts as
   * overflow, so a source that waits looks at `room` first.
   */
  push(buf: Uint8Array, start: number, count: number, nowNs: number): number {
    return this.#queue.push(buf, start, count, nowNs);
  }

  /** No more will be pushed for now: what waits goes out at the last pace. */
  flush(nowNs: number): void {
    this.#queue.flush(nowNs);
  }

  /** When the next packet is due; Infinity if nothing waits whose time is known. */
  get nextDueNs(): number {
    const queue = this.#queue;
    const { tail, length } = queue.ring;
    if (length === 0 || !queue.isTimed(tail)) return Number.POSITIVE_INFINITY;
    return queue.clock.dueNs(queue.timeOf(tail));
  }

  /** Takes out packets that are due, at most `max`, and returns how many; call it until there are none. */
  pull(nowNs: number, max: number): number {
    const { ring, clock } = this.#queue;
    const lateNs = nowNs - this.nextDueNs;
    if (!clock.live && lateNs > LATE_MAX_NS) clock.postpone(lateNs);
    const most = Math.min(max, ring.run);
    let count = 0;
    while (count < most) {
      const ready = this.#dueFrom(ring.tail + count, nowNs);
      if (ready === 0) break;
      count = Math.min(count + ready, most);
    }
    this.buf = ring.bytes;
    this.start = ring.offset(ring.tail);
    this.count = count;
    ring.tail += count;
    return count;
  }

  /** How many packets from `index` on, in one PCR interval, are due. */
  #dueFrom(index: number, nowNs: number): number {
    const { timeline, clock, ring } = this.#queue;
    if (!this.#queue.isTimed(index)) return 0;
    const late = clock.timeAt(nowNs) - this.#queue.timeOf(index);
    // A little less than nothing is rounding.
    if (late < -0.5) return 0;
    const pace = timeline.pace;
    const ready = pace > 0 ? Math.floor(Math.max(late, 0) / pace) + 1 : ring.length;
    return Math.min(ready, Math.max(Math.min(timeline.intervalEnd, ring.head) - index, 1));
  }
}
