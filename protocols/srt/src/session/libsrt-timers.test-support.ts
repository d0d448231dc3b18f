import assert from "node:assert/strict";
import { LossList, RttEstimator, SEQUENCE_31 } from "@millrace/arq";
import { ACK_FULL, Acknowledgement, readAcknowledgement, serializeAcknowledgement } from "../wire/ack.ts";
import {
  CONTROL_ACK,
  CONTROL_ACKACK,
  CONTROL_NAK,
  ControlHeader,
  readControlHeader,
  serializeControl,
} from "../wire/control.ts";
import {
  BOUNDARY_SOLO,
  DataHeader,
  HEADER_BYTES,
  isControl,
  markRetransmitted,
  readDataHeader,
  writeDataHeader,
} from "../wire/header.ts";
import { readLossReport, serializeLossReport } from "../wire/loss-report.ts";
import type { Agreement } from "./agreement.ts";
import type { Path } from "./endpoint.ts";

/** Libsrt looks at its timers when a packet comes after so long, or when none comes for a little longer. */
const LOOK_US = 10_000;
const IDLE_LOOK_US = 1000;
const ACK_US = 10_000;
const LEAST_NAK_US = 20_000;
const REPORT_BYTES = 1456;

class ControlSender {
  readonly #path: Path;
  readonly #agreement: Agreement;

  constructor(agreement: Agreement, path: Path) {
    this.#agreement = agreement;
    this.#path = path;
  }

  send(message: { type: number; info?: number }, body: Uint8Array | undefined, nowUs: number): void {
    const { peerId, startUs } = this.#agreement;
    const packet = serializeControl(
      { ...message, timestamp: (nowUs - startUs) >>> 0, socketId: peerId },
      body,
    );
    this.#path.send(packet, packet.length);
  }
}

/**
 * What a receiver with the timers of libsrt 1.5 does, and nothing else: a gap is reported once at once and then with all
 * others, every 20 ms or half a round trip and twice its variance; acknowledgements every 10 ms that are not repeated
 * once they were answered; a packet is dropped when one behind it is due.
 */
export class LibsrtReceiver {
  nextUs: number;
  delivered = 0;
  readonly dropped: number[] = [];
  readonly #control: ControlSender;
  readonly #agreement: Agreement;
  readonly #losses = new LossList(SEQUENCE_31);
  readonly #rtt = new RttEstimator();
  readonly #header = new DataHeader();
  readonly #dueUs = new Map<number, number>();
  readonly #unanswered = new Map<number, { readonly sequence: number; readonly atUs: number }>();
  #base: number;
  #end: number;
  #number = 0;
  #acknowledged: number;
  #confirmed: number;
  #ackSentUs = 0;
  #nextAckUs: number;
  #nextNakUs: number;
  #nakUs = LEAST_NAK_US;
  #lookedUs: number;

  constructor(agreement: Agreement, path: Path, nowUs: number) {
    this.#agreement = agreement;
    this.#control = new ControlSender(agreement, path);
    this.#base = agreement.receiveSequence;
    this.#end = this.#base;
    this.#acknowledged = this.#base;
    this.#confirmed = this.#base;
    this.#nextAckUs = nowUs + ACK_US;
    this.#nextNakUs = nowUs + LEAST_NAK_US;
    this.#lookedUs = nowUs;
    this.nextUs = nowUs + IDLE_LOOK_US;
  }

  receive(packet: Uint8Array, nowUs: number): void {
    if (isControl(packet)) this.#onControl(packet, nowUs);
    else this.#onData(packet, nowUs);
  }

  tick(nowUs: number): void {
    this.nextUs = nowUs + IDLE_LOOK_US;
    this.#look(nowUs);
    this.#deliver(nowUs);
  }

  #onControl(packet: Uint8Array, nowUs: number): void {
    const header = new ControlHeader();
    if (!readControlHeader(packet, header) || header.type !== CONTROL_ACKACK) return;
    const answered = this.#unanswered.get(header.info);
    if (answered === undefined) return;
    this.#unanswered.delete(header.info);
    this.#confirmed = SEQUENCE_31.later(this.#confirmed, answered.sequence);
    this.#rtt.add(nowUs - answered.atUs);
  }

  #onData(packet: Uint8Array, nowUs: number): void {
    const header = this.#header;
    readDataHeader(packet, header);
    const { sequence } = header;
    if (SEQUENCE_31.diff(sequence, this.#base) < 0 || this.#dueUs.has(sequence)) return;
    const { peerTimeUs, peerTimestamp, receiveLatencyMs } = this.#agreement;
    this.#dueUs.set(sequence, peerTimeUs + header.timestamp - peerTimestamp + receiveLatencyMs * 1000);
    const ahead = SEQUENCE_31.diff(sequence, this.#end);
    if (ahead > 0) {
      const high = SEQUENCE_31.add(sequence, -1);
      this.#losses.add(this.#end, high);
      this.#report(1, this.#end, high, nowUs);
    }
    if (ahead >= 0) this.#end = SEQUENCE_31.next(sequence);
    else this.#losses.remove(sequence);
    this.#look(nowUs);
  }

  #look(nowUs: number): void {
    if (nowUs - this.#lookedUs <= LOOK_US) return;
    this.#lookedUs = nowUs;
    if (nowUs > this.#nextAckUs) {
      this.#acknowledge(nowUs);
      this.#nextAckUs = nowUs + ACK_US;
    }
    if (this.#losses.size > 0) {
      if (nowUs <= this.#nextNakUs) return;
      this.#report(this.#losses.ranges, 0, 0, nowUs);
    }
    this.#nextNakUs = nowUs + this.#nakUs;
  }

  /** One fresh range, or all. */
  #report(count: number, low: number, high: number, nowUs: number): void {
    const losses = this.#losses;
    const fresh = high !== 0;
    const body = serializeLossReport(
      count,
      (i) => (fresh ? low : losses.low(i)),
      (i) => (fresh ? high : losses.high(i)),
      REPORT_BYTES,
    );
    this.#control.send({ type: CONTROL_NAK }, body, nowUs);
    this.#nakUs = Math.max(LEAST_NAK_US, (this.#rtt.rttUs + 4 * this.#rtt.varianceUs) / 2);
  }

  #acknowledge(nowUs: number): void {
    const { rttUs, varianceUs } = this.#rtt;
    const point = this.#losses.size > 0 ? this.#losses.first : this.#end;
    if (point === this.#confirmed) return;
    if (point === this.#acknowledged && nowUs - this.#ackSentUs < rttUs + 4 * varianceUs) return;
    this.#acknowledged = point;
    this.#ackSentUs = nowUs;
    const message = new Acknowledgement();
    message.kind = ACK_FULL;
    message.sequence = point;
    message.rttUs = Math.round(rttUs);
    message.rttVarianceUs = Math.round(varianceUs);
    message.bufferAvailable = 8000;
    this.#unanswered.set(++this.#number, { sequence: point, atUs: nowUs });
    this.#control.send({ type: CONTROL_ACK, info: this.#number }, serializeAcknowledgement(message), nowUs);
  }

  #deliver(nowUs: number): void {
    while (this.#dueUs.size > 0) {
      let first = this.#base;
      while (!this.#dueUs.has(first)) first = SEQUENCE_31.next(first);
      if ((this.#dueUs.get(first) as number) > nowUs) return;
      for (let at = this.#base; at !== first; at = SEQUENCE_31.next(at)) this.dropped.push(at);
      this.#dueUs.delete(first);
      this.delivered++;
      this.#base = SEQUENCE_31.next(first);
      this.#losses.removeBefore(this.#base);
    }
  }
}

/**
 * What a sender with the rules of libsrt 1.5 does, and nothing else: it sends again what is reported, unless it did so
 * less than the round trip less four times its variance ago, both as the peer tells them.
 */
export class LibsrtSender {
  readonly nextUs = Number.POSITIVE_INFINITY;
  readonly #agreement: Agreement;
  readonly #path: Path;
  readonly #control: ControlSender;
  readonly #packets = new Map<number, { readonly bytes: Uint8Array; againUs: number }>();
  readonly #ack = new Acknowledgement();
  #oldest: number;
  #next: number;
  #rttUs = 100_000;
  #varianceUs = 50_000;

  constructor(agreement: Agreement, path: Path) {
    this.#agreement = agreement;
    this.#path = path;
    this.#control = new ControlSender(agreement, path);
    this.#oldest = agreement.sendSequence;
    this.#next = agreement.sendSequence;
  }

  send(payload: Uint8Array, nowUs: number): void {
    const { startUs, peerId } = this.#agreement;
    const bytes = new Uint8Array(HEADER_BYTES + payload.length);
    const header = new DataHeader();
    header.sequence = this.#next;
    header.boundary = BOUNDARY_SOLO;
    header.message = 1;
    header.timestamp = (nowUs - startUs) >>> 0;
    header.socketId = peerId;
    writeDataHeader(bytes, header);
    bytes.set(payload, HEADER_BYTES);
    this.#packets.set(this.#next, { bytes, againUs: Number.NEGATIVE_INFINITY });
    this.#next = SEQUENCE_31.next(this.#next);
    this.#path.send(bytes, bytes.length);
  }

  tick(): void {
    assert.fail("it has no timers");
  }

  receive(packet: Uint8Array, nowUs: number): void {
    const header = new ControlHeader();
    if (!readControlHeader(packet, header)) return;
    if (header.type === CONTROL_ACK) this.#onAck(packet, header.info, nowUs);
    if (header.type === CONTROL_NAK) {
      readLossReport(packet, (low, high) => {
        for (let at = low; SEQUENCE_31.diff(at, high) <= 0; at = SEQUENCE_31.next(at))
          this.#resend(at, nowUs);
      });
    }
  }

  #onAck(packet: Uint8Array, number: number, nowUs: number): void {
    const ack = this.#ack;
    if (!readAcknowledgement(packet, ack)) return;
    for (; SEQUENCE_31.diff(ack.sequence, this.#oldest) > 0; this.#oldest = SEQUENCE_31.next(this.#oldest))
      this.#packets.delete(this.#oldest);
    if (packet.length <= HEADER_BYTES + 4) return;
    this.#control.send({ type: CONTROL_ACKACK, info: number }, undefined, nowUs);
    this.#rttUs = ack.rttUs;
    this.#varianceUs = ack.rttVarianceUs;
  }

  #resend(sequence: number, nowUs: number): void {
    const packet = this.#packets.get(sequence);
    if (packet === undefined || packet.againUs >= nowUs - (this.#rttUs - 4 * this.#varianceUs)) return;
    packet.againUs = nowUs;
    markRetransmitted(packet.bytes);
    this.#path.send(packet.bytes, packet.bytes.length);
  }
}
