import { randomBytes } from "node:crypto";
import type { Agreement, GroupMembership } from "../session/agreement.ts";
import { Connection, type ConnectionEvents } from "../session/connection.ts";
import { type Accepted, type Caller, type ConnectionRequest, Doorkeeper } from "../session/doorkeeper.ts";
import type { SrtOptions } from "../session/options.ts";
import { REJECTION } from "../wire/rejection.ts";
import type { Sender, SrtPort } from "./port.ts";

export interface GateParts {
  /** What the port says of itself in handshakes. */
  readonly options: SrtOptions;
  /** Somebody wants in: call `admit` or `refuse` in time. */
  readonly onCaller: (caller: PendingCaller) => void;
}

/** A caller between its conclusion and our verdict. */
export interface PendingCaller {
  readonly request: ConnectionRequest;
  readonly key: string;
}

export interface AdmitParts extends LegParts {
  readonly options: SrtOptions;
  readonly events: ConnectionEvents;
}

/** What a connection that is a leg of a group has besides. */
export interface LegParts {
  /** How we call the group in our answer. */
  readonly group?: GroupMembership;
  /** Gives a leg the clock that the group's legs share. */
  readonly fit?: (agreement: Agreement) => Agreement;
  readonly joinPoint?: () => number;
}

interface Guest {
  /** Undefined while the verdict is awaited. */
  accepted: Accepted | undefined;
}

/** Callers whose verdict is awaited at the same time. */
const MOST_PENDING = 1024;
/** Handshakes that are answered in a second; the callers of the others try again. */
const MOST_HANDSHAKES = 10_000;
const SECOND_US = 1_000_000;

export const random = (bytes: number): Uint8Array => randomBytes(bytes);

/** Lets callers in on a port: the doorkeeper, and the connections that came of it. */
export class Gate {
  /** Callers turned away, for whatever reason. */
  refused = 0;
  /** Handshakes left unanswered in a flood. */
  flooded = 0;
  readonly port: SrtPort;
  readonly #parts: GateParts;
  readonly #doorkeeper: Doorkeeper;
  readonly #guests = new Map<string, Guest>();
  #pending = 0;
  #handshakes = 0;
  #secondUs = 0;

  constructor(port: SrtPort, parts: GateParts) {
    this.port = port;
    this.#parts = parts;
    this.#doorkeeper = new Doorkeeper(
      {
        secret: random(8),
        random,
        keyBytes: parts.options.passphrase === undefined ? 0 : parts.options.keyBytes,
        options: parts.options,
        onRequest: (request, key) => this.#onRequest(request, key),
        onRepeat: (key, nowUs) => this.#onRepeat(key, nowUs),
      },
      port.newId(),
    );
    port.onStranger = (packet, length, from, nowUs) => this.#onStranger(packet, length, from, nowUs);
  }

  /** Handshakes that were none, or brought a wrong cookie. */
  get violations(): number {
    return this.#doorkeeper.violations;
  }

  get connections(): number {
    return this.#guests.size - this.#pending;
  }

  /** Callers whose verdict is awaited. */
  get pending(): number {
    return this.#pending;
  }

  /** Makes the connection. Undefined: the two sides do not fit, and the caller was told; or the port has closed. */
  admit(caller: PendingCaller, parts: AdmitParts): Connection | undefined {
    const guest = this.#guests.get(caller.key);
    const { port } = this;
    // A verdict may come when the port is gone: a connection there would never end.
    if (guest === undefined || guest.accepted !== undefined || port.closed) return undefined;
    const { request, key } = caller;
    const { nowUs } = port;
    const accepted = request.accept(parts.options, port.newId(), nowUs, parts.group);
    this.#pending--;
    if (typeof accepted === "number") {
      this.#guests.delete(key);
      this.refused++;
      return undefined;
    }
    guest.accepted = accepted;
    const connection: Connection = new Connection(
      {
        agreement: parts.fit?.(accepted.agreement) ?? accepted.agreement,
        options: parts.options,
        path: port.pathTo(request.address, request.port),
        ...(parts.joinPoint === undefined ? {} : { joinPoint: parts.joinPoint }),
        events: {
          ...eventsOf(parts.events),
          onClosed: (reason) => {
            port.remove(connection.localId);
            this.#guests.delete(key);
            parts.events.onClosed(reason);
          },
        },
      },
      nowUs,
    );
    port.add(connection, request.address, request.port);
    accepted.sendAnswer(nowUs);
    return connection;
  }

  /** Another worker takes this caller: here nothing is left of it. */
  handOver(caller: PendingCaller): void {
    this.#forget(caller);
  }

  /** A datagram that another worker handed over, for the group that lives here. */
  takeOver(packet: Uint8Array, from: Sender): void {
    const { port } = this;
    const { nowUs } = port;
    if (!isForStrangers(packet)) {
      port.deliver(packet, from, nowUs);
      return;
    }
    this.#doorkeeper.receiveTrusted(packet, packet.length, this.#callerFrom(from), nowUs);
  }

  refuse(caller: PendingCaller, code: number): void {
    if (!this.#forget(caller)) return;
    this.refused++;
    caller.request.reject(code, this.port.nowUs);
  }

  /** The verdict is there. False: it was before. */
  #forget({ key }: PendingCaller): boolean {
    const guest = this.#guests.get(key);
    if (guest === undefined || guest.accepted !== undefined) return false;
    this.#guests.delete(key);
    this.#pending--;
    return true;
  }

  #onStranger(packet: Uint8Array, length: number, from: Sender, nowUs: number): void {
    if (nowUs - this.#secondUs > SECOND_US) {
      this.#secondUs = nowUs;
      this.#handshakes = 0;
    }
    if (++this.#handshakes > MOST_HANDSHAKES) {
      this.flooded++;
      return;
    }
    this.#doorkeeper.receive(packet, length, this.#callerFrom(from), nowUs);
  }

  #callerFrom(from: Sender): Caller {
    const path = this.port.pathBack(from);
    return { address: from.address, port: from.port, peerIp: path.peerIp, path };
  }

  #onRequest(request: ConnectionRequest, key: string): void {
    if (this.#pending >= MOST_PENDING) {
      this.refused++;
      request.reject(REJECTION.BACKLOG, this.port.nowUs);
      return;
    }
    this.#pending++;
    this.#guests.set(key, { accepted: undefined });
    this.#parts.onCaller({ request, key });
  }

  #onRepeat(key: string, nowUs: number): boolean {
    const guest = this.#guests.get(key);
    if (guest === undefined) return false;
    guest.accepted?.sendAnswer(nowUs);
    return true;
  }
}

/** The events of a connection, callable without their object. */
export function eventsOf(events: ConnectionEvents): ConnectionEvents {
  return {
    onPacket: (payload, sequence, dueUs) => events.onPacket(payload, sequence, dueUs),
    onGap: (from, to) => events.onGap(from, to),
    onClosed: (reason) => events.onClosed(reason),
    ...(events.onData === undefined ? {} : { onData: (nowUs: number) => events.onData?.(nowUs) }),
  };
}

/** Socket ID 0: a handshake of somebody who has no connection yet. */
function isForStrangers(packet: Uint8Array): boolean {
  return packet[12] === 0 && packet[13] === 0 && packet[14] === 0 && packet[15] === 0;
}
