import {
  ArrivalRate,
  INSERTED,
  LinkCapacity,
  type LossList,
  NO_ROOM,
  ReceiveBuffer,
  type ReceiveSlot,
  SEQUENCE_31,
} from "@millrace/arq";
import { FilterReceiver } from "../filter/receiver.ts";
import { DataHeader, HEADER_BYTES, readDataHeader } from "../wire/header.ts";
import { KM_SECURED } from "../wire/key-material.ts";
import type { Agreement } from "./agreement.ts";
import { Gaps } from "./gaps.ts";
import { type SrtOptions, UDP_IP_BYTES } from "./options.ts";
import { countUndecrypted, type Statistics } from "./statistics.ts";
import { TimeBase } from "./time-base.ts";

/** What the application gets. The payload is valid during the call only. */
export interface Delivery {
  onPacket(payload: Uint8Array, sequence: number, dueUs: number): void;
  /** These, `to` included, did not come in time. */
  onGap(from: number, to: number): void;
}

export interface ReceiverParts {
  readonly options: SrtOptions;
  readonly agreement: Agreement;
  readonly statistics: Statistics;
  readonly delivery: Delivery;
  /** Reports a fresh loss to the peer. */
  readonly reportLoss: (low: number, high: number, nowUs: number) => void;
  /** Reports everything that is in `losses`. */
  readonly reportAll: (nowUs: number) => void;
  /** In a group: everything before this number came over another leg; -1 when there is none. */
  readonly joinPoint?: (() => number) | undefined;
}

const PROBE_MASK = 15;
/** A leg that brought nothing for so long was idle. */
const LEG_IDLE_US = 300_000;
/** So many packets in a row beyond the buffer, and the two sides no longer talk of the same numbers. */
const LOST_TRACK_PACKETS = 4096;

/** Tag of a slot without a packet: the peer said that there will be none. */
const GONE = 1;

/** The receiving half of a connection in live mode (draft-sharabayko-srt §4). */
export class Receiver {
  readonly buffer: ReceiveBuffer;
  readonly timeBase: TimeBase;
  readonly arrival = new ArrivalRate();
  readonly capacity = new LinkCapacity();
  /** Packets since the last full acknowledgement. */
  sinceAck = 0;
  /** The peer's numbers are out of reach for good. */
  lostTrack = false;
  readonly #options: SrtOptions;
  readonly #agreement: Agreement;
  readonly #statistics: Statistics;
  readonly #delivery: Delivery;
  readonly #reportLoss: ReceiverParts["reportLoss"];
  readonly #joinPoint: ReceiverParts["joinPoint"];
  readonly #gaps: Gaps;
  readonly #header = new DataHeader();
  readonly #filter: FilterReceiver | undefined;
  readonly #payloadRoom: number;
  #outOfReach = 0;
  #started = false;
  #lastDataUs = 0;
  #nowUs = 0;
  #rebuilding = false;
  /** The filter cannot rebuild these. */
  readonly #onFilterLoss = (low: number, high: number): void => {
    let from = low;
    if (SEQUENCE_31.diff(from, this.buffer.base) < 0) from = this.buffer.base;
    const count = SEQUENCE_31.diff(high, from) + 1;
    if (count <= 0) return;
    this.#statistics.pktRcvFilterLossTotal += count;
    if (this.#agreement.filter?.arq !== "onreq") return;
    for (let i = 0, at = from; i < count; i++, at = SEQUENCE_31.next(at)) {
      if (this.buffer.get(at)?.held !== true) this.losses.add(at, at);
    }
    if (this.losses.size > 0) this.#reportLoss(from, high, this.#nowUs);
  };

  constructor(parts: ReceiverParts) {
    const { options, agreement } = parts;
    this.#options = options;
    this.#agreement = agreement;
    this.#statistics = parts.statistics;
    this.#delivery = parts.delivery;
    this.#reportLoss = parts.reportLoss;
    this.#joinPoint = parts.joinPoint;
    this.#payloadRoom = agreement.maxPacketSize - UDP_IP_BYTES - HEADER_BYTES;
    this.buffer = new ReceiveBuffer({
      space: SEQUENCE_31,
      firstSequence: agreement.receiveSequence,
      maxPackets: options.receiveBufferPackets,
      slotBytes: this.#payloadRoom,
    });
    this.timeBase = new TimeBase({
      nowUs: agreement.peerTimeUs,
      timestamp: agreement.peerTimestamp,
      latencyUs: agreement.receiveLatencyMs * 1000,
      traceDrift: options.driftTracer,
    });
    this.#gaps = new Gaps({
      firstSequence: agreement.receiveSequence,
      lossMaxTtl: options.lossMaxTtl,
      asks: agreement.filter === undefined || agreement.filter.arq === "always",
      statistics: parts.statistics,
      reportLoss: parts.reportLoss,
      reportAll: parts.reportAll,
    });
    this.#filter = this.#makeFilter();
  }

  /** What misses, and is asked for. */
  get losses(): LossList {
    return this.#gaps.losses;
  }

  /** The peer need not send again what lies before this number. */
  get ackPoint(): number {
    let point = this.#gaps.first;
    // What FEC may still rebuild stands in no list.
    if (this.#filter !== undefined && this.#agreement.filter?.arq === "onreq") {
      const gap = this.buffer.firstGap();
      if (SEQUENCE_31.diff(gap, point) < 0) point = gap;
    }
    return point;
  }

  /** When `deliver` has something to do. */
  get nextDueUs(): number {
    const first = this.buffer.firstHeld();
    if (first === undefined) return Number.POSITIVE_INFINITY;
    if (!this.#options.tsbpd || !this.#options.tooLateDrop) {
      if (first.sequence !== this.buffer.base) return Number.POSITIVE_INFINITY;
      if (!this.#options.tsbpd) return 0;
    }
    return first.dueUs;
  }

  /** A data packet; its bytes may be changed. */
  receive(packet: Uint8Array, length: number, nowUs: number): void {
    const statistics = this.#statistics;
    const header = this.#header;
    this.#nowUs = nowUs;
    if (!readDataHeader(packet, header) || length - HEADER_BYTES > this.#payloadRoom) {
      statistics.pktViolations++;
      return;
    }
    statistics.pktRecvTotal++;
    statistics.byteRecvTotal += length + UDP_IP_BYTES;
    this.sinceAck++;
    if (header.retransmitted) {
      statistics.pktRcvRetransTotal++;
    } else {
      this.arrival.onPacket(length, nowUs);
      const place = header.sequence & PROBE_MASK;
      if (place === 0) this.capacity.onFirst(header.sequence, nowUs);
      else if (place === 1) this.capacity.onSecond(header.sequence, length - HEADER_BYTES, nowUs);
    }
    const filter = this.#filter;
    if (filter === undefined) {
      this.#accept(packet, length);
      return;
    }
    const sequence = header.sequence;
    if (!this.#inReach(sequence)) {
      this.#miss();
      return;
    }
    if (header.message === 0) {
      statistics.pktRcvFilterExtraTotal++;
      this.#gaps.onParity(sequence, this.#nowUs);
      filter.receive(packet, length);
    } else {
      // The filter reads the packet as it was sent, decryption comes after.
      filter.receive(packet, length);
      readDataHeader(packet, header);
      this.#accept(packet, length);
    }
    filter.takeLost(this.#onFilterLoss);
  }

  /**
   * Hands over what is due. `givesUp`: also passes over what misses before it. Not while packets are being read: the next
   * one may be it.
   */
  deliver(nowUs: number, givesUp: boolean): void {
    const { buffer } = this;
    const { tsbpd, tooLateDrop } = this.#options;
    for (;;) {
      const first = buffer.firstHeld();
      if (first === undefined || (tsbpd && first.dueUs > nowUs)) return;
      if (first.sequence !== buffer.base) {
        if (!tsbpd || !tooLateDrop || !givesUp) return;
        this.#giveUp(first.sequence);
      }
      const slot = buffer.take() as ReceiveSlot;
      if (slot.length > 0) {
        this.#delivery.onPacket(slot.bytes.subarray(0, slot.length), slot.sequence, slot.dueUs);
      } else if (slot.tag === GONE) this.#delivery.onGap(slot.sequence, slot.sequence);
    }
  }

  /** The peer will not send these any more. */
  dropped(first: number, last: number): boolean {
    if (SEQUENCE_31.diff(last, first) < 0 || SEQUENCE_31.diff(last, this.#gaps.end) >= 0) return false;
    let low = first;
    if (SEQUENCE_31.diff(low, this.buffer.base) < 0) low = this.buffer.base;
    const count = SEQUENCE_31.diff(last, low) + 1;
    if (count <= 0) return true;
    this.#gaps.remove(low, count);
    const { tsbpd, tooLateDrop } = this.#options;
    if (!tsbpd || !tooLateDrop) this.#waitNoLonger(low, count);
    return true;
  }

  /** Who delivers nothing before a gap is filled waits for ever for what is gone: nothing takes its place. */
  #waitNoLonger(first: number, count: number): void {
    const { buffer } = this;
    for (let i = 0, at = first; i < count; i++, at = SEQUENCE_31.next(at)) {
      if (buffer.insert(at) !== INSERTED) continue;
      buffer.last.tag = GONE;
      buffer.last.dueUs = this.#nowUs;
      this.#statistics.pktRcvDropTotal++;
    }
  }

  /** A leg of a group that was idle, or is new, need not ask for what the others have brought. */
  #join(sequence: number, point: number): void {
    const { buffer } = this;
    const idle = !this.#started || this.#nowUs - this.#lastDataUs > LEG_IDLE_US;
    this.#lastDataUs = this.#nowUs;
    if (!idle || buffer.size > 0 || point < 0) return;
    const start = SEQUENCE_31.diff(point, sequence) < 0 ? point : sequence;
    if (SEQUENCE_31.diff(start, this.#gaps.end) <= 0) return;
    buffer.skipTo(start);
    this.#gaps.restartAt(start);
  }

  get started(): boolean {
    return this.#started;
  }

  #accept(packet: Uint8Array, given: number): void {
    const header = this.#header;
    const statistics = this.#statistics;
    const { sequence, timestamp, retransmitted } = header;
    const { buffer } = this;
    if (this.#joinPoint !== undefined) this.#join(sequence, this.#joinPoint());
    const code = buffer.insert(sequence);
    if (code !== INSERTED) {
      this.#refuse(code, sequence, timestamp);
      return;
    }
    const slot = buffer.last;
    this.#started = true;
    this.#outOfReach = 0;
    let length = given;
    const { crypto } = this.#agreement;
    // In clear on an encrypted connection is forged, unless both sides were told to take what comes.
    if (header.key !== 0) length = crypto.decrypt(packet, given);
    else if (this.#options.enforcedEncryption && crypto.receiveState === KM_SECURED) length = -1;
    slot.dueUs = this.timeBase.dueUs(timestamp, this.#nowUs);
    if (length < HEADER_BYTES) {
      buffer.setLength(slot, 0);
      countUndecrypted(statistics, given + UDP_IP_BYTES);
    } else {
      slot.bytes.set(packet.subarray(HEADER_BYTES, length), 0);
      buffer.setLength(slot, length - HEADER_BYTES);
      statistics.pktRecvUniqueTotal++;
      statistics.byteRecvUniqueTotal += given + UDP_IP_BYTES;
    }
    this.#gaps.onPacket(sequence, !retransmitted && !this.#rebuilding, this.#nowUs);
  }

  #inReach(sequence: number): boolean {
    const ahead = SEQUENCE_31.diff(sequence, this.buffer.base);
    return ahead < this.#options.receiveBufferPackets && ahead > -this.#options.receiveBufferPackets;
  }

  #refuse(code: number, sequence: number, timestamp: number): void {
    const statistics = this.#statistics;
    if (code === NO_ROOM) {
      this.#miss();
      return;
    }
    if (this.#inReach(sequence)) this.#outOfReach = 0;
    else this.#missTrack();
    if (SEQUENCE_31.diff(sequence, this.buffer.base) >= 0) return;
    statistics.pktRcvBelated++;
    statistics.belatedUs += Math.max(0, this.#nowUs - this.timeBase.dueUs(timestamp, this.#nowUs));
  }

  #miss(): void {
    this.#statistics.pktViolations++;
    this.#missTrack();
  }

  /** Far behind and far ahead look the same: numbers that this connection cannot reach. */
  #missTrack(): void {
    if (++this.#outOfReach >= LOST_TRACK_PACKETS) this.lostTrack = true;
  }

  #giveUp(until: number): void {
    const { buffer } = this;
    const statistics = this.#statistics;
    const from = buffer.base;
    const missing = buffer.skipTo(until);
    this.#gaps.removeBefore(until);
    statistics.pktRcvDropTotal += missing;
    const average = statistics.pktRecvTotal === 0 ? 0 : statistics.byteRecvTotal / statistics.pktRecvTotal;
    statistics.byteRcvDropTotal += Math.round(missing * average);
    this.#delivery.onGap(from, SEQUENCE_31.add(until, -1));
  }

  #makeFilter(): FilterReceiver | undefined {
    const { filter, receiveSequence, filterPayloadBytes } = this.#agreement;
    if (filter === undefined) return undefined;
    return new FilterReceiver({
      config: filter,
      firstSequence: receiveSequence,
      payloadBytes: filterPayloadBytes,
      rebuilt: (packet, length) => {
        if (!readDataHeader(packet, this.#header)) return;
        this.#rebuilding = true;
        const before = this.#statistics.pktRecvUniqueTotal;
        this.#accept(packet, length);
        this.#rebuilding = false;
        if (this.#statistics.pktRecvUniqueTotal > before) this.#statistics.pktRcvFilterSupplyTotal++;
      },
    });
  }
}
