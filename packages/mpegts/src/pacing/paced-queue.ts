import { hasPcr, PACKET_SIZE } from "../packet.ts";
import { PaceClock } from "./pace-clock.ts";
import { PacketRing } from "./packet-ring.ts";
import { PcrTimeline } from "./pcr-timeline.ts";

/** A live source without PCR for so long goes by its arrival: longer than the longest PCR interval that counts as one. */
const BLIND_NS = 2.5e9;
/** Then it is looked at this often. */
const ARRIVAL_NS = 100e6;
const TICKS_PER_NS = 0.027;
const DEFAULT_CAPACITY = 32_768;
const DEFAULT_BITRATE = 4_000_000;

/** What both pacers are told of their source. */
export interface SourceOptions {
  /** Whose PCR sets the pace; by default the PID of the first one. */
  readonly pcrPid?: number;
  /**
   * For live sources: how long packets wait in the middle, milliseconds. It has to cover the PCR interval and the jitter of
   * the arrival. 0 (default) is for sources that can be read ahead: the first packets leave at once.
   */
  readonly latencyMs?: number;
  /** Packets that may wait, 32,768 by default (6 MB, allocated as needed). */
  readonly capacityPackets?: number;
  /** Bits a second to go by where there is no PCR at all: 4,000,000 by default. */
  readonly bitrateWithoutPcr?: number;
}

export interface QueueOptions extends SourceOptions {
  /** Packets leave this many ticks of 27 MHz before their PCR time. */
  readonly leadTicks?: number;
  /** See `PaceClock`. */
  readonly rigid?: boolean;
}

/** Packets that wait for the time that their PCRs say. */
export class PacedQueue {
  readonly ring: PacketRing;
  readonly timeline: PcrTimeline;
  readonly clock: PaceClock;
  readonly leadTicks: number;
  /** What stream time was put off by against the PCRs, 27 MHz: rigid outputs only. */
  skew = 0;
  overflows = 0;
  resyncs = 0;
  /** Packets behind the last PCR go by an estimate: there is no room to wait for the next, or none will come. */
  #blind = false;
  #lastMarkNs = Number.NaN;
  /** How long to go without a mark: shorter once there is no PCR. */
  #markEveryNs = BLIND_NS;

  constructor(options: QueueOptions) {
    this.ring = new PacketRing(options.capacityPackets ?? DEFAULT_CAPACITY);
    const bitrate = options.bitrateWithoutPcr ?? DEFAULT_BITRATE;
    this.timeline = new PcrTimeline({ pid: options.pcrPid, bitrate });
    this.clock = new PaceClock({
      latencyNs: (options.latencyMs ?? 0) * 1e6,
      rigid: options.rigid === true,
    });
    this.leadTicks = options.leadTicks ?? 0;
  }

  /** Copies `count` packets at `buf[start]`, which arrived at `nowNs`. Returns how many found room. */
  push(buf: Uint8Array, start: number, count: number, nowNs: number): number {
    const ring = this.ring;
    const taken = Math.min(count, ring.room);
    const first = ring.head;
    if (Number.isNaN(this.#lastMarkNs)) this.#lastMarkNs = nowNs;
    for (let i = 0, at = start; i < taken; i++, at += PACKET_SIZE) {
      if (((buf[at + 3] as number) & 0x20) !== 0 && hasPcr(buf, at)) this.#onPcr(buf, at, first + i, nowNs);
    }
    if (taken > 0 && this.clock.live && nowNs - this.#lastMarkNs >= this.#markEveryNs)
      this.#markArrival(first, nowNs);
    ring.write(buf, start, taken);
    if (taken < count) this.#overflow(count - taken, nowNs);
    if (ring.room === 0) this.flush(nowNs);
    return taken;
  }

  /** What waits goes out at the last pace: no further PCR is to be waited for. */
  flush(nowNs: number): void {
    this.#blind = true;
    if (this.clock.started || this.ring.length === 0) return;
    this.timeline.mark(this.ring.tail, 0);
    this.clock.start(-this.leadTicks, nowNs);
  }

  /** Whether a packet's time is known or may be estimated. Seeks it. */
  isTimed(index: number): boolean {
    if (!this.clock.started) return false;
    this.timeline.seek(index);
    if (this.timeline.intervalEnd !== Number.POSITIVE_INFINITY) return true;
    // The packet with the last PCR itself needs no estimate.
    return this.#blind || this.clock.live || index <= this.timeline.lastIndex;
  }

  /** When a packet that is timed is to leave, on the output's time axis. */
  timeOf(index: number): number {
    return this.timeline.timeOf(index) + this.skew - this.leadTicks;
  }

  #onPcr(buf: Uint8Array, at: number, index: number, nowNs: number): void {
    if (!this.timeline.push(buf, at, index)) return;
    const time = this.timeline.lastTime + this.skew - this.leadTicks;
    this.#lastMarkNs = nowNs;
    this.#markEveryNs = BLIND_NS;
    this.#blind = false;
    if (!this.clock.started) this.clock.start(time, nowNs);
    else this.clock.observe(time, nowNs);
  }

  #markArrival(index: number, nowNs: number): void {
    const { clock, timeline } = this;
    this.#lastMarkNs = nowNs;
    this.#markEveryNs = ARRIVAL_NS;
    if (!clock.started) clock.start(-this.leadTicks, nowNs);
    const time = clock.timeAt(nowNs + clock.latencyNs) - this.skew + this.leadTicks;
    timeline.markArrival(index, Math.round(time));
  }

  /** A live source brought more than fits: what waits goes sooner. */
  #overflow(count: number, nowNs: number): void {
    this.overflows += count;
    const { clock } = this;
    if (!clock.live || !clock.started) return;
    const waitNs = clock.dueNs(this.timeline.lastTime + this.skew - this.leadTicks) - nowNs;
    if (waitNs <= clock.latencyNs) return;
    if (clock.rigid) {
      this.skew -= Math.round((waitNs - clock.latencyNs) * TICKS_PER_NS);
      this.resyncs++;
    } else clock.postpone(clock.latencyNs - waitNs);
  }
}
