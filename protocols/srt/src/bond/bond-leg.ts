import type { GroupReceiver } from "../group/group-receiver.ts";
import type { Leg } from "../group/leg.ts";
import type { SrtPort } from "../port/port.ts";
import type { CloseReason, Connection, ConnectionEvents } from "../session/connection.ts";

/** The group that a leg belongs to. */
export interface LegOwner {
  readonly receiver: GroupReceiver;
  readonly nowUs: number;
  onLegClosed(leg: BondLeg): void;
}

/** One connection as a leg of a group, seen by both halves of the group. */
export class BondLeg implements Leg, ConnectionEvents {
  readonly weight: number;
  readonly #bond: LegOwner;
  #connection: Connection | undefined;
  #port: SrtPort | undefined;

  constructor(bond: LegOwner, weight: number) {
    this.#bond = bond;
    this.weight = weight;
  }

  attach(connection: Connection, port: SrtPort): void {
    this.#connection = connection;
    this.#port = port;
  }

  get connection(): Connection {
    return this.#connection as Connection;
  }

  get port(): SrtPort {
    return this.#port as SrtPort;
  }

  get id(): number {
    return this.#connection?.localId ?? 0;
  }

  get sendSequence(): number {
    return this.connection.sender.buffer.next;
  }

  get unacknowledged(): number {
    return this.connection.sender.buffer.size;
  }

  get dropped(): number {
    return this.connection.statistics.pktSndDropTotal;
  }

  get lastHeardUs(): number {
    return this.connection.lastHeardUs;
  }

  get rttUs(): number {
    return this.connection.rtt.rttUs;
  }

  get rttVarianceUs(): number {
    return this.connection.rtt.varianceUs;
  }

  restartAt(sequence: number): boolean {
    return this.connection.sender.restartAt(sequence);
  }

  send(payload: Uint8Array, originUs: number, nowUs: number): boolean {
    return this.connection.send(payload, originUs, nowUs);
  }

  keepAlive(nowUs: number): void {
    this.connection.keepAlive(nowUs);
  }

  close(nowUs: number): void {
    this.connection.close(nowUs);
  }

  onPacket(payload: Uint8Array, sequence: number): void {
    this.#bond.receiver.packet(this.id, sequence, payload, this.#bond.nowUs);
  }

  onGap(from: number, to: number): void {
    this.#bond.receiver.gap(this.id, from, to, this.#bond.nowUs);
  }

  onData(nowUs: number): void {
    this.#bond.receiver.heard(this.id, nowUs);
  }

  onClosed(_reason: CloseReason): void {
    if (this.#connection !== undefined) this.#bond.onLegClosed(this);
  }
}
