import { PCR_HZ } from "@millrace/model";
import { pcrDiff } from "../ts-time.ts";

/** A step between two PCRs up to this (27 MHz) is believed; a larger one only if the packets in between agree. */
const SURE_STEP = PCR_HZ;
/** No step larger than this is believed. */
const MAX_STEP = 10 * PCR_HZ;
/** The reference PID is given up when it has been silent for this long (27 MHz) while another one speaks. */
const MAX_SILENCE = 2 * PCR_HZ;
const NO_PID = -1;
/** Anchors kept for looking back: about ten seconds of PCRs. A power of two. */
const HISTORY = 256;

/**
 * The stream's own clock: elapsed time at any packet, led by the PCRs of one PID, interpolated by packets in between, and
 * going on evenly over discontinuities. Where no PCR is known, arrival times lead it.
 */
export class StreamClock {
  /** PID whose PCRs lead, -1 while there is none. */
  pid = NO_PID;
  /** 27 MHz ticks a packet; 0 while unknown. */
  ticksPerPacket = 0;
  #lastPcr = 0;
  #anchorPacket = 0;
  #anchorTicks = 0;
  readonly #packets = new Float64Array(HISTORY);
  readonly #ticks = new Float64Array(HISTORY);
  /** Anchors ever set. */
  #anchors = 0;
  #arrivalPacket = -1;
  #arrivalNs = 0;

  /** Whether `at` means anything yet. */
  get known(): boolean {
    return this.ticksPerPacket > 0;
  }

  /**
   * Elapsed ticks at a packet that may lie back: between two PCRs that is exact, where `at` had to foretell. NaN if it
   * lies too far back.
   */
  timeOf(packet: number): number {
    if (packet >= this.#anchorPacket || this.#anchors < 2) return this.at(packet);
    const oldest = Math.max(0, this.#anchors - HISTORY);
    for (let i = this.#anchors - 2; i >= oldest; i--) {
      const from = this.#packets[i % HISTORY] as number;
      if (from <= packet || i === 0) return this.#between(i, packet);
    }
    return Number.NaN;
  }

  /** On the line through anchor `i` and the next one. */
  #between(i: number, packet: number): number {
    const fromPacket = this.#packets[i % HISTORY] as number;
    const fromTicks = this.#ticks[i % HISTORY] as number;
    const packets = (this.#packets[(i + 1) % HISTORY] as number) - fromPacket;
    const ticks = (this.#ticks[(i + 1) % HISTORY] as number) - fromTicks;
    const rate = packets > 0 && ticks > 0 ? ticks / packets : this.ticksPerPacket;
    return fromTicks + (packet - fromPacket) * rate;
  }

  /** Elapsed ticks (27 MHz) at a packet, from an origin of the clock's own. */
  at(packet: number): number {
    return this.#anchorTicks + (packet - this.#anchorPacket) * this.ticksPerPacket;
  }

  /** Takes a PCR of any PID; only those of the reference count. */
  observePcr(pid: number, packet: number, pcr27: number): void {
    if (pid !== this.pid) {
      const silent = this.known && (packet - this.#anchorPacket) * this.ticksPerPacket > MAX_SILENCE;
      if (this.pid !== NO_PID && !silent) return;
      this.#anchor(packet, this.at(packet));
      this.pid = pid;
      this.#lastPcr = pcr27;
      return;
    }
    const packets = packet - this.#anchorPacket;
    const step = pcrDiff(this.#lastPcr, pcr27);
    this.#lastPcr = pcr27;
    const expected = packets * this.ticksPerPacket;
    const agrees = step <= SURE_STEP || !this.known || Math.abs(step - expected) < step / 2;
    if (step > 0 && step <= MAX_STEP && agrees && packets > 0) {
      this.#anchor(packet, this.#anchorTicks + step);
      this.ticksPerPacket = step / packets;
    } else this.#anchor(packet, this.at(packet));
  }

  /** Takes the arrival time of a packet, ns. */
  observeArrival(packet: number, arrivalNs: number): void {
    if (this.pid !== NO_PID && this.known) return;
    const packets = packet - this.#arrivalPacket;
    if (this.#arrivalPacket >= 0 && packets > 0 && arrivalNs > this.#arrivalNs) {
      const step = ((arrivalNs - this.#arrivalNs) * PCR_HZ) / 1e9;
      this.#anchor(packet, this.#anchorTicks + step);
      this.ticksPerPacket = step / packets;
    }
    this.#arrivalPacket = packet;
    this.#arrivalNs = arrivalNs;
  }

  #anchor(packet: number, ticks: number): void {
    this.#anchorPacket = packet;
    this.#anchorTicks = ticks;
    const i = this.#anchors++ % HISTORY;
    this.#packets[i] = packet;
    this.#ticks[i] = ticks;
  }
}
