import { BackupSender } from "./backup-sender.ts";
import { BroadcastSender } from "./broadcast-sender.ts";
import type { Leg } from "./leg.ts";

export interface GroupSenderOptions {
  readonly type: "broadcast" | "backup";
  /** Latency that the peer delivers with. */
  readonly latencyUs: number;
  /** Number of the group's first packet, for a side that calls; a side that answers takes that of its first leg. */
  readonly firstSequence?: number;
  /** Backup: an active leg is unstable after so much without an answer, at least: 60,000. */
  readonly leastStabilityUs?: number;
  /** Backup: an active leg that is unstable for so long is closed, when another is stable: 5,000,000. */
  readonly peerIdleUs?: number;
  /** Backup: most unacknowledged packets kept for a leg that takes over: 8192. */
  readonly maxBufferedPackets?: number;
  /** Backup: longest payload: 1456. */
  readonly maxPayloadBytes?: number;
}

/**
 * Sends one stream over the legs of a bonding group, the same payload under the same number with the same source time
 * on each. A leg that joins late goes on with the group's number. It does no input or output itself: the legs do, and
 * they send their own keep-alives while they are idle.
 */
export class GroupSender {
  readonly type: "broadcast" | "backup";
  readonly #broadcast: BroadcastSender | undefined;
  readonly #backup: BackupSender | undefined;

  constructor(options: GroupSenderOptions) {
    this.type = options.type;
    if (options.type === "broadcast") this.#broadcast = new BroadcastSender(options.firstSequence);
    else {
      this.#backup = new BackupSender({
        latencyUs: options.latencyUs,
        leastTimeoutUs: options.leastStabilityUs ?? 60_000,
        peerIdleUs: options.peerIdleUs ?? 5_000_000,
        maxBufferedPackets: options.maxBufferedPackets ?? 8192,
        maxPayloadBytes: options.maxPayloadBytes ?? 1456,
        firstSequence: options.firstSequence,
      });
    }
  }

  /** Live legs. */
  get legs(): number {
    return this.#backup?.legs ?? this.#broadcast?.legs ?? 0;
  }

  /** Legs that carry packets. */
  get activeLegs(): number {
    return this.#backup?.activeLegs ?? this.#broadcast?.legs ?? 0;
  }

  /**
   * Number that a leg still to be called should propose in its handshake: the next packet's, or in a backup group that
   * of the oldest packet which nobody has acknowledged. -1 before the first leg of a group without `firstSequence`.
   */
  get joinSequence(): number {
    return this.#backup?.joinSequence ?? this.#broadcast?.joinSequence ?? -1;
  }

  /** When `tick` has to be called; infinite for a broadcast group. */
  get nextUs(): number {
    return this.#backup?.nextUs ?? Number.POSITIVE_INFINITY;
  }

  /** Times that a backup leg was activated or silenced, or a broadcast leg closed as its buffer was full. */
  get switches(): number {
    return this.#backup?.switches ?? this.#broadcast?.refused ?? 0;
  }

  /** A leg with the ID carries packets at the moment. */
  isActive(id: number): boolean {
    return this.#backup?.isActive(id) ?? this.#broadcast?.has(id) ?? false;
  }

  /** A leg is connected. The first leg of a group without numbers, or of one that lost all its legs, says the number. */
  legUp(leg: Leg): void {
    if (this.#backup !== undefined) this.#backup.legUp(leg);
    else this.#broadcast?.legUp(leg);
  }

  /** A leg is gone. */
  legDown(id: number): void {
    if (this.#backup !== undefined) this.#backup.legDown(id);
    else this.#broadcast?.legDown(id);
  }

  /**
   * Sends a payload, whose source time is `nowUs`. False: no leg took it; a backup group still keeps it for the next leg
   * as long as it is of use.
   */
  send(payload: Uint8Array, nowUs: number): boolean {
    if (this.#backup !== undefined) return this.#backup.send(payload, nowUs);
    return this.#broadcast?.send(payload, nowUs) ?? false;
  }

  /** Looks after the legs of a backup group between packets. */
  tick(nowUs: number): void {
    this.#backup?.tick(nowUs);
  }
}
