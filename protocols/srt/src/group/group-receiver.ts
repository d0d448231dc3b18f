import { NO_ROOM, ReceiveBuffer, type ReceiveSlot, SEQUENCE_31 } from "@millrace/arq";
import { LossMarks } from "./loss-marks.ts";

export interface GroupReceiverOptions {
  /** Gets every packet once, in order. The payload is valid during the call only; the group must not be called from it. */
  readonly deliver: (payload: Uint8Array, sequence: number) => void;
  /** No leg brought these in time, `to` included. */
  readonly onLost?: (from: number, to: number) => void;
  /** Most packets that wait behind a gap: 4096. */
  readonly maxHeldPackets?: number;
  /** Longest payload that can wait: 1456. A longer one makes the group give up what it waits for. */
  readonly maxPayloadBytes?: number;
  /** Longest time that a packet waits behind a gap: 50,000. The legs share a time base, so they should not be far apart. */
  readonly maxSkewUs?: number;
  /** A leg that brought nothing for so long is idle, and nobody waits for it: 1,000,000, as keep-alives begin then. */
  readonly idleAfterUs?: number;
}

/** Totals of one group. */
export class GroupCounters {
  delivered = 0;
  /** Packets that another leg had brought before. */
  duplicates = 0;
  /** Packets that came after the group had given them up. */
  late = 0;
  /** Runs of packets that were given up, and their packets. */
  gaps = 0;
  lost = 0;
  /** Packets that one leg had lost and another brought. */
  merged = 0;
  /** Packets with a number that has nothing to do with those of the other legs. */
  strays = 0;
}

/** What is known of one leg. */
class Track {
  readonly id: number;
  /** The leg has brought, or given up, all before this number; nothing is known while it is -1. */
  position = -1;
  heardUs: number;

  constructor(id: number, nowUs: number) {
    this.id = id;
    this.heardUs = nowUs;
  }
}

/** Numbers further apart than this cannot belong to one stream. */
const STRAY_PACKETS = 2 ** 20;

/**
 * Merges the legs of a bonding group, which bring the same packets under the same numbers, each in order and at the
 * time of delivery: every number is delivered once, in order. Behind a number that one leg has given up, packets wait
 * until the other legs that are in use have passed it, or for `maxSkewUs`. Serves both kinds of group: in a backup group
 * a leg that takes over simply repeats a few packets. It knows no wall clock; `nowUs` must not run backwards.
 */
export class GroupReceiver {
  readonly counters = new GroupCounters();
  /** When `tick` has to be called; infinite while nothing waits. */
  nextUs = Number.POSITIVE_INFINITY;
  readonly #deliver: GroupReceiverOptions["deliver"];
  readonly #onLost: GroupReceiverOptions["onLost"];
  readonly #maxHeld: number;
  readonly #slotBytes: number;
  readonly #maxSkewUs: number;
  readonly #idleAfterUs: number;
  readonly #marks: LossMarks;
  readonly #legs: Track[] = [];
  /** Holds what waits; its base is the number to be delivered next. Undefined before the first packet. */
  #buffer: ReceiveBuffer | undefined;
  /** The numbers of the next packet may be new ones: nobody was there to go on with the old. */
  #unsure = false;
  /** So many numbers before the base are known, at most as many as are marked. */
  #passed = 0;
  /** The packet that waits for the longest time; meaningful while any does. */
  #oldest = 0;
  #oldestSinceUs = 0;
  /** One after the last number that was given up. */
  #lostEnd = -1;

  constructor(options: GroupReceiverOptions) {
    this.#deliver = options.deliver;
    this.#onLost = options.onLost;
    this.#maxHeld = options.maxHeldPackets ?? 4096;
    this.#slotBytes = options.maxPayloadBytes ?? 1456;
    this.#maxSkewUs = options.maxSkewUs ?? 50_000;
    this.#idleAfterUs = options.idleAfterUs ?? 1_000_000;
    this.#marks = new LossMarks(this.#maxHeld);
  }

  /** Live legs. */
  get legs(): number {
    return this.#legs.length;
  }

  /** Packets that wait behind a gap. */
  get held(): number {
    return this.#buffer?.size ?? 0;
  }

  /** Number to be delivered next, which is where the receiving half of a leg that joins may start; -1 before the first. */
  get nextSequence(): number {
    return this.#buffer?.base ?? -1;
  }

  /**
   * A leg is connected. `firstSequence` is the number that its handshake announced: that of the first leg is where the
   * group begins, so that nothing is missed when another leg is faster.
   */
  legUp(id: number, nowUs: number, firstSequence?: number): void {
    if (this.#find(id) !== undefined) return;
    const isFirst = this.#legs.length === 0;
    this.#legs.push(new Track(id, nowUs));
    if (!isFirst) return;
    this.#unsure = true;
    if (firstSequence !== undefined) this.#orient(firstSequence);
  }

  /** A leg is gone. Let it deliver what it has received first: the peer has been told that it is here. */
  legDown(id: number, nowUs: number): void {
    const index = this.#legs.findIndex((leg) => leg.id === id);
    if (index < 0) return;
    this.#legs.splice(index, 1);
    this.#settle(nowUs);
  }

  /**
   * A leg has received a packet that is not due yet. It need not be told of each; without it, a leg that takes over
   * counts as idle until its first packet is due, and nobody waits for it.
   */
  heard(legId: number, nowUs: number): void {
    const leg = this.#find(legId);
    if (leg !== undefined) leg.heardUs = nowUs;
  }

  /**
   * A leg delivers a packet. False: the leg is unknown, or its numbers are out of all reason next to those of the
   * others; it should be closed.
   */
  packet(legId: number, sequence: number, payload: Uint8Array, nowUs: number): boolean {
    const leg = this.#find(legId);
    if (leg === undefined) return false;
    const buffer = this.#orient(sequence);
    if (buffer === undefined) {
      this.counters.strays++;
      return false;
    }
    leg.heardUs = nowUs;
    pass(leg, SEQUENCE_31.next(sequence));
    const ahead = SEQUENCE_31.diff(sequence, buffer.base);
    if (ahead === 0) this.#deliverNow(buffer, payload, sequence);
    else if (ahead > 0) this.#hold(buffer, sequence, payload, nowUs);
    else if (this.#marks.isMissed(sequence)) this.counters.late++;
    else this.counters.duplicates++;
    if (buffer.size > 0) this.#settle(nowUs);
    return true;
  }

  /** A leg has given these up, `to` included. False as with `packet`. */
  gap(legId: number, from: number, to: number, nowUs: number): boolean {
    const leg = this.#find(legId);
    if (leg === undefined || SEQUENCE_31.diff(to, from) < 0) return false;
    const buffer = this.#orient(from);
    if (buffer === undefined) return false;
    leg.heardUs = nowUs;
    pass(leg, SEQUENCE_31.next(to));
    this.#markGap(buffer, from, to);
    if (buffer.size > 0) this.#settle(nowUs);
    return true;
  }

  /** Gives up what was waited for too long. */
  tick(nowUs: number): void {
    if (this.held > 0) this.#settle(nowUs);
  }

  #find(id: number): Track | undefined {
    for (let i = 0; i < this.#legs.length; i++) {
      const leg = this.#legs[i] as Track;
      if (leg.id === id) return leg;
    }
    return undefined;
  }

  /** The buffer that a number belongs to; undefined when it belongs to no number that is known. */
  #orient(sequence: number): ReceiveBuffer | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined) {
      this.#unsure = false;
      return this.#restart(sequence);
    }
    const reach = this.#unsure ? this.#maxHeld : STRAY_PACKETS;
    this.#unsure = false;
    if (Math.abs(SEQUENCE_31.diff(sequence, buffer.base)) <= reach) return buffer;
    // Behind a single leg nothing waits.
    return this.#legs.length > 1 ? undefined : this.#restart(sequence);
  }

  #restart(sequence: number): ReceiveBuffer {
    this.#passed = 0;
    this.#lostEnd = -1;
    this.#marks.clear();
    this.#buffer = new ReceiveBuffer({
      space: SEQUENCE_31,
      firstSequence: sequence,
      maxPackets: this.#maxHeld,
      slotBytes: this.#slotBytes,
    });
    return this.#buffer;
  }

  #deliverNow(buffer: ReceiveBuffer, payload: Uint8Array, sequence: number): void {
    this.#accept(sequence);
    buffer.skipTo(SEQUENCE_31.next(sequence));
    this.#pass(1);
    this.counters.delivered++;
    this.#deliver(payload, sequence);
  }

  #hold(buffer: ReceiveBuffer, sequence: number, payload: Uint8Array, nowUs: number): void {
    if (payload.length > this.#slotBytes && buffer.get(sequence) === undefined) {
      this.#giveUp(buffer, sequence);
      this.#deliverNow(buffer, payload, sequence);
      return;
    }
    let code = buffer.insert(sequence);
    if (code === NO_ROOM) {
      this.#giveUp(buffer, SEQUENCE_31.add(sequence, 1 - this.#maxHeld));
      code = buffer.insert(sequence);
    }
    if (code !== 0) {
      this.counters.duplicates++;
      return;
    }
    this.#accept(sequence);
    const slot = buffer.last;
    slot.bytes.set(payload);
    buffer.setLength(slot, payload.length);
    slot.dueUs = nowUs;
    if (buffer.size > 1) return;
    this.#oldest = sequence;
    this.#oldestSinceUs = nowUs;
  }

  /** Delivers and gives up all that may be, and says when the next may be. */
  #settle(nowUs: number): void {
    this.nextUs = Number.POSITIVE_INFINITY;
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    while (buffer.size > 0) {
      this.#deliverRun(buffer);
      const first = buffer.firstHeld();
      if (first === undefined) return;
      this.#findOldest(buffer, first);
      const expired = nowUs - this.#oldestSinceUs >= this.#maxSkewUs;
      const limit = expired ? this.#oldest : this.#awaited(buffer.base, first.sequence, nowUs);
      if (limit === buffer.base) {
        this.nextUs = this.#oldestSinceUs + this.#maxSkewUs;
        return;
      }
      this.#giveUp(buffer, limit);
    }
  }

  /** The first number between `from` and `to` that a leg in use may still bring; `to` when there is none. */
  #awaited(from: number, to: number, nowUs: number): number {
    let limit = to;
    for (let i = 0; i < this.#legs.length; i++) {
      const leg = this.#legs[i] as Track;
      if (nowUs - leg.heardUs > this.#idleAfterUs) continue;
      if (leg.position < 0 || SEQUENCE_31.diff(leg.position, from) <= 0) return from;
      if (SEQUENCE_31.diff(leg.position, limit) < 0) limit = leg.position;
    }
    return limit;
  }

  /** Packets come in to wait by time: when the oldest has gone, the next is looked for. */
  #findOldest(buffer: ReceiveBuffer, first: ReceiveSlot): void {
    if (SEQUENCE_31.diff(this.#oldest, buffer.base) >= 0) return;
    let oldest = first;
    const { end } = buffer;
    for (let at = SEQUENCE_31.next(first.sequence); at !== end; at = SEQUENCE_31.next(at)) {
      const slot = buffer.get(at);
      if (slot !== undefined && slot.dueUs < oldest.dueUs) oldest = slot;
    }
    this.#oldest = oldest.sequence;
    this.#oldestSinceUs = oldest.dueUs;
  }

  #deliverRun(buffer: ReceiveBuffer): void {
    for (let slot = buffer.take(); slot !== undefined; slot = buffer.take()) {
      this.#pass(1);
      this.counters.delivered++;
      this.#deliver(slot.bytes.subarray(0, slot.length), slot.sequence);
    }
  }

  /** Delivers what is held before `until`, and gives up the rest. */
  #giveUp(buffer: ReceiveBuffer, until: number): void {
    while (SEQUENCE_31.diff(until, buffer.base) > 0) {
      this.#deliverRun(buffer);
      const count = SEQUENCE_31.diff(until, buffer.base);
      if (count <= 0) return;
      const first = buffer.firstHeld();
      const run =
        first === undefined ? count : Math.min(count, SEQUENCE_31.diff(first.sequence, buffer.base));
      this.#lose(buffer, run);
    }
  }

  #lose(buffer: ReceiveBuffer, count: number): void {
    const { counters } = this;
    const from = buffer.base;
    const end = SEQUENCE_31.add(from, count);
    if (from !== this.#lostEnd) counters.gaps++;
    this.#lostEnd = end;
    counters.lost += count;
    const marks = this.#marks;
    for (let back = Math.min(count, marks.size); back > 0; back--) marks.miss(SEQUENCE_31.add(end, -back));
    buffer.skipTo(end);
    this.#pass(count);
    this.#onLost?.(from, SEQUENCE_31.add(end, -1));
  }

  #pass(count: number): void {
    if (this.#passed < this.#marks.size) this.#passed = Math.min(this.#passed + count, this.#marks.size);
  }

  /** A packet is there: did another leg miss it? */
  #accept(sequence: number): void {
    if (!this.#marks.isMissed(sequence)) return;
    this.#marks.mend(sequence);
    this.counters.merged++;
  }

  #markGap(buffer: ReceiveBuffer, from: number, to: number): void {
    const marks = this.#marks;
    const { base } = buffer;
    const first = SEQUENCE_31.later(from, SEQUENCE_31.add(base, -this.#passed));
    const last = SEQUENCE_31.earlier(to, SEQUENCE_31.add(base, this.#maxHeld - 1));
    const count = SEQUENCE_31.diff(last, first) + 1;
    for (let i = 0, at = first; i < count; i++, at = SEQUENCE_31.next(at)) {
      const brought = SEQUENCE_31.diff(at, base) < 0 || buffer.get(at) !== undefined;
      if (!brought) marks.miss(at);
      else if (!marks.isMissed(at) && !marks.isMended(at)) {
        marks.mend(at);
        this.counters.merged++;
      }
    }
  }
}

function pass(leg: Track, position: number): void {
  if (leg.position < 0 || SEQUENCE_31.diff(position, leg.position) > 0) leg.position = position;
}
