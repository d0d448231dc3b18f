import type { Clock } from "@millrace/model";
import { type UdpPacketBatch, UdpPeer, type UdpSocket } from "@millrace/native-udp";
import type { Endpoint, Path } from "../session/endpoint.ts";
import { peerIpOf } from "./peer-ip.ts";

/** Where a datagram came from. A `UdpPeer` is one. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

/** What a port does with datagrams for socket ID 0: handshakes of strangers. */
export type OnStranger = (packet: Uint8Array, length: number, from: Sender, nowUs: number) => void;

interface Member {
  readonly endpoint: Endpoint;
  /** Undefined when nothing can come from there. */
  readonly peer: UdpPeer | undefined;
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
  readonly socket: UdpSocket;
  readonly #clock: Clock;
  readonly #members = new Map<number, Member>();
  #timer: NodeJS.Timeout | undefined;
  #wakeUs = Number.POSITIVE_INFINITY;
  #closed = false;
  #nextId: number;
  #immediate: NodeJS.Immediate | undefined;
  #rounds = 0;
  /** The latest time that an endpoint was told: for none of them it goes back. */
  #toldUs = 0;
  /** The earliest time that an endpoint is due, of those that got something in this batch. */
  #soonestUs = Number.POSITIVE_INFINITY;
  #flushing = false;
  /** Datagrams read. */
  #taken = 0;
  /** What is sent in one turn of the event loop leaves together, at its end. */
  readonly #flush = (): void => {
    this.#flushing = false;
    this.socket.flush();
  };
  readonly #onTimer = (): void => this.#readFirst();
  readonly #onImmediate = (): void => {
    if (--this.#rounds > 0) this.#immediate = setImmediate(this.#onImmediate);
    else this.#tick();
  };

  constructor(socket: UdpSocket, clock: Clock, firstId: number) {
    this.socket = socket;
    this.#clock = clock;
    this.#nextId = firstId & MAX_ID;
    socket.onPackets = (batch) => this.#take(batch);
    // A connection whose peer is gone ends by its own time-outs.
    socket.onError = () => {
      this.sendErrors++;
    };
  }

  get nowUs(): number {
    this.#toldUs = Math.max(this.#toldUs, Math.floor(this.#clock.nowNs() / 1000));
    return this.#toldUs;
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
    this.#members.set(endpoint.localId, { endpoint, peer: this.#peer(address, port) });
    this.wakeFor(endpoint);
  }

  remove(localId: number): void {
    this.#members.delete(localId);
  }

  /** Makes sure that the endpoint is called when it is due. Call after anything that may have moved that. */
  wakeFor(endpoint: Endpoint): void {
    if (endpoint.nextUs < this.#wakeUs - SLACK_US) this.#sleepUntil(endpoint.nextUs, this.nowUs);
  }

  pathTo(address: string, port: number): PeerPath {
    return new PeerPath(this, address, this.#peer(address, port));
  }

  /** The way back to whom a datagram came from. */
  pathBack(from: Sender): PeerPath {
    return from instanceof UdpPeer
      ? new PeerPath(this, from.address, from)
      : this.pathTo(from.address, from.port);
  }

  send(packet: Uint8Array, length: number, to: UdpPeer | undefined): void {
    if (this.#closed) return;
    if (to === undefined || !this.socket.queue(packet, to, length)) {
      // As if the network had lost it.
      this.sendErrors++;
      return;
    }
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(this.#flush);
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
    await this.socket.close();
  }

  /** One datagram that another worker handed on, or that is for nobody who is known. It is valid during the call. */
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
    const peer = member?.peer;
    if (member === undefined || peer?.port !== from.port || peer.address !== from.address) {
      if (this.onStray?.(packet, from, nowUs) !== true) this.stray++;
      return;
    }
    const { endpoint } = member;
    endpoint.receive(packet, packet.length, nowUs);
    this.wakeFor(endpoint);
  }

  /** Datagrams in memory that others use next: whoever keeps something of them copies it. */
  #take(batch: UdpPacketBatch): void {
    const { block, offsets, lengths, count } = batch;
    this.#taken += count;
    for (let i = 0; i < count && !this.#closed; i++) {
      const at = offsets[i] as number;
      const id = (lengths[i] as number) < LEAST_PACKET ? 0 : readId(block, at);
      const member = this.#members.get(id);
      this.#toldUs = Math.max(this.#toldUs, Math.floor(batch.arrivalNs(i) / 1000));
      if (member?.peer === undefined || !batch.isFrom(i, member.peer)) {
        this.deliver(batch.bytes(i), batch.source(i), this.#toldUs);
        continue;
      }
      const { endpoint } = member;
      endpoint.receive(batch.bytes(i), lengths[i] as number, this.#toldUs);
      this.#soonestUs = Math.min(this.#soonestUs, endpoint.nextUs);
    }
    const dueUs = this.#soonestUs;
    this.#soonestUs = Number.POSITIVE_INFINITY;
    if (dueUs < this.#wakeUs - SLACK_US) this.#sleepUntil(dueUs, this.nowUs);
  }

  #peer(address: string, port: number): UdpPeer | undefined {
    try {
      return this.socket.peer(address, port);
    } catch {
      // The network interface that the address names has gone meanwhile.
      return undefined;
    }
  }

  /**
   * What came meanwhile is read before anything is given up as too late: it may wait in the socket, all the more after the
   * process itself was held up.
   */
  #readFirst(): void {
    let before = this.#taken;
    for (let i = 0; this.socket.receive(); i++) {
      if (i === ROUNDS_HELD_UP || this.#taken === before) {
        this.#tick();
        return;
      }
      before = this.#taken;
    }
    this.#rounds = this.nowUs - this.#wakeUs > HELD_UP_US ? ROUNDS_HELD_UP : 1;
    this.#immediate = setImmediate(this.#onImmediate);
  }

  #tick(): void {
    clearTimeout(this.#timer);
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
  /** Undefined when nothing can be sent there. */
  readonly peer: UdpPeer | undefined;
  /** The address as handshakes carry it. */
  readonly peerIp: Uint8Array;
  readonly #from: SrtPort;

  constructor(from: SrtPort, address: string, peer: UdpPeer | undefined) {
    this.#from = from;
    this.peer = peer;
    this.peerIp = peerIpOf(address);
  }

  send(packet: Uint8Array, length: number): void {
    this.#from.send(packet, length, this.peer);
    return;
  }
}

/** @param at where the packet begins. */
function readId(bytes: Uint8Array, at = 0): number {
  const id = at + DESTINATION_AT;
  return (
    (((bytes[id] as number) << 24) |
      ((bytes[id + 1] as number) << 16) |
      ((bytes[id + 2] as number) << 8) |
      (bytes[id + 3] as number)) >>>
    0
  );
}
