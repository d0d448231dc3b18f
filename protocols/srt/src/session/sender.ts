import {
  InputRate,
  type LossList,
  Pacer,
  type RttEstimator,
  SEQUENCE_31,
  SendBuffer,
  type SendSlot,
} from "@millrace/arq";
import { FilterSender } from "../filter/sender.ts";
import { CONTROL_DROPREQ, serializeControl } from "../wire/control.ts";
import { serializeDropRequest } from "../wire/drop-request.ts";
import { FLAG_PERIODICNAK, FLAG_TLPKTDROP } from "../wire/extension.ts";
import { BOUNDARY_SOLO, DataHeader, HEADER_BYTES, KEY_NONE, writeDataHeader } from "../wire/header.ts";
import type { Agreement } from "./agreement.ts";
import type { Path } from "./endpoint.ts";
import { type SrtOptions, UDP_IP_BYTES } from "./options.ts";
import { Retransmitter } from "./retransmitter.ts";
import { COUNTED_HEADERS, type Statistics } from "./statistics.ts";

/** ACKs come every so often; the unit of several time-outs. */
export const SYN_US = 10_000;
/** A sender never gives a packet up earlier than this (docs/API/statistics.md, pktSndDropTotal). */
const LEAST_DROP_MS = 1000;
const MAX_MESSAGE = 0x3ff_ffff;
/** Every 16th packet and its successor leave back to back, so that the peer can estimate the link. */
const PROBE_MASK = 15;
const MAX_LOSS_RANGES = 4096;
/** Ranges of one report that are told to be gone; what is not told now is reported again. */
const MOST_TOLD = 16;

export interface SenderParts {
  readonly options: SrtOptions;
  readonly agreement: Agreement;
  readonly path: Path;
  readonly statistics: Statistics;
  readonly rtt: RttEstimator;
}

/** The sending half of a connection in live mode (draft-sharabayko-srt §4, §5.1). */
export class Sender {
  readonly buffer: SendBuffer;
  readonly pacer = new Pacer();
  /** When something was last sent to the peer. */
  lastSentUs = 0;
  nextUs = Number.POSITIVE_INFINITY;
  peerRoom = 0;
  linkPacketsPerSecond = 0;
  readonly #options: SrtOptions;
  readonly #agreement: Agreement;
  readonly #path: Path;
  readonly #statistics: Statistics;
  readonly #rtt: RttEstimator;
  readonly #header = new DataHeader();
  readonly #filter: FilterSender | undefined;
  readonly #inputRate = new InputRate();
  readonly #dropAfterUs: number;
  readonly #fastResend: boolean;
  readonly #retransmitter: Retransmitter;
  #key = KEY_NONE;
  /** First packet of the present key. */
  #keySequence = 0;
  #unsent = 0;
  #acknowledged = 0;
  #message = 1;
  #lastProgressUs = 0;
  #lastDataUs = 0;
  #resendRound = 1;
  /** Ranges that the present report was told to be gone, and when it came. */
  #told = 0;
  #toldUs = -1;
  #busySinceUs = -1;

  constructor(parts: SenderParts, nowUs: number) {
    const { options, agreement } = parts;
    this.#options = options;
    this.#agreement = agreement;
    this.#path = parts.path;
    this.#statistics = parts.statistics;
    this.#rtt = parts.rtt;
    this.buffer = new SendBuffer({
      space: SEQUENCE_31,
      firstSequence: agreement.sendSequence,
      maxPackets: options.sendBufferPackets,
      slotBytes: agreement.maxPacketSize - UDP_IP_BYTES,
    });
    this.#retransmitter = new Retransmitter({
      agreement,
      rtt: this.#rtt,
      buffer: this.buffer,
      pacer: this.pacer,
      algorithm: options.retransmitAlgorithm,
      send: (slot, atUs) => this.#sendAgain(slot, atUs),
    });
    this.peerRoom = agreement.flowWindow;
    this.#keySequence = agreement.sendSequence;
    this.#unsent = agreement.sendSequence;
    this.#acknowledged = agreement.sendSequence;
    this.lastSentUs = nowUs;
    this.#lastProgressUs = nowUs;
    this.#header.socketId = agreement.peerId;
    this.#filter = makeFilter(agreement);
    const drops =
      options.tooLateDrop && options.sendDropDelayMs >= 0 && (agreement.peerFlags & FLAG_TLPKTDROP) !== 0;
    const dropMs = Math.max(agreement.peerLatencyMs + options.sendDropDelayMs, LEAST_DROP_MS);
    this.#dropAfterUs = drops ? dropMs * 1000 + 2 * SYN_US : Number.POSITIVE_INFINITY;
    this.#fastResend = (agreement.peerFlags & FLAG_PERIODICNAK) === 0;
    this.#setRate();
  }

  /** Lost packets that wait to be sent again. */
  get losses(): LossList {
    return this.#retransmitter.losses;
  }

  /** Packets encrypted with the key before the present one may still be sent. */
  get holdsFormerKey(): boolean {
    return SEQUENCE_31.diff(this.buffer.oldest, this.#keySequence) < 0;
  }

  /** The peer needs nothing before this number. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Packets sent and not acknowledged. */
  get inFlight(): number {
    return Math.max(0, SEQUENCE_31.diff(this.#unsent, this.buffer.oldest));
  }

  get window(): number {
    return Math.min(this.peerRoom, this.#options.flowWindow);
  }

  /** Takes one message. False: the buffer is full, and the message was dropped. */
  send(payload: Uint8Array, originUs: number, nowUs: number): boolean {
    const { crypto, startUs } = this.#agreement;
    const slot = this.buffer.claim();
    if (slot === undefined) {
      this.#statistics.pktSndDropTotal++;
      this.#statistics.byteSndDropTotal += payload.length + COUNTED_HEADERS;
      return false;
    }
    if (this.#busySinceUs < 0) this.#busySinceUs = nowUs;
    const header = this.#header;
    header.sequence = slot.sequence;
    header.boundary = BOUNDARY_SOLO;
    header.inOrder = false;
    header.key = crypto.sendKey;
    if (header.key !== this.#key) {
      this.#key = header.key;
      this.#keySequence = slot.sequence;
    }
    header.message = this.#message;
    header.timestamp = (originUs - startUs) >>> 0;
    this.#message = this.#message === MAX_MESSAGE ? 1 : this.#message + 1;
    writeDataHeader(slot.bytes, header);
    slot.bytes.set(payload, HEADER_BYTES);
    let length = HEADER_BYTES + payload.length;
    if (crypto.sending) length = crypto.encrypt(slot.bytes, length);
    this.buffer.setLength(slot, length);
    slot.originUs = originUs;
    this.#inputRate.onPacket(payload.length, nowUs);
    if (this.#options.maxBandwidth === 0) this.#setRate();
    return true;
  }

  /** Sends what may be sent now: first what was lost, then what is new. */
  pump(nowUs: number): void {
    const { buffer } = this;
    const retransmitter = this.#retransmitter;
    const { losses } = retransmitter;
    this.#dropLate(nowUs);
    retransmitter.look(nowUs);
    retransmitter.sendCopies(nowUs);
    let paired = false;
    for (;;) {
      if (!paired && !this.pacer.ready(nowUs)) {
        const { readyUs } = this.pacer;
        this.nextUs = this.#hasWork() ? readyUs : Math.max(readyUs, retransmitter.nextUs);
        return;
      }
      paired = false;
      if (losses.size > 0) {
        retransmitter.resendNext(nowUs);
        continue;
      }
      if (this.#unsent === buffer.next || this.inFlight >= this.window) break;
      const slot = buffer.get(this.#unsent) as SendSlot;
      paired = (this.#unsent & PROBE_MASK) === 0;
      this.#unsent = SEQUENCE_31.next(this.#unsent);
      this.#sendNew(slot, nowUs);
    }
    this.nextUs = retransmitter.nextUs;
  }

  /** Runs time-outs: late packets, and those whose end nobody reported. */
  tick(nowUs: number): void {
    this.#resendUnreported(nowUs);
    this.pump(nowUs);
  }

  /** The peer has everything before `sequence`. False: it speaks of packets that were never sent. */
  acknowledge(sequence: number, nowUs: number): boolean {
    if (SEQUENCE_31.diff(sequence, this.#unsent) > 0) return false;
    if (SEQUENCE_31.diff(sequence, this.#acknowledged) > 0) {
      this.#acknowledged = sequence;
      this.#lastProgressUs = nowUs;
      this.#resendRound = 1;
    }
    this.buffer.release(sequence);
    this.#retransmitter.release(sequence);
    if (sequence === this.#acknowledged) this.#retransmitter.onNamed(sequence, nowUs);
    this.#noteIdle(nowUs);
    return true;
  }

  /** The peer misses these. False: they were never sent. */
  onLoss(low: number, high: number, nowUs: number): boolean {
    const { buffer } = this;
    if (SEQUENCE_31.diff(high, low) < 0 || SEQUENCE_31.diff(high, this.#unsent) >= 0) return false;
    let from = low;
    if (SEQUENCE_31.diff(from, buffer.oldest) < 0) {
      const lastGone = SEQUENCE_31.diff(high, buffer.oldest) < 0 ? high : SEQUENCE_31.add(buffer.oldest, -1);
      this.#tellDropped(from, lastGone, nowUs);
      from = buffer.oldest;
      if (SEQUENCE_31.diff(high, from) < 0) return true;
    }
    if (this.losses.ranges >= MAX_LOSS_RANGES) return true;
    this.#statistics.pktSndLossTotal += SEQUENCE_31.diff(high, from) + 1;
    this.losses.add(from, high);
    return true;
  }

  /** Continues with another number; only while nothing is held. */
  restartAt(sequence: number): boolean {
    if (!this.buffer.restartAt(sequence)) return false;
    this.#keySequence = sequence;
    this.#unsent = sequence;
    // The numbers between are not to come: whoever asks for them is told so.
    if (SEQUENCE_31.diff(sequence, this.#acknowledged) < 0) this.#acknowledged = sequence;
    return true;
  }

  busyUs(nowUs: number): number {
    return this.#busySinceUs < 0 ? 0 : nowUs - this.#busySinceUs;
  }

  #hasWork(): boolean {
    return this.losses.size > 0 || this.#unsent !== this.buffer.next;
  }

  #sendNew(slot: SendSlot, nowUs: number): void {
    const statistics = this.#statistics;
    const counted = slot.length + UDP_IP_BYTES;
    slot.sends = 1;
    this.#transmit(slot, nowUs);
    statistics.pktSentUniqueTotal++;
    statistics.byteSentUniqueTotal += counted;
    const filter = this.#filter;
    if (filter === undefined) return;
    filter.feed(slot.bytes, slot.length);
    for (let extra = filter.pull(slot.sequence); extra !== undefined; extra = filter.pull(slot.sequence)) {
      this.#sendExtra(extra, nowUs);
    }
  }

  #sendExtra(
    extra: { sequence: number; timestamp: number; key: number; bytes: Uint8Array; length: number },
    nowUs: number,
  ): void {
    const packet = new Uint8Array(HEADER_BYTES + extra.length);
    const header = this.#header;
    header.sequence = extra.sequence;
    header.boundary = BOUNDARY_SOLO;
    header.inOrder = false;
    header.key = extra.key;
    header.message = 0;
    header.timestamp = extra.timestamp;
    writeDataHeader(packet, header);
    packet.set(extra.bytes.subarray(0, extra.length), HEADER_BYTES);
    this.#path.send(packet, packet.length);
    this.lastSentUs = nowUs;
    const statistics = this.#statistics;
    statistics.pktSndFilterExtraTotal++;
    statistics.pktSentTotal++;
    statistics.byteSentTotal += packet.length + UDP_IP_BYTES;
    this.pacer.onSend(packet.length + UDP_IP_BYTES, nowUs);
  }

  #sendAgain(slot: SendSlot, nowUs: number): void {
    this.#transmit(slot, nowUs);
    this.#statistics.pktRetransTotal++;
    this.#statistics.byteRetransTotal += slot.length + UDP_IP_BYTES;
  }

  #transmit(slot: SendSlot, nowUs: number): void {
    slot.lastSentUs = nowUs;
    this.lastSentUs = nowUs;
    this.#lastDataUs = nowUs;
    this.#path.send(slot.bytes, slot.length);
    this.#statistics.pktSentTotal++;
    this.#statistics.byteSentTotal += slot.length + UDP_IP_BYTES;
    this.pacer.onSend(slot.length + UDP_IP_BYTES, nowUs);
  }

  #dropLate(nowUs: number): void {
    if (this.#dropAfterUs === Number.POSITIVE_INFINITY) return;
    const { buffer } = this;
    const bytes = buffer.bytes;
    const dropped = buffer.releaseOlder(nowUs - this.#dropAfterUs, buffer.next);
    if (dropped === 0) return;
    this.#statistics.pktSndDropTotal += dropped;
    this.#statistics.byteSndDropTotal += bytes - buffer.bytes + dropped * UDP_IP_BYTES;
    if (SEQUENCE_31.diff(buffer.oldest, this.#unsent) > 0) this.#unsent = buffer.oldest;
    this.#retransmitter.release(buffer.oldest);
    this.#noteIdle(nowUs);
  }

  /** Also of what the peer, or somebody else, acknowledged: it might wait for it. */
  #tellDropped(low: number, high: number, nowUs: number): void {
    if (nowUs !== this.#toldUs) this.#told = 0;
    this.#toldUs = nowUs;
    if (++this.#told > MOST_TOLD) return;
    const { peerId, startUs } = this.#agreement;
    const packet = serializeControl(
      { type: CONTROL_DROPREQ, timestamp: (nowUs - startUs) >>> 0, socketId: peerId },
      serializeDropRequest(low, high),
    );
    this.#path.send(packet, packet.length);
    this.lastSentUs = nowUs;
  }

  /**
   * What the peer cannot report: with a peer that sends no periodic reports everything unacknowledged, otherwise only
   * the newest packet, which tells the peer how far we are.
   */
  #resendUnreported(nowUs: number): void {
    if (this.losses.size > 0 || this.inFlight === 0) return;
    const { rttUs, varianceUs } = this.#rtt;
    const timeoutUs = this.#resendRound * (rttUs + 4 * varianceUs + 2 * SYN_US) + SYN_US;
    const sinceUs = this.#fastResend
      ? this.#lastProgressUs
      : Math.max(this.#lastProgressUs, this.#lastDataUs);
    if (nowUs - sinceUs < timeoutUs) return;
    this.#resendRound = Math.min(this.#resendRound + 1, 16);
    this.#lastProgressUs = nowUs;
    const newest = SEQUENCE_31.add(this.#unsent, -1);
    const oldest = this.#fastResend ? this.buffer.oldest : newest;
    this.#statistics.pktSndLossTotal += this.losses.add(oldest, newest);
  }

  #noteIdle(nowUs: number): void {
    if (this.buffer.size > 0 || this.#busySinceUs < 0) return;
    this.#statistics.usSndDurationTotal += nowUs - this.#busySinceUs;
    this.#busySinceUs = -1;
  }

  /** docs/API/API-socket-options.md, SRTO_MAXBW. */
  #setRate(): void {
    const { maxBandwidth, inputBandwidth, minInputBandwidth, overheadPercent } = this.#options;
    if (maxBandwidth > 0) this.pacer.bytesPerSecond = maxBandwidth;
    else if (maxBandwidth < 0) this.pacer.bytesPerSecond = 0;
    else {
      const input =
        inputBandwidth > 0 ? inputBandwidth : Math.max(this.#inputRate.bytesPerSecond, minInputBandwidth);
      this.pacer.bytesPerSecond = Math.ceil((input * (100 + overheadPercent)) / 100);
    }
  }
}

function makeFilter(agreement: Agreement): FilterSender | undefined {
  const { filter, sendSequence, filterPayloadBytes } = agreement;
  if (filter === undefined) return undefined;
  return new FilterSender({ config: filter, firstSequence: sendSequence, payloadBytes: filterPayloadBytes });
}
