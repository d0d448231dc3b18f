import { SEQUENCE_31 } from "@millrace/arq";
import type { GroupReceiver } from "../group-receiver.ts";
import type { Leg } from "../leg.ts";

/** A way between two peers. Everything it does follows from `random`. */
export interface WayOptions {
  readonly id: number;
  readonly weight?: number;
  readonly firstSequence: number;
  readonly delayUs: number;
  /** Of the peer. */
  readonly latencyUs: number;
  /** Share of packets lost on the way, each time they are sent. */
  readonly loss: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly receiver: GroupReceiver;
  /** Most packets that the leg holds. */
  readonly sendRoom?: number;
}

interface Packet {
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly originUs: number;
  arrivesUs: number;
}

/**
 * A leg, the network below it and its peer's receiving half, in simulated time: packets arrive after the delay or, when
 * lost, a round trip later for each loss, are acknowledged in order, and delivered `latencyUs` plus the delay after
 * their origin, or given up when a later one is due.
 */
export class Way implements Leg {
  readonly id: number;
  readonly weight: number;
  readonly rttVarianceUs = 1000;
  readonly sent: number[] = [];
  dropped = 0;
  lastHeardUs = 0;
  sendSequence: number;
  keepAlives = 0;
  closed = false;
  /** Nothing passes, in either direction. */
  dead = false;
  readonly #options: WayOptions;
  /** Sent and not acknowledged; received and not delivered. */
  #unacknowledged: Packet[] = [];
  #waiting: Packet[] = [];
  /** Number that the peer delivers next; unknown before the first packet. */
  #position = -1;
  #nextAckUs = 0;

  constructor(options: WayOptions) {
    this.id = options.id;
    this.weight = options.weight ?? 0;
    this.sendSequence = options.firstSequence;
    this.#options = options;
  }

  /** The peer's half has nothing left to deliver. */
  get drained(): boolean {
    return this.#waiting.length === 0;
  }

  /** What is on the way is lost; what has arrived is still delivered when it is due. */
  end(nowUs: number): void {
    this.closed = true;
    this.dead = true;
    this.#waiting = this.#waiting.filter((packet) => packet.arrivesUs <= nowUs);
  }

  get rttUs(): number {
    return this.#options.delayUs * 2;
  }

  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  restartAt(sequence: number): boolean {
    if (this.#unacknowledged.length > 0) return false;
    this.sendSequence = sequence;
    return true;
  }

  send(payload: Uint8Array, originUs: number, nowUs: number): boolean {
    const { delayUs, loss, random, sendRoom = 1_000_000 } = this.#options;
    if (this.closed || this.#unacknowledged.length >= sendRoom) return false;
    let arrivesUs = nowUs + delayUs;
    while (random() < loss) arrivesUs += this.rttUs;
    const packet = { sequence: this.sendSequence, payload: payload.slice(), originUs, arrivesUs };
    this.sent.push(packet.sequence);
    this.sendSequence = SEQUENCE_31.next(this.sendSequence);
    this.#unacknowledged.push(packet);
    this.#waiting.push(packet);
    return true;
  }

  keepAlive(): void {
    this.keepAlives++;
  }

  close(): void {
    this.closed = true;
  }

  tick(nowUs: number): void {
    const { latencyUs, delayUs } = this.#options;
    if (this.dead) {
      // What is on the way is sent again when the way is back.
      for (const packet of this.#waiting)
        if (packet.arrivesUs > nowUs - 1000) packet.arrivesUs = nowUs + delayUs;
    } else this.#acknowledge(nowUs);
    if (this.#waiting.some((packet) => packet.arrivesUs <= nowUs && packet.arrivesUs > nowUs - 1000)) {
      this.#options.receiver.heard(this.id, nowUs);
    }
    this.#deliver(nowUs, latencyUs + delayUs);
    const before = this.#unacknowledged.length;
    const tooOldUs = nowUs - Math.max(1_000_000, latencyUs);
    this.#unacknowledged = this.#unacknowledged.filter((packet) => packet.originUs > tooOldUs);
    this.dropped += before - this.#unacknowledged.length;
  }

  #acknowledge(nowUs: number): void {
    if (nowUs < this.#nextAckUs) return;
    this.#nextAckUs = nowUs + 10_000;
    const { delayUs } = this.#options;
    let heard = this.#unacknowledged.length === 0;
    while (
      this.#unacknowledged.length > 0 &&
      (this.#unacknowledged[0] as Packet).arrivesUs + delayUs <= nowUs
    ) {
      this.#unacknowledged.shift();
      heard = true;
    }
    if (heard || this.#waiting.some((packet) => packet.arrivesUs + delayUs <= nowUs))
      this.lastHeardUs = nowUs;
  }

  #deliver(nowUs: number, afterUs: number): void {
    const { receiver } = this.#options;
    for (;;) {
      const index = this.#waiting.findIndex((packet) => packet.arrivesUs <= nowUs);
      const packet = this.#waiting[index];
      if (packet === undefined || packet.originUs + afterUs > nowUs) return;
      const gap = index > 0;
      const from = (this.#waiting[0] as Packet).sequence;
      this.#waiting.splice(0, index + 1);
      // What the leg sends again after a jump back lies behind its peer's place.
      if (this.#position >= 0 && SEQUENCE_31.diff(packet.sequence, this.#position) < 0) continue;
      this.#position = SEQUENCE_31.next(packet.sequence);
      if (gap) receiver.gap(this.id, from, SEQUENCE_31.add(packet.sequence, -1), nowUs);
      receiver.packet(this.id, packet.sequence, packet.payload, nowUs);
    }
  }
}

/** Numbers a payload, so that a test can see what came out. */
export function numbered(value: number, length = 188): Uint8Array {
  const payload = new Uint8Array(length);
  new DataView(payload.buffer).setUint32(0, value);
  return payload;
}

export function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** A small generator of even numbers from 0 to below 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
  };
}
