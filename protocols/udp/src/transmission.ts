import type { LaneReader } from "@millrace/engine";
import type { Clock } from "@millrace/model";
import { PACKET_SIZE } from "@millrace/mpegts";
import type { DatagramWriter } from "./datagram-writer.ts";
import type { PacketPacer } from "./pacer.ts";

export interface TransmissionOptions {
  readonly clock: Clock;
  readonly writer: DatagramWriter;
  /** Undefined: what comes is sent as it comes. */
  readonly pacer: PacketPacer | undefined;
  readonly packetsPerDatagram: number;
  readonly latencyMs: number;
  /** Bits a second of a constant rate: what was missed is made up for at no more than twice that. */
  readonly cbr: number | undefined;
}

/** Datagrams sent in one go when the event loop came late: 42 kB, what a receiver's buffer can take. */
const MOST_AT_ONCE = 32;
/** A packet that is sent so long after it was due counts as late, nanoseconds. */
const LATE_NS = 20e6;
/** Without pacing a datagram waits so long to be filled, nanoseconds. */
const FILL_NS = 10e6;

/** Moves packets from a lane into datagrams when they are due. Runs on timers until it is closed. */
export class Transmission {
  readonly #options: TransmissionOptions;
  readonly #reader: LaneReader;
  readonly #done: () => void;
  readonly #fillNs: number;
  #timer: NodeJS.Timeout | undefined;
  #wakeNs = Number.POSITIVE_INFINITY;
  #sentNs = 0;
  #closed = false;
  #ended = false;
  readonly #tick = (): void => this.#onTick();
  readonly #take = (bytes: Uint8Array): void => this.#accept(bytes);
  /** Times that packets were sent much later than they were due. */
  late = 0;

  /** @param done called when the lane has ended and everything was sent. */
  constructor(options: TransmissionOptions, reader: LaneReader, done: () => void) {
    this.#options = options;
    this.#reader = reader;
    this.#done = done;
    this.#fillNs = options.pacer === undefined ? FILL_NS : Math.max(FILL_NS, (options.latencyMs * 1e6) / 2);
    reader.onReadable = () => this.#onReadable();
    this.#onReadable();
  }

  close(): void {
    this.#closed = true;
    this.#reader.onReadable = undefined;
    clearTimeout(this.#timer);
  }

  #onReadable(): void {
    if (this.#closed) return;
    this.#reader.drain(this.#take);
    if (!this.#ended && this.#reader.ended) {
      this.#ended = true;
      this.#options.pacer?.flush(this.#options.clock.nowNs());
    }
    this.#options.writer.send();
    this.#schedule();
  }

  #accept(bytes: Uint8Array): void {
    const { pacer, writer, clock } = this.#options;
    const nowNs = clock.nowNs();
    const count = bytes.length / PACKET_SIZE;
    if (pacer === undefined) writer.write(bytes, 0, count, nowNs);
    else pacer.push(bytes, 0, count, nowNs);
  }

  #onTick(): void {
    this.#timer = undefined;
    this.#wakeNs = Number.POSITIVE_INFINITY;
    const nowNs = this.#options.clock.nowNs();
    this.#sendDue(nowNs);
    const { writer } = this.#options;
    if (nowNs - writer.openedNs >= this.#fillNs) writer.close();
    writer.send();
    this.#schedule();
  }

  #sendDue(nowNs: number): void {
    const { pacer, writer, packetsPerDatagram } = this.#options;
    if (pacer === undefined) return;
    if (nowNs - pacer.nextDueNs > LATE_NS) this.late++;
    let left = this.#allowance(nowNs) * packetsPerDatagram;
    this.#sentNs = nowNs;
    while (left > 0 && !writer.congested) {
      const count = pacer.pull(nowNs, left);
      if (count === 0) return;
      writer.write(pacer.buf, pacer.start, count, nowNs);
      left -= count;
    }
  }

  /** Datagrams that may leave at once. */
  #allowance(nowNs: number): number {
    const { cbr, packetsPerDatagram } = this.#options;
    if (cbr === undefined) return MOST_AT_ONCE;
    const sinceNs = Math.min(Math.max(nowNs - this.#sentNs, 0), LATE_NS);
    return Math.ceil((2 * cbr * sinceNs) / (8e9 * PACKET_SIZE * packetsPerDatagram)) + 1;
  }

  /** Sets the timer for what comes next: a packet that gets due, or a datagram that waited long enough. */
  #schedule(): void {
    if (this.#closed) return;
    const { pacer, writer, clock } = this.#options;
    const nextNs = Math.min(pacer?.nextDueNs ?? Number.POSITIVE_INFINITY, writer.openedNs + this.#fillNs);
    if (nextNs === Number.POSITIVE_INFINITY) {
      if (this.#ended) this.#done();
      return;
    }
    if (this.#timer !== undefined && this.#wakeNs <= nextNs) return;
    clearTimeout(this.#timer);
    this.#wakeNs = nextNs;
    this.#timer = setTimeout(this.#tick, Math.max(1, Math.round((nextNs - clock.nowNs()) / 1e6)));
  }
}
