import { RttEstimator } from "@millrace/arq";
import { Acknowledgement, readAcknowledgement } from "../wire/ack.ts";
import {
  CONTROL_ACK,
  CONTROL_ACKACK,
  CONTROL_DROPREQ,
  CONTROL_HANDSHAKE,
  CONTROL_KEEPALIVE,
  CONTROL_NAK,
  CONTROL_PEERERROR,
  CONTROL_SHUTDOWN,
  CONTROL_USER,
  ControlHeader,
  readControlHeader,
  serializeControl,
} from "../wire/control.ts";
import { readDropRequest } from "../wire/drop-request.ts";
import { EXTENSION_KMREQ, EXTENSION_KMRSP } from "../wire/extension.ts";
import { HEADER_BYTES, isControl } from "../wire/header.ts";
import { readLossReport } from "../wire/loss-report.ts";
import { Acknowledger } from "./acknowledger.ts";
import type { Agreement } from "./agreement.ts";
import { describeConnection } from "./describe.ts";
import type { Endpoint, Path } from "./endpoint.ts";
import { LossReporter } from "./loss-reporter.ts";
import { type SrtOptions, UDP_IP_BYTES } from "./options.ts";
import { type Delivery, Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import { IntervalReading, Statistics } from "./statistics.ts";
import { StrangeAcks } from "./strange-acks.ts";

export type CloseReason = "closed" | "shutdown" | "timeout" | "lost-track" | "peer-error";

export interface ConnectionEvents extends Delivery {
  /** A data packet came, which need not be due yet. */
  onData?(nowUs: number): void;
  onClosed(reason: CloseReason): void;
}

export interface ConnectionParts {
  readonly agreement: Agreement;
  readonly options: SrtOptions;
  readonly path: Path;
  readonly events: ConnectionEvents;
  /** See `ReceiverParts`. */
  readonly joinPoint?: () => number;
  /** Answers a handshake that the peer repeats, as it did not hear our last word. */
  readonly onHandshake?: (packet: Uint8Array, length: number, nowUs: number) => void;
}

const KEEPALIVE_US = 1_000_000;
/** What a peer says of the round trip before it measured one (draft-sharabayko-srt §4.10), and what nobody believes. */
const UNMEASURED_RTT_US = 100_000;
const MOST_RTT_US = 30_000_000;
const KEY_CHECK_US = 50_000;

/** One connected peer: a state machine of packets and time (draft-sharabayko-srt §3.2, §4). */
export class Connection implements Endpoint {
  readonly localId: number;
  readonly agreement: Agreement;
  readonly statistics = new Statistics();
  readonly rtt = new RttEstimator();
  readonly sender: Sender;
  readonly receiver: Receiver;
  lastHeardUs = 0;
  nextUs = 0;
  readonly #options: SrtOptions;
  readonly #path: Path;
  readonly #events: ConnectionEvents;
  readonly #onHandshake: ConnectionParts["onHandshake"];
  readonly #acknowledger: Acknowledger;
  readonly #lossReporter: LossReporter;
  readonly #interval: IntervalReading;
  readonly #control = new ControlHeader();
  readonly #ack = new Acknowledgement();
  readonly #drop = { first: 0, last: 0 };
  #nextKeyUs = 0;
  #lingerUntilUs = -1;
  readonly #strangeAcks: StrangeAcks;
  /** The peer hung up: what it sent before is still delivered, until then. */
  #drainUntilUs = -1;
  #closed = false;
  #lossNowUs = 0;
  readonly #onLoss = (low: number, high: number): void => {
    if (!this.sender.onLoss(low, high, this.#lossNowUs)) this.statistics.pktViolations++;
  };

  constructor(parts: ConnectionParts, nowUs: number) {
    const { agreement, options, path } = parts;
    this.agreement = agreement;
    this.localId = agreement.localId;
    this.#options = options;
    this.#path = path;
    this.#events = parts.events;
    this.#onHandshake = parts.onHandshake;
    const { statistics, rtt } = this;
    this.sender = new Sender({ options, agreement, path, statistics, rtt }, nowUs);
    this.receiver = new Receiver({
      options,
      agreement,
      statistics,
      delivery: parts.events,
      reportLoss: (low, high, atUs) => this.#lossReporter.reportFresh(low, high, atUs),
      reportAll: (atUs) => this.#lossReporter.reportAll(atUs),
      joinPoint: parts.joinPoint,
    });
    this.#lossReporter = new LossReporter({
      losses: this.receiver.losses,
      capacity: this.receiver.buffer.maxPackets,
      rtt,
      repeats: options.nakReport,
      roomBytes: agreement.maxPacketSize - UDP_IP_BYTES - HEADER_BYTES,
      send: (message, atUs) => this.#send(message, atUs),
    });
    if (agreement.handshakeRttUs > 0) rtt.adopt(agreement.handshakeRttUs, agreement.handshakeRttUs / 2);
    this.#acknowledger = new Acknowledger(this.receiver, rtt, (message, atUs) => this.#send(message, atUs));
    this.#strangeAcks = new StrangeAcks(options.peerIdleTimeoutMs * 1000);
    this.#interval = new IntervalReading(nowUs);
    this.lastHeardUs = nowUs;
    this.#nextKeyUs = nowUs + KEY_CHECK_US;
    this.nextUs = nowUs + KEEPALIVE_US;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends one message of at most `agreement.payloadBytes`. False: it was dropped, as the buffer is full. */
  send(payload: Uint8Array, originUs: number, nowUs: number): boolean {
    if (this.#closed || this.#lingerUntilUs >= 0 || this.#drainUntilUs >= 0) return false;
    const taken = this.sender.send(payload, originUs, nowUs);
    this.sender.pump(nowUs);
    if (this.agreement.crypto.sending) this.#renewKeys(nowUs);
    if (this.sender.nextUs < this.nextUs) this.nextUs = this.sender.nextUs;
    return taken;
  }

  receive(packet: Uint8Array, length: number, nowUs: number): void {
    if (this.#closed) return;
    if (length < HEADER_BYTES) {
      this.statistics.pktViolations++;
      return;
    }
    this.lastHeardUs = nowUs;
    if (isControl(packet)) {
      this.#receiveControl(length === packet.length ? packet : packet.subarray(0, length), nowUs);
    } else {
      this.receiver.receive(packet, length, nowUs);
      this.#acknowledger.onData(nowUs);
      this.#events.onData?.(nowUs);
      this.receiver.deliver(nowUs, false);
      if (this.receiver.lostTrack) {
        this.#end("lost-track", nowUs);
        return;
      }
    }
    this.#plan(nowUs);
  }

  tick(nowUs: number): void {
    if (this.#closed) return;
    if (this.#drainUntilUs < 0 && nowUs - this.lastHeardUs > this.#options.peerIdleTimeoutMs * 1000) {
      this.#end("timeout", nowUs);
      return;
    }
    this.receiver.deliver(nowUs, true);
    if (this.#drainUntilUs >= 0) {
      this.#drain(nowUs);
      return;
    }
    this.#acknowledger.tick(nowUs);
    this.#lossReporter.tick(nowUs);
    this.sender.tick(nowUs);
    if (nowUs >= this.#nextKeyUs) {
      this.#nextKeyUs = nowUs + KEY_CHECK_US;
      this.#renewKeys(nowUs);
    }
    if (nowUs - this.sender.lastSentUs >= KEEPALIVE_US) this.keepAlive(nowUs);
    if (this.#lingerUntilUs >= 0 && (this.sender.buffer.size === 0 || nowUs >= this.#lingerUntilUs)) {
      this.#end("closed", nowUs);
      return;
    }
    this.#plan(nowUs);
  }

  /** Ends the connection: when all is acknowledged or the linger time is over, or `atOnce`. */
  close(nowUs: number, atOnce = false): void {
    if (this.#closed) return;
    if (this.#drainUntilUs >= 0) {
      this.#end("shutdown", nowUs);
      return;
    }
    if (atOnce || this.#options.lingerMs === 0 || this.sender.buffer.size === 0) {
      this.#end("closed", nowUs);
      return;
    }
    if (this.#lingerUntilUs >= 0) return;
    this.#lingerUntilUs = nowUs + this.#options.lingerMs * 1000;
    this.#plan(nowUs);
  }

  keepAlive(nowUs: number): void {
    this.#send({ type: CONTROL_KEEPALIVE }, nowUs);
  }

  /** Everything that libsrt's `srt_bistats` reports, and a little more. */
  describe(nowUs: number): Readonly<Record<string, number | string>> {
    return describeConnection(this, this.#options, this.#interval.read(this.statistics, nowUs), nowUs);
  }

  #receiveControl(packet: Uint8Array, nowUs: number): void {
    const header = this.#control;
    const { statistics } = this;
    if (!readControlHeader(packet, header)) {
      statistics.pktViolations++;
      return;
    }
    switch (header.type) {
      case CONTROL_ACK:
        this.#onAck(packet, header.info, nowUs);
        return;
      case CONTROL_NAK:
        statistics.pktRecvNAKTotal++;
        this.#lossNowUs = nowUs;
        if (!readLossReport(packet, this.#onLoss)) statistics.pktViolations++;
        this.sender.pump(nowUs);
        return;
      case CONTROL_ACKACK:
        this.#onAckAck(header.info, header.timestamp, nowUs);
        return;
      case CONTROL_DROPREQ:
        if (
          !readDropRequest(packet, this.#drop) ||
          !this.receiver.dropped(this.#drop.first, this.#drop.last)
        ) {
          statistics.pktViolations++;
        }
        return;
      case CONTROL_HANDSHAKE:
        this.#onHandshake?.(packet, packet.length, nowUs);
        return;
      case CONTROL_SHUTDOWN:
        this.#drain(nowUs);
        return;
      case CONTROL_PEERERROR:
        this.#end("peer-error", nowUs);
        return;
      case CONTROL_USER:
        this.#onUser(packet, header.subtype, nowUs);
        return;
      default:
      // Keep-alive and congestion warnings ask for nothing.
    }
  }

  #onAck(packet: Uint8Array, number: number, nowUs: number): void {
    const { statistics, sender } = this;
    const ack = this.#ack;
    if (!readAcknowledgement(packet, ack) || !sender.acknowledge(ack.sequence, nowUs)) {
      statistics.pktViolations++;
      if (sender.inFlight > 0 && this.#strangeAcks.note(nowUs)) this.#end("lost-track", nowUs);
      return;
    }
    this.#strangeAcks.clear();
    statistics.pktRecvACKTotal++;
    if (packet.length <= HEADER_BYTES + 4) {
      sender.pump(nowUs);
      return;
    }
    this.#send({ type: CONTROL_ACKACK, info: number }, nowUs);
    // One that was overtaken speaks of the past.
    const isNews = ack.sequence === sender.acknowledged;
    if (isNews && ack.bufferAvailable > 0) sender.peerRoom = ack.bufferAvailable;
    if (ack.linkCapacity > 0)
      sender.linkPacketsPerSecond = smooth(sender.linkPacketsPerSecond, ack.linkCapacity);
    this.#believeRtt(ack.rttUs, ack.rttVarianceUs);
    sender.pump(nowUs);
  }

  /** A side that receives measures for itself; one that only sends believes its peer, once that has measured. */
  #believeRtt(rttUs: number, varianceUs: number): void {
    if (this.receiver.started || rttUs === 0 || rttUs > MOST_RTT_US || varianceUs > MOST_RTT_US) return;
    if (rttUs === UNMEASURED_RTT_US && varianceUs === UNMEASURED_RTT_US / 2) return;
    this.rtt.adopt(rttUs, varianceUs);
  }

  #onAckAck(number: number, timestamp: number, nowUs: number): void {
    const rttUs = this.#acknowledger.onAnswer(number, nowUs);
    if (rttUs < 0) return;
    this.rtt.add(rttUs);
    this.receiver.timeBase.observe(timestamp, rttUs, nowUs);
  }

  #onUser(packet: Uint8Array, subtype: number, nowUs: number): void {
    const { crypto } = this.agreement;
    const body = packet.subarray(HEADER_BYTES);
    if (subtype === EXTENSION_KMREQ) {
      const answer = crypto.onRefresh(body);
      this.#send({ type: CONTROL_USER, subtype: EXTENSION_KMRSP, body: answer }, nowUs);
    } else if (subtype === EXTENSION_KMRSP) {
      crypto.onRefreshAnswer(body);
    }
  }

  #renewKeys(nowUs: number): void {
    // The key announced takes the place of the last but one, which nothing on its way may need any more.
    if (this.sender.holdsFormerKey) return;
    const message = this.agreement.crypto.due(nowUs, this.rtt.rttUs);
    if (message !== undefined)
      this.#send({ type: CONTROL_USER, subtype: EXTENSION_KMREQ, body: message }, nowUs);
  }

  #send(
    message: {
      readonly type: number;
      readonly subtype?: number;
      readonly info?: number;
      readonly body?: Uint8Array;
    },
    nowUs: number,
  ): void {
    const { peerId, startUs } = this.agreement;
    const { body, ...rest } = message;
    const timestamp = (nowUs - startUs) >>> 0;
    const packet = serializeControl({ ...rest, timestamp, socketId: peerId }, body);
    this.#path.send(packet, packet.length);
    this.sender.lastSentUs = nowUs;
    if (message.type === CONTROL_ACK) this.statistics.pktSentACKTotal++;
    else if (message.type === CONTROL_NAK) this.statistics.pktSentNAKTotal++;
  }

  #plan(nowUs: number): void {
    if (this.#closed || this.#drainUntilUs >= 0) return;
    const { sender, receiver } = this;
    let nextUs = Math.min(
      sender.lastSentUs + KEEPALIVE_US,
      this.lastHeardUs + this.#options.peerIdleTimeoutMs * 1000 + 1,
      this.#acknowledger.nextUs,
      sender.nextUs,
      receiver.nextDueUs,
      this.#lossReporter.nextUs,
    );
    if (sender.inFlight > 0) nextUs = Math.min(nextUs, nowUs + KEY_CHECK_US);
    if (this.agreement.crypto.sending) nextUs = Math.min(nextUs, Math.max(this.#nextKeyUs, nowUs));
    if (this.#lingerUntilUs >= 0) nextUs = Math.min(nextUs, nowUs + KEY_CHECK_US);
    this.nextUs = nextUs;
  }

  /** Waits for the last packets to become due. */
  #drain(nowUs: number): void {
    if (this.#drainUntilUs < 0)
      this.#drainUntilUs = nowUs + this.agreement.receiveLatencyMs * 1000 + KEEPALIVE_US;
    if (this.receiver.buffer.size === 0 || nowUs >= this.#drainUntilUs) {
      this.#end("shutdown", nowUs);
      return;
    }
    this.nextUs = Math.min(this.receiver.nextDueUs, this.#drainUntilUs);
  }

  #end(reason: CloseReason, nowUs: number): void {
    if (this.#closed) return;
    if (reason !== "shutdown") this.#send({ type: CONTROL_SHUTDOWN }, nowUs);
    this.#closed = true;
    this.nextUs = Number.POSITIVE_INFINITY;
    this.#events.onClosed(reason);
  }
}

function smooth(before: number, sample: number): number {
  return before === 0 ? sample : (before * 7 + sample) / 8;
}
