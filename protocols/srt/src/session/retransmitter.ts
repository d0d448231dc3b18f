import {
  LossList,
  type Pacer,
  type RttEstimator,
  SEQUENCE_31,
  type SendBuffer,
  type SendSlot,
} from "@millrace/arq";
import { markRetransmitted } from "../wire/header.ts";
import type { Agreement } from "./agreement.ts";
import { Echoes } from "./echoes.ts";

/** Between two acknowledgements of a busy receiver: libsrt looks at its timers every 10 ms and a little. */
const ACK_US = 12_000;
/** A round trip may take longer than usual by this at least. */
const LEAST_MARGIN_US = 2000;
/** Further copies of a packet that may not get another chance, and their distance: longer than most bursts of loss. */
const MOST_COPIES = 2;
const COPY_AFTER_US = 4000;
/** A try is the last but one, or the last, when less than this many rounds of trying and hearing of it are left. */
const LAST_ROUNDS = 1.5;
/** With less time than this until a packet is due, every report counts. */
const PRESSING_ROUND_TRIPS = 1.5;
/** A packet that is reported lost for the first time is not older than this, unless reports were lost as well. */
const PROMPT_ROUND_TRIPS = 1.5;
/** The last moments, in round trips: of a packet that was lost before, and of the one that holds up all others. */
const LAST_RESENT = 0.5;
const LAST_FIRST = 0.3;
/** Asked again after less than this part of a round trip, a peer asks so often that copies are not needed. */
const OFTEN = 0.75;

/** `SendSlot.tag`: this packet is to be sent in its last moment, or was. `tag2` counts the copies of its last try. */
const SEND_LAST = 1;
const SENT_LAST = 2;

export interface RetransmitterParts {
  readonly agreement: Agreement;
  readonly rtt: RttEstimator;
  readonly buffer: SendBuffer;
  readonly pacer: Pacer;
  /** As in `SrtOptions`. */
  readonly algorithm: 0 | 1;
  /** Puts a packet on its way once more. */
  readonly send: (slot: SendSlot, nowUs: number) => void;
}

/**
 * Which packets are sent again, and how often. What the peer reports lost (draft-sharabayko-srt §3.2.5), and what it must
 * miss by all that its acknowledgements say: reports get lost, too, and libsrt repeats them every 20 ms at most.
 */
export class Retransmitter {
  /** Lost packets that wait to be sent again. */
  readonly losses = new LossList(SEQUENCE_31);
  readonly #buffer: SendBuffer;
  readonly #rtt: RttEstimator;
  readonly #pacer: Pacer;
  readonly #send: RetransmitterParts["send"];
  readonly #latencyUs: number;
  readonly #waits: boolean;
  readonly #guesses: boolean;
  readonly #echoes = new Echoes();
  /** Sent again, and not acknowledged. */
  readonly #resent = new LossList(SEQUENCE_31);
  #lookUs = Number.POSITIVE_INFINITY;

  constructor(parts: RetransmitterParts) {
    const { peerLatencyMs, filter } = parts.agreement;
    this.#buffer = parts.buffer;
    this.#rtt = parts.rtt;
    this.#pacer = parts.pacer;
    this.#send = parts.send;
    this.#latencyUs = peerLatencyMs * 1000;
    this.#waits = parts.algorithm === 1;
    // What a packet filter may still rebuild holds up acknowledgements, and is not asked for.
    this.#guesses = filter === undefined || filter.arq === "always";
  }

  /** When `look` or `sendCopies` has something to do. */
  get nextUs(): number {
    return Math.min(this.#echoes.nextUs, this.#lookUs);
  }

  /** Nobody needs what lies before this number. */
  release(before: number): void {
    this.losses.removeBefore(before);
    this.#resent.removeBefore(before);
  }

  /** An acknowledgement named this as the first packet that the peer does not have. It is lost, or on its way still. */
  onNamed(sequence: number, nowUs: number): void {
    const slot = this.#buffer.get(sequence);
    if (!this.#guesses || slot === undefined || slot.sends === 0 || this.#leftUs(slot, nowUs) < 0) return;
    if (nowUs - slot.lastSentUs >= this.#rtt.rttUs + this.#marginUs()) this.losses.add(sequence, sequence);
  }

  /** Looks for what misses by the silence about it. */
  look(nowUs: number): void {
    this.#lookUs = Number.POSITIVE_INFINITY;
    const first = this.#buffer.get(this.#buffer.oldest);
    if (!this.#guesses || first === undefined || first.sends === 0) return;
    const waitUs = this.#rtt.rttUs + this.#marginUs() + ACK_US;
    if (this.#leftUs(first, nowUs) >= 0) {
      // Of one that nobody reported perhaps only the acknowledgement was lost: the next one comes soon.
      this.#lookAt(first, first.sends === 1 ? waitUs + ACK_US : waitUs, nowUs);
      this.#lookOnce(first, waitUs, nowUs);
    }
    this.#lookAtResent(waitUs, nowUs);
  }

  /** Sends the first of `losses` again; there must be one. */
  resendNext(nowUs: number): void {
    const slot = this.#buffer.get(this.losses.shift());
    if (slot === undefined) return;
    const { rttUs, varianceUs } = this.#rtt;
    const sinceUs = nowUs - slot.lastSentUs;
    const leftUs = this.#leftUs(slot, nowUs);
    // Reports that left before the last try can have arrived say nothing of it; when time presses, that is not waited for.
    const pressing = leftUs < PRESSING_ROUND_TRIPS * rttUs;
    const leastUs = pressing ? rttUs / (slot.tag2 > 0 ? 2 : 4) : Math.max(rttUs - 4 * varianceUs, rttUs / 2);
    const last = slot.tag === SEND_LAST;
    if (last) slot.tag = SENT_LAST;
    else if (this.#waits && slot.sends > 1 && sinceUs < leastUs) return;
    slot.sends++;
    this.#resent.add(slot.sequence, slot.sequence);
    markRetransmitted(slot.bytes);
    this.#send(slot, nowUs);
    const roundUs = rttUs + Math.min(this.#marginUs(), rttUs / 4) + ACK_US;
    // The first try after a report that came at once is worth one copy, one after lost reports or in vain is worth more.
    const prompt = slot.sends === 2 && nowUs - slot.originUs < PROMPT_ROUND_TRIPS * rttUs;
    const often = sinceUs < OFTEN * rttUs && !last;
    const copies = leftUs < 0 || often || leftUs > LAST_ROUNDS * roundUs ? 0 : prompt ? 1 : MOST_COPIES;
    slot.tag2 = copies;
    const stepUs = Math.min(COPY_AFTER_US, leftUs / (copies + 1));
    for (let i = 1; i <= copies; i++) this.#echoes.push(slot.sequence, nowUs + i * stepUs);
  }

  /** Sends the further copies that are due. */
  sendCopies(nowUs: number): void {
    const echoes = this.#echoes;
    while (echoes.nextUs <= nowUs && this.#pacer.ready(nowUs)) {
      const slot = this.#buffer.get(echoes.shift());
      if (slot !== undefined) this.#send(slot, nowUs);
    }
  }

  #marginUs(): number {
    const { rttUs, varianceUs } = this.#rtt;
    return Math.min(Math.max(4 * varianceUs, LEAST_MARGIN_US), rttUs / 2);
  }

  /** How long the packet may still be sent to arrive in time. */
  #leftUs(slot: SendSlot, nowUs: number): number {
    return slot.originUs + this.#latencyUs - nowUs;
  }

  #lookAt(slot: SendSlot, waitUs: number, nowUs: number): void {
    const dueUs = slot.lastSentUs + waitUs;
    if (nowUs >= dueUs) this.losses.add(slot.sequence, slot.sequence);
    else this.#lookUs = Math.min(this.#lookUs, dueUs);
  }

  /** What holds up all others, and was sent again already, goes once more just before it is too late. */
  #lookOnce(first: SendSlot, waitUs: number, nowUs: number): void {
    const atUs = first.originUs + this.#latencyUs - LAST_FIRST * this.#rtt.rttUs;
    // When even a second try would not be known to be in vain, this says nothing.
    if (first.tag !== 0 || first.sends === 1 || atUs < first.originUs + 2 * waitUs) return;
    if (nowUs < atUs) {
      this.#lookUs = Math.min(this.#lookUs, atUs);
      return;
    }
    first.tag = SEND_LAST;
    this.losses.add(first.sequence, first.sequence);
  }

  /** Behind the first one that misses acknowledgements say nothing: what was lost once is sent again in its last moment. */
  #lookAtResent(waitUs: number, nowUs: number): void {
    const resent = this.#resent;
    const lastUs = LAST_RESENT * this.#rtt.rttUs;
    for (let i = 0; i < resent.ranges; i++) {
      const high = resent.high(i);
      for (let at = resent.low(i); SEQUENCE_31.diff(at, high) <= 0; at = SEQUENCE_31.next(at)) {
        const slot = this.#buffer.get(at);
        if (slot === undefined) continue;
        const leftUs = this.#leftUs(slot, nowUs);
        if (leftUs > lastUs) {
          this.#lookUs = Math.min(this.#lookUs, nowUs + leftUs - lastUs);
          return;
        }
        if (leftUs >= 0) this.#lookAt(slot, waitUs, nowUs);
      }
    }
  }
}
