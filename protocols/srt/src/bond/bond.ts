import { SEQUENCE_31 } from "@millrace/arq";
import { GroupReceiver } from "../group/group-receiver.ts";
import { GroupSender } from "../group/group-sender.ts";
import type { Outlet } from "../outlet.ts";
import type { LegParts } from "../port/gate.ts";
import type { SrtPort } from "../port/port.ts";
import type { Agreement, GroupMembership } from "../session/agreement.ts";
import type { Connection, ConnectionEvents } from "../session/connection.ts";
import { BondLeg, type LegOwner } from "./bond-leg.ts";

export const GROUP_BROADCAST = 1;
export const GROUP_BACKUP = 2;
/** Set in every group's ID. */
const GROUP_BIT = 0x4000_0000;

export interface BondOptions {
  /** Random; the group bit is added. */
  readonly id: number;
  readonly type: typeof GROUP_BROADCAST | typeof GROUP_BACKUP;
  readonly nowUs: () => number;
  /** Gets what the legs bring, once and in order. */
  readonly deliver: (payload: Uint8Array) => void;
  readonly onLost: (packets: number) => void;
  /** The first leg is connected. */
  readonly onUp?: () => void;
  /** The last leg is gone. */
  readonly onEmpty: () => void;
  /** Number of the first packet, where we call. */
  readonly firstSequence?: number;
  readonly payloadBytes: number;
  /** That the peer delivers with. */
  readonly latencyUs: number;
}

/** How we can bond: what libsrt's groups can, but for balancing and for synchronising on message numbers. */
export function isBondable({ id, type, flags }: GroupMembership): boolean {
  return (type === GROUP_BROADCAST || type === GROUP_BACKUP) && (id & GROUP_BIT) !== 0 && (flags & 1) === 0;
}

const TICK_MS = 10;

/** A bonding group of ours: the legs to one peer, which carry one stream (docs/features/socket-groups.md of libsrt). */
export class Bond implements Outlet, LegOwner {
  readonly id: number;
  readonly type: BondOptions["type"];
  readonly payloadBytes: number;
  readonly receiver: GroupReceiver;
  readonly sender: GroupSender;
  readonly #options: BondOptions;
  readonly #legs = new Map<number, BondLeg>();
  readonly #timer: NodeJS.Timeout;
  /** The first leg's clock, which all share. */
  #clock: Pick<Agreement, "peerTimeUs" | "peerTimestamp" | "startUs"> | undefined;
  #peerGroup: number | undefined;
  #up = false;
  #ended = false;

  constructor(options: BondOptions) {
    this.#options = options;
    this.id = (options.id & 0x3fff_ffff) | GROUP_BIT;
    this.type = options.type;
    this.payloadBytes = options.payloadBytes;
    this.receiver = new GroupReceiver({
      deliver: (payload) => options.deliver(payload),
      onLost: (from, to) => options.onLost(SEQUENCE_31.diff(to, from) + 1),
    });
    this.sender = new GroupSender({
      type: options.type === GROUP_BACKUP ? "backup" : "broadcast",
      latencyUs: options.latencyUs,
      ...(options.firstSequence === undefined ? {} : { firstSequence: options.firstSequence }),
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get size(): number {
    return this.#legs.size;
  }

  /** It had a leg once. */
  get wasUp(): boolean {
    return this.#up;
  }

  get nowUs(): number {
    return this.#options.nowUs();
  }

  get heldBytes(): number {
    let most = 0;
    for (const { connection } of this.#legs.values()) most = Math.max(most, connection.sender.buffer.bytes);
    return most;
  }

  /** Number that the next leg proposes when it calls. */
  get joinSequence(): number {
    return this.sender.joinSequence;
  }

  send(payload: Uint8Array, nowUs: number): boolean {
    return this.sender.send(payload, nowUs);
  }

  wake(): void {
    for (const { connection, port } of this.#legs.values()) port.wakeFor(connection);
  }

  /** What a new leg needs to be made with, and its events. Call `join` of the result when it is connected. */
  leg(weight: number): { readonly events: ConnectionEvents; readonly parts: LegParts; readonly join: Join } {
    const leg = new BondLeg(this, weight);
    const membership: GroupMembership = { id: this.id, type: this.type, flags: 0, weight };
    return {
      events: leg,
      parts: {
        group: membership,
        fit: (agreement) => this.#fit(agreement),
        joinPoint: () => this.#joinPoint(leg),
      },
      join: (connection, port) => this.#join(leg, connection, port),
    };
  }

  onLegClosed(leg: BondLeg): void {
    if (!this.#legs.delete(leg.id)) return;
    this.receiver.legDown(leg.id, this.nowUs);
    this.sender.legDown(leg.id);
    if (this.#legs.size === 0) this.abandon();
  }

  /** There is no leg, or none any more. */
  abandon(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEmpty();
  }

  close(): void {
    clearInterval(this.#timer);
    const { nowUs } = this;
    for (const leg of [...this.#legs.values()]) leg.close(nowUs);
  }

  describe(): Readonly<Record<string, number | string>> {
    const { counters } = this.receiver;
    const numbers: Record<string, number | string> = {
      group: this.type === GROUP_BACKUP ? "backup" : "broadcast",
      legs: this.#legs.size,
      activeLegs: this.sender.activeLegs,
      switches: this.sender.switches,
      groupDelivered: counters.delivered,
      groupDuplicates: counters.duplicates,
      groupMerged: counters.merged,
      groupLost: counters.lost,
    };
    let i = 0;
    for (const { connection, port } of this.#legs.values()) {
      i++;
      for (const [name, value] of Object.entries(connection.describe(port.nowUs)))
        numbers[`leg${i}.${name}`] = value;
    }
    return numbers;
  }

  #fit(agreement: Agreement): Agreement {
    if (this.#clock === undefined || this.#legs.size === 0) {
      const { peerTimeUs, peerTimestamp, startUs } = agreement;
      this.#clock = { peerTimeUs, peerTimestamp, startUs };
    }
    return { ...agreement, ...this.#clock };
  }

  #join(leg: BondLeg, connection: Connection, port: SrtPort): boolean {
    const { agreement } = connection;
    leg.attach(connection, port);
    // All legs of a group end in one group of the peer.
    const peerGroup = agreement.peerGroup?.id;
    if (this.#legs.size === 0) this.#peerGroup = peerGroup;
    if (peerGroup === undefined || peerGroup !== this.#peerGroup || connection.closed) {
      connection.close(port.nowUs);
      return false;
    }
    this.#legs.set(leg.id, leg);
    this.receiver.legUp(leg.id, port.nowUs, agreement.receiveSequence);
    this.sender.legUp(leg);
    if (!this.#up) {
      this.#up = true;
      this.#options.onUp?.();
    }
    return true;
  }

  /** Everything before this number came over another leg. */
  #joinPoint(of: BondLeg): number {
    let point = -1;
    for (const leg of this.#legs.values()) {
      if (leg === of || !leg.connection.receiver.started) continue;
      const { ackPoint } = leg.connection.receiver;
      if (point < 0 || SEQUENCE_31.diff(ackPoint, point) > 0) point = ackPoint;
    }
    return point;
  }

  #tick(): void {
    const { nowUs } = this;
    if (this.receiver.nextUs <= nowUs) this.receiver.tick(nowUs);
    if (this.sender.nextUs <= nowUs) this.sender.tick(nowUs);
    this.wake();
  }
}

/** Takes a connected leg into its group. False: its peer belongs to another group, and it is closed. */
type Join = (connection: Connection, port: SrtPort) => boolean;
