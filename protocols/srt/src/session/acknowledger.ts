import type { RttEstimator } from "@millrace/arq";
import { Acknowledgement, serializeAcknowledgement } from "../wire/ack.ts";
import { CONTROL_ACK } from "../wire/control.ts";
import type { Receiver } from "./receiver.ts";
import { SYN_US } from "./sender.ts";

/** How many full acknowledgements wait for their ACKACK. */
const HISTORY = 1024;
/** A light acknowledgement after so many packets (draft-sharabayko-srt §4.8.1). */
const LIGHT_EVERY = 64;
/** The least variance of the round trip that the peer is told, as a part of it. */
const TOLD_VARIANCE = 3 / 16;
const KIND_LIGHT = 0;
const KIND_FULL = 2;

/** Sends one control message of the connection. */
export type SendControl = (
  message: {
    readonly type: number;
    readonly subtype?: number;
    readonly info?: number;
    readonly body?: Uint8Array;
  },
  nowUs: number,
) => void;

/** Acknowledges what came, and measures round trips by the answers. */
export class Acknowledger {
  nextUs = Number.POSITIVE_INFINITY;
  readonly #receiver: Receiver;
  readonly #rtt: RttEstimator;
  readonly #send: SendControl;
  readonly #message = new Acknowledgement();
  readonly #sentUs = new Float64Array(HISTORY);
  readonly #numbers = new Int32Array(HISTORY).fill(-1);
  readonly #sequences = new Int32Array(HISTORY);
  #number = 0;
  #lastSequence: number;
  #lastSentUs = 0;
  #confirmed: number;
  #sinceLight = 0;

  constructor(receiver: Receiver, rtt: RttEstimator, send: SendControl) {
    this.#receiver = receiver;
    this.#rtt = rtt;
    this.#send = send;
    this.#lastSequence = receiver.ackPoint;
    this.#confirmed = receiver.ackPoint;
  }

  /** A data packet came. True: a light acknowledgement was sent. */
  onData(nowUs: number): boolean {
    // The first one leaves at once: nothing can be recovered well before a round trip is known.
    if (this.#number === 0) this.nextUs = nowUs;
    else if (this.nextUs === Number.POSITIVE_INFINITY) this.nextUs = nowUs + SYN_US;
    if (++this.#sinceLight < LIGHT_EVERY) return false;
    this.#sinceLight = 0;
    this.#message.kind = KIND_LIGHT;
    this.#message.sequence = this.#receiver.ackPoint;
    this.#send({ type: CONTROL_ACK, body: serializeAcknowledgement(this.#message) }, nowUs);
    return true;
  }

  /** Sends the full acknowledgement when it says something new or went unanswered. True: it was sent. */
  tick(nowUs: number): boolean {
    if (nowUs < this.nextUs) return false;
    const receiver = this.#receiver;
    const point = receiver.ackPoint;
    const unanswered = this.#confirmed !== point;
    const { rttUs, varianceUs } = this.#rtt;
    const fresh = point !== this.#lastSequence;
    const repeat = unanswered && nowUs - this.#lastSentUs >= rttUs + 4 * varianceUs;
    this.nextUs = fresh || unanswered || receiver.sinceAck > 0 ? nowUs + SYN_US : Number.POSITIVE_INFINITY;
    receiver.sinceAck = 0;
    if (!fresh && !repeat) return false;
    this.#sendFull(point, nowUs);
    return true;
  }

  /** The peer answered acknowledgement `number`. Returns the round trip in microseconds, -1 when it is unknown. */
  onAnswer(number: number, nowUs: number): number {
    const place = number % HISTORY;
    if (this.#numbers[place] !== number) return -1;
    this.#numbers[place] = -1;
    this.#confirmed = this.#sequences[place] as number;
    return nowUs - (this.#sentUs[place] as number);
  }

  #sendFull(point: number, nowUs: number): void {
    const receiver = this.#receiver;
    const message = this.#message;
    message.kind = KIND_FULL;
    message.sequence = point;
    message.rttUs = Math.round(this.#rtt.rttUs);
    // A sender repeats a packet after the round trip less four times this at the earliest. Told the bare truth of a quiet
    // line it would do so once in a round trip only: too seldom for what is late already. With this it answers a report
    // after a quarter of a round trip: not the second one, which follows the first too soon, but those that press.
    message.rttVarianceUs = Math.round(Math.max(this.#rtt.varianceUs, this.#rtt.rttUs * TOLD_VARIANCE));
    message.bufferAvailable = Math.max(2, receiver.buffer.room());
    message.packetsPerSecond = Math.round(receiver.arrival.packetsPerSecond());
    message.linkCapacity = Math.round(receiver.capacity.packetsPerSecond());
    message.bytesPerSecond = Math.round(receiver.arrival.bytesPerSecond());
    this.#number = this.#number >= 0x7fffffff ? 1 : this.#number + 1;
    const place = this.#number % HISTORY;
    this.#numbers[place] = this.#number;
    this.#sequences[place] = point;
    this.#sentUs[place] = nowUs;
    this.#lastSequence = point;
    this.#lastSentUs = nowUs;
    this.#sinceLight = 0;
    this.#send({ type: CONTROL_ACK, info: this.#number, body: serializeAcknowledgement(message) }, nowUs);
  }
}
