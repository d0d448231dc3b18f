import { SEQUENCE_31, SendBuffer } from "@millrace/arq";
import type { Leg } from "./leg.ts";
import {
  compareMembers,
  FRESH,
  Member,
  STABLE,
  STANDBY,
  type StabilityTiming,
  UNSTABLE,
} from "./stability.ts";

export interface BackupOptions extends StabilityTiming {
  /** An active leg that is unstable for so long is closed, when another is stable. */
  readonly peerIdleUs: number;
  /** Most packets kept for a leg that takes over. */
  readonly maxBufferedPackets: number;
  readonly maxPayloadBytes: number;
  /** Number of the group's first packet; without it the first leg says it. */
  readonly firstSequence: number | undefined;
}

/** Nothing older than this, or than the latency, can be of use to the peer; a single sender drops by the same rule. */
const LEAST_DROP_US = 1_000_000;
const DROP_MARGIN_US = 20_000;
/** How often legs that owe an answer are looked at between packets. */
const WATCH_US = 10_000;

/**
 * The sender of a main/backup group (docs/features/bonding-main-backup.md): one leg carries the packets, and as soon as
 * it leaves something unanswered for too long, the next by weight joins in, first with all that no leg has acknowledged.
 */
export class BackupSender {
  nextUs = Number.POSITIVE_INFINITY;
  /** Times that a leg was activated or silenced. */
  switches = 0;
  readonly #options: BackupOptions;
  readonly #dropAfterUs: number;
  /** What no leg has acknowledged, to give to a leg that takes over. */
  readonly #buffer: SendBuffer;
  /** In order of preference. */
  readonly #members: Member[] = [];
  #numbered: boolean;

  constructor(options: BackupOptions) {
    this.#options = options;
    this.#dropAfterUs = Math.max(options.latencyUs, LEAST_DROP_US) + DROP_MARGIN_US;
    this.#numbered = options.firstSequence !== undefined;
    this.#buffer = new SendBuffer({
      space: SEQUENCE_31,
      firstSequence: options.firstSequence ?? 0,
      maxPackets: options.maxBufferedPackets,
      slotBytes: options.maxPayloadBytes,
    });
  }

  get legs(): number {
    return this.#members.length;
  }

  /** Of these, how many carry packets. */
  get activeLegs(): number {
    let count = 0;
    for (let i = 0; i < this.#members.length; i++) if ((this.#members[i] as Member).active) count++;
    return count;
  }

  get buffered(): number {
    return this.#buffer.size;
  }

  /** Number that a leg which is still to be called should start with; -1 while none is known. */
  get joinSequence(): number {
    return this.#numbered ? this.#buffer.oldest : -1;
  }

  isActive(id: number): boolean {
    return this.#members.some((member) => member.leg.id === id && member.active);
  }

  legUp(leg: Leg): void {
    if (this.#members.some((member) => member.leg.id === leg.id)) return;
    if (this.#members.length === 0) this.#adopt(leg.sendSequence);
    this.#members.push(new Member(leg));
  }

  legDown(id: number): void {
    const index = this.#members.findIndex((member) => member.leg.id === id);
    if (index >= 0) this.#members.splice(index, 1);
  }

  /** False: no leg took it. It is kept, and goes out with the next leg that takes anything, unless too late. */
  send(payload: Uint8Array, nowUs: number): boolean {
    const buffer = this.#buffer;
    if (payload.length > this.#options.maxPayloadBytes) return false;
    this.#forget(nowUs);
    let slot = buffer.claim();
    if (slot === undefined) {
      buffer.release(SEQUENCE_31.next(buffer.oldest));
      slot = buffer.claim();
      if (slot === undefined) return false;
    }
    slot.bytes.set(payload);
    buffer.setLength(slot, payload.length);
    slot.originUs = nowUs;
    const taken = this.#run(payload, nowUs);
    this.#plan(nowUs);
    return taken;
  }

  tick(nowUs: number): void {
    this.#forget(nowUs);
    if (this.#buffer.size > 0) this.#run(undefined, nowUs);
    this.#tellSilenced(nowUs);
    this.#plan(nowUs);
  }

  /** The first leg of a group says its numbers; of a group that lost all its legs, unless they go on. */
  #adopt(sequence: number): void {
    const buffer = this.#buffer;
    if (this.#numbered) {
      const ahead = SEQUENCE_31.diff(sequence, buffer.oldest);
      if (ahead >= 0 && ahead <= buffer.size) return;
    }
    this.#numbered = true;
    buffer.release(buffer.next);
    buffer.restartAt(sequence);
  }

  /** Forgets what a leg has seen acknowledged, and what is too old. */
  #forget(nowUs: number): void {
    const buffer = this.#buffer;
    for (let i = 0; i < this.#members.length; i++) {
      const { leg, started } = this.#members[i] as Member;
      if (started) buffer.release(SEQUENCE_31.add(leg.sendSequence, -leg.unacknowledged));
    }
    buffer.releaseOlder(nowUs - this.#dropAfterUs, buffer.next);
  }

  #run(payload: Uint8Array | undefined, nowUs: number): boolean {
    const members = this.#members;
    let taken = false;
    for (let i = 0; i < members.length; i++) {
      const member = members[i] as Member;
      if (!member.active || member.closing) continue;
      member.qualify(this.#options, nowUs);
      if (this.#feed(member, payload, nowUs)) taken = true;
      else member.become(UNSTABLE, nowUs);
    }
    if (this.#activate(payload, nowUs)) taken = true;
    this.#breakUnstable(nowUs);
    this.#silence(nowUs);
    return taken;
  }

  /** Gives a leg all that it has not had yet; `payload` is the newest of it. False: it did not take all. */
  #feed(member: Member, payload: Uint8Array | undefined, nowUs: number): boolean {
    const buffer = this.#buffer;
    const { leg } = member;
    const { next } = buffer;
    const behind = SEQUENCE_31.diff(next, leg.sendSequence);
    if ((behind < 0 || behind > buffer.size) && !leg.restartAt(buffer.oldest)) return false;
    member.started = true;
    for (let sequence = leg.sendSequence; sequence !== next; sequence = SEQUENCE_31.next(sequence)) {
      const slot = buffer.get(sequence);
      if (slot === undefined) return false;
      const newest = payload !== undefined && SEQUENCE_31.next(sequence) === next;
      member.noteSend(nowUs);
      if (!leg.send(newest ? payload : slot.bytes.subarray(0, slot.length), slot.originUs, nowUs))
        return false;
    }
    return true;
  }

  /** Activates the best leg on stand-by when no active one can be trusted, or when it is heavier than all of them. */
  #activate(payload: Uint8Array | undefined, nowUs: number): boolean {
    const members = this.#members;
    let trusted = false;
    let heaviest = -1;
    let heaviestStandby = -1;
    for (let i = 0; i < members.length; i++) {
      const { closing, active, state, leg } = members[i] as Member;
      if (closing) continue;
      if (!active) heaviestStandby = Math.max(heaviestStandby, leg.weight);
      else {
        heaviest = Math.max(heaviest, leg.weight);
        if (state >= FRESH) trusted = true;
      }
    }
    if (heaviestStandby < 0 || (trusted && heaviestStandby <= heaviest)) return false;
    members.sort(compareMembers);
    for (let i = 0; i < members.length; i++) {
      const member = members[i] as Member;
      if (member.active || member.closing) continue;
      if (!this.#feed(member, payload, nowUs)) continue;
      member.silenced = false;
      member.become(FRESH, nowUs);
      this.switches++;
      return true;
    }
    return false;
  }

  /** Only while another is stable: a doubtful leg is better than none. */
  #breakUnstable(nowUs: number): void {
    const members = this.#members;
    if (!this.#hasStable()) return;
    for (let i = members.length - 1; i >= 0; i--) {
      const member = members[i] as Member;
      if (member.closing || member.unstableSinceUs < 0) continue;
      if (nowUs - member.unstableSinceUs < this.#options.peerIdleUs) continue;
      member.closing = true;
      member.leg.close(nowUs);
    }
  }

  #hasStable(): boolean {
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i] as Member;
      if (member.state === STABLE && !member.closing) return true;
    }
    return false;
  }

  /** One stable leg is enough: it stays active, with those before it in preference; the others fall silent. */
  #silence(nowUs: number): void {
    const members = this.#members;
    if (this.activeLegs < 2 || !this.#hasStable()) return;
    members.sort(compareMembers);
    let stable: Member | undefined;
    for (let i = 0; i < members.length; i++) {
      const member = members[i] as Member;
      if (!member.active || member.closing) continue;
      if (stable === undefined) {
        if (member.state === STABLE) stable = member;
        continue;
      }
      member.become(STANDBY, nowUs);
      member.silenced = true;
      this.switches++;
    }
  }

  /** A keep-alive says to the peer that nothing more will come; from then on the leg's own keep-alives do. */
  #tellSilenced(nowUs: number): void {
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i] as Member;
      if (!member.silenced || member.leg.unacknowledged > 0) continue;
      member.silenced = false;
      member.leg.keepAlive(nowUs);
    }
  }

  #plan(nowUs: number): void {
    let watch = false;
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i] as Member;
      if (member.silenced || (member.active && member.leg.unacknowledged > 0)) watch = true;
    }
    this.nextUs = watch ? nowUs + WATCH_US : Number.POSITIVE_INFINITY;
  }
}
