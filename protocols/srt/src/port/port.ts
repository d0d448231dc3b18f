import type { Socket } from "node:dgram";
import type { Clock } from "@millrace/model";
import type { Endpoint, Path } from "../session/endpoint.ts";
import { peerIpOf } from "./peer-ip.ts";
import { closeSocket } from "./socket.ts";

/** Where a datagram came from. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

/** What a port does with datagrams for socket ID 0: handshakes of strangers. */
export type OnStranger = (packet: Uint8Array, length: number, from: Sender, nowUs: number) => void;

interface Member {
  readonly endpoint: Endpoint;
  readonly address: string;
  readonly port: number;
}

const LEAST_SLEEP_US = 1000;
/** An endpoint that gets due this much earlier than the timer may wait for it. */
const SLACK_US = 1000;
/** A timer this late says that the process was held up; so many rounds of reading then go first. */
const HELD_UP_US = 5000;
const ROUNDS_HELD_UP = 4;
const MOST_SLEEP_US = 1_000_000;
const DESTINATION_AT = 12;
const LEAST_PACKET = 16;
const MAX_ID = 0x3fff_ffff;

/** One UDP port with any number of connections on it, told apart by their socket IDs. */
export class SrtPort {
  onStranger: OnStranger | undefined;
  /** Sees datagrams that are for nobody here; true when it found somebody. */
  onStray: ((packet: Uint8Array, from: Sender, nowUs: number) => boolean) | undefined;
  /** Datagrams that were for nobody here. */
  stray = 0;
  sendErrors = 0;
  readonly socket: Socket;
  readonly #clock: Clock;
  readonly #members = new Map<number, Member>();
  #timer: NodeJS.Timeout | undefined;
  #wakeUs = Number.POSITIVE_INFINITY;
  #closed = false;
  #nextId: number;
  #immediate: NodeJS.Immediate | undefined;
  #rounds = 0;
  readonly #onTimer = (): void => this.#readFirst();
  readonly #onImmediate = (): void => {
    if (--this.#rounds > 0) this.#immediate = setImmediate(this.#onImmediate);
    else this.#tick();
  };

  constructor(socket: Socket, clock: Clock, firstId: number) {
    this.socket = socket;
    this.#clock = clock;
    this.#nextId = firstId & MAX_ID;
    socket.on("message", (packet, from) => this.deliver(packet, from, this.nowUs));
    // A connection whose peer is gone ends by its own time-outs.
    socket.on("error", () => this.sendErrors++);
  }

  get nowUs(): number {
    return Math.floor(this.#clock.nowNs() / 1000);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#members.size;
  }

  /** A socket ID that nobody here has. */
  newId(): number {
    do {
      this.#nextId = this.#nextId >= MAX_ID ? 1 : this.#nextId + 1;
    } while (this.#members.has(this.#nextId));
    return this.#nextId;
  }

  /** Puts an endpoint where its socket ID says, in place of what was there. */
  add(endpoint: Endpoint, address: string, port: number): void {
    this.#members.set(endpoint.localId, { endpoint, address, port });
    this.wakeFor(endpoint);
  }

  remove(localId: number): void {
    this.#members.delete(localId);
  }

  /** Makes sure that the endpoint is called when it is due. Call after anything that may have moved that. */
  wakeFor(endpoint: Endpoint): void {
    if (endpoint.nextUs < this.#wakeUs - SLACK_US) this.#sleepUntil(endpoint.nextUs, this.nowUs);
  }

  pathTo(address: string, port: number): Path {
    return new PeerPath(this, address, port);
  }

  send(packet: Uint8Array, length: number, path: PeerPath): void {
    if (this.#closed) return;
    // What waits in the queue of the socket must not change under it.
    const busy = this.socket.getSendQueueCount() > 0;
    if (busy) this.socket.send(packet.slice(0, length), path.port, path.address);
    else this.socket.send(packet, 0, length, path.port, path.address);
  }

  /** Ends every connection at once, and closes the socket. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const nowUs = this.nowUs;
    for (const { endpoint } of [...this.#members.values()]) endpoint.close(nowUs, true);
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#members.clear();
    await closeSocket(this.socket);
  }

  /** One datagram, from the socket or handed on by another worker. */
  deliver(packet: Uint8Array, from: Sender, nowUs: number): void {
    // Nothing can be sent to port 0, which a forged datagram may well come from.
    if (packet.length < LEAST_PACKET || from.port === 0 || this.#closed) {
      this.stray++;
      return;
    }
    const id = readId(packet);
    if (id === 0) {
      this.onStranger?.(packet, packet.length, from, nowUs);
      return;
    }
    const member = this.#members.get(id);
    if (member === undefined || member.port !== from.port || member.address !== from.address) {
      if (this.onStray?.(packet, from, nowUs) !== true) this.stray++;
      return;
    }
    const { endpoint } = member;
    endpoint.receive(packet, packet.length, nowUs);
    this.wakeFor(endpoint);
  }

  /**
   * What came meanwhile is read before anything is given up as too late: it may wait in the socket, all the more after the
   * process itself was held up.
   */
  #readFirst(): void {
    this.#rounds = this.nowUs - this.#wakeUs > HELD_UP_US ? ROUNDS_HELD_UP : 1;
    this.#immediate = setImmediate(this.#onImmediate);
  }

  #tick(): void {
    this.#timer = undefined;
    this.#wakeUs = Number.POSITIVE_INFINITY;
    const nowUs = this.nowUs;
    let nextUs = nowUs + MOST_SLEEP_US;
    for (const { endpoint } of this.#members.values()) {
      if (endpoint.nextUs <= nowUs) endpoint.tick(nowUs);
      if (endpoint.nextUs < nextUs) nextUs = endpoint.nextUs;
    }
    if (this.#members.size > 0 && !this.#closed) this.#sleepUntil(nextUs, nowUs);
  }

  #sleepUntil(dueUs: number, nowUs: number): void {
    if (this.#closed) return;
    const sleepUs = Math.max(dueUs - nowUs, LEAST_SLEEP_US);
    clearTimeout(this.#timer);
    this.#wakeUs = nowUs + sleepUs;
    this.#timer = setTimeout(this.#onTimer, Math.ceil(sleepUs / 1000));
  }
}

/** The way to one peer. */
export class PeerPath implements Path {
  readonly address: string;
  readonly port: number;
  /** The address as handshakes carry it. */
  readonly peerIp: Uint8Array;
  readonly #from: SrtPort;

  constructor(from: SrtPort, address: string, port: number) {
    this.#from = from;
    this.address = address;
    this.port = port;
    this.peerIp = peerIpOf(address);
  }

  send(packet: Uint8Array, length: number): void {
    this.#from.send(packet, length, this);
  }
}

function readId(packet: Uint8Array): number {
  return (
    (((packet[DESTINATION_AT] as number) << 24) |
      ((packet[DESTINATION_AT + 1] as number) << 16) |
      ((packet[DESTINATION_AT + 2] as number) << 8) |
      (packet[DESTINATION_AT + 3] as number)) >>>
    0
  );
}
