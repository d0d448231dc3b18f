import { PCR_HZ } from "@millrace/model";
import { continuityOf, hasPcr, PACKET_SIZE, PID_NULL, pidOf, writeNull } from "../packet.ts";
import { pacingError } from "./errors.ts";
import { PacedQueue, type SourceOptions } from "./paced-queue.ts";
import { PacketClock } from "./packet-clock.ts";
import type { PacerCounters } from "./pcr-pacer.ts";
import { PcrStamper } from "./pcr-stamper.ts";
import { UnitDropper } from "./unit-dropper.ts";

/** The output is not made up for when the caller was away longer than this. */
const LATE_MAX_NS = 2e9;
/** Packets handed out at once, at most. */
const OUT_PACKETS = 256;
const TICKS_PER_MS = PCR_HZ / 1000;
/** Lateness that is put up with however short the delay: 100 ms. */
const TOLERANCE = PCR_HZ / 10;

export interface CbrPacerOptions extends SourceOptions {
  /** Bits a second, nulls and all; a whole number. */
  readonly bitrate: number;
  /** Greatest distance of two PCRs, milliseconds; 40 by default. */
  readonly pcrIntervalMs?: number;
  /**
   * How much earlier than their PCR says packets are sent, milliseconds; 500 by default. By so much a peak of the source may
   * last beyond the bitrate, and by so much PTS minus PCR grows.
   */
  readonly delayMs?: number;
}

export interface CbrCounters extends PacerCounters {
  packets: number;
  nullPackets: number;
  /** Packets inserted for their PCR alone. */
  pcrPackets: number;
  /** Packets dropped since the content does not fit the bitrate. */
  droppedPackets: number;
}

/**
 * Makes a constant-bitrate transport stream of any other. Null packets of the source go, packets keep their order, the
 * rest is filled with nulls; PCRs are restamped to the clock of the output's packets, which is exact, and packets with
 * nothing but a PCR are added so that no interval is too long (ISO/IEC 13818-1 §2.7.2, annex D.0.9). PTS and DTS stay: PCRs
 * are set back by `delayMs`, so a packet that has to wait up to that long still comes no later than its source had it.
 *
 * Content that would have to wait longer does not fit. Then PES packets of video are dropped whole until the rest is in
 * time again; if that is not enough, those of all streams. A source that paused is no such case: the stream's time is tied
 * to the output anew, with a flagged break of the PCR, and nothing is lost.
 *
 * `pull` gives what is due in `buf` at `start`, `count` packets, valid until the next call. After the first PCR there is
 * always a next packet, content or not.
 */
export class CbrPacer {
  readonly #queue: PacedQueue;
  readonly #clock: PacketClock;
  readonly #stamper: PcrStamper;
  readonly #dropper = new UnitDropper();
  /** How late content may be, 27 MHz. */
  readonly #patience: number;
  /** A packet was due and there was no content: what comes late now is late for that. */
  #starved = false;
  #nullPackets = 0;
  #pcrPackets = 0;
  #packets = 0;
  readonly buf: Uint8Array = new Uint8Array(OUT_PACKETS * PACKET_SIZE);
  readonly start = 0;
  count = 0;

  constructor(options: CbrPacerOptions) {
    const { bitrate, pcrIntervalMs = 40, delayMs = 500 } = options;
    if (!Number.isInteger(bitrate) || bitrate < 10_000 || bitrate > 2e9) {
      throw pacingError("pacing.bad-rate", `bitrate ${bitrate} is not between 10 kbit/s and 2 Gbit/s`);
    }
    if (!(pcrIntervalMs > 0) || !(delayMs >= 0)) {
      throw pacingError("pacing.bad-interval", `pcrIntervalMs ${pcrIntervalMs}, delayMs ${delayMs}`);
    }
    const leadTicks = Math.round(delayMs * TICKS_PER_MS);
    this.#patience = Math.max(leadTicks, TOLERANCE);
    this.#queue = new PacedQueue({ ...options, leadTicks, rigid: true });
    this.#clock = new PacketClock(bitrate, -leadTicks);
    this.#stamper = new PcrStamper(Math.floor(pcrIntervalMs * TICKS_PER_MS));
  }

  get counters(): CbrCounters {
    const { clock, timeline, overflows, resyncs } = this.#queue;
    return {
      resyncs: resyncs + clock.resyncs + timeline.breaks,
      underruns: clock.underruns,
      overflows,
      packets: this.#packets,
      nullPackets: this.#nullPackets,
      pcrPackets: this.#pcrPackets,
      droppedPackets: this.#dropper.dropped,
    };
  }

  /** Packets that can be pushed. */
  get room(): number {
    return this.#queue.ring.room;
  }

  /** Packets that wait. */
  get pending(): number {
    return this.#queue.ring.length;
  }

  /** Copies `count` packets at `buf[start]`, which arrived at `nowNs`. Returns how many found room. */
  push(buf: Uint8Array, start: number, count: number, nowNs: number): number {
    return this.#queue.push(buf, start, count, nowNs);
  }

  /** No more will be pushed for now: what waits goes out without waiting for another PCR. */
  flush(nowNs: number): void {
    this.#queue.flush(nowNs);
  }

  /** When the next packet is due; Infinity before the first PCR has come. */
  get nextDueNs(): number {
    const { clock } = this.#queue;
    return clock.started ? clock.dueNs(this.#clock.time) : Number.POSITIVE_INFINITY;
  }

  /** Makes the packets that are due, at most `max`, and returns how many; call it until there are none. */
  pull(nowNs: number, max: number): number {
    const { clock } = this.#queue;
    this.count = 0;
    if (!clock.started) return 0;
    const lateNs = nowNs - this.nextDueNs;
    if (lateNs > LATE_MAX_NS) clock.postpone(lateNs);
    const until = clock.timeAt(nowNs) + 0.5;
    const most = Math.min(max, OUT_PACKETS);
    let count = 0;
    while (count < most && this.#clock.time <= until) {
      this.#emit(count * PACKET_SIZE);
      this.#clock.advance();
      count++;
    }
    this.count = count;
    this.#packets += count;
    return count;
  }

  #emit(to: number): void {
    const { time, step } = this.#clock;
    if (this.#stamper.isDue(time, step)) {
      this.#stamper.write(this.buf, to, time);
      this.#pcrPackets++;
    } else if (!this.#emitContent(to)) {
      writeNull(this.buf, to);
      this.#nullPackets++;
    }
  }

  /** Puts the next packet of the source at `buf[to]` if it is its time. */
  #emitContent(to: number): boolean {
    const queue = this.#queue;
    const { ring } = queue;
    for (; ring.length > 0; ring.tail++) {
      const bytes = ring.bytes;
      const from = ring.offset(ring.tail);
      if (pidOf(bytes, from) === PID_NULL) continue;
      // What has no time yet goes by the estimate: the PCR is restamped anyway.
      queue.isTimed(ring.tail);
      const late = this.#clock.time - queue.timeOf(ring.tail);
      if (late < 0) return false;
      if (this.#dropper.active || late > this.#patience) this.#onLate(late);
      else this.#starved = false;
      if (this.#dropper.drops(bytes, from)) continue;
      // One by one: a view for every packet would cost more.
      for (let i = 0; i < PACKET_SIZE; i++) this.buf[to + i] = bytes[from + i] as number;
      this.#finish(to, queue.timeOf(ring.tail) + queue.leadTicks);
      ring.tail++;
      return true;
    }
    this.#starved = true;
    return false;
  }

  /** Content is later than it may be, or has been. */
  #onLate(late: number): void {
    const queue = this.#queue;
    const most = this.#patience;
    if (late > most && this.#starved) {
      queue.skew += late;
      queue.resyncs++;
      this.#starved = false;
      this.#stamper.shift(late);
      return;
    }
    const dropper = this.#dropper;
    dropper.active = late > (dropper.active ? most / 2 : most);
    dropper.everything = late > (dropper.everything ? most : 2 * most);
  }

  /** A packet of stream time `time` lies at `buf[at]`. */
  #finish(at: number, time: number): void {
    const buf = this.buf;
    this.#dropper.renumber(buf, at);
    if (hasPcr(buf, at)) this.#stamper.restamp(buf, at, { time, now: this.#clock.time });
    else this.#stamper.pass(pidOf(buf, at), continuityOf(buf, at));
  }
}
