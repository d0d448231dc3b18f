import type { RemoteInfo, Socket } from "node:dgram";
import { asUdpError, UdpError } from "../errors.ts";
import { interfaceAddress, systemZones } from "../interfaces.ts";
import type { UdpClock } from "../options.ts";
import { makePeer, type UdpPeer } from "../peer.ts";
import type { UdpMembership, UdpPacketBatch, UdpSlice, UdpSocket, UdpStats } from "../socket.ts";
import { DgramPacketBatch } from "./dgram-batch.ts";

/** Datagrams that wait for `flush` before they are flushed anyway, and those that may wait for the system. */
const MOST_QUEUED = 256;
const MOST_BYTES = 65_535;

export interface DgramParts {
  readonly socket: Socket;
  readonly clock: UdpClock;
  readonly local: UdpPeer;
  readonly remote: UdpPeer | undefined;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly to: UdpPeer | undefined;
}

/** A socket upon node:dgram: what the addon's does, one datagram at a time. Made by `openDgram`. */
export class DgramUdpSocket implements UdpSocket {
  readonly implementation = "node:dgram";
  readonly local: UdpPeer;
  readonly remote: UdpPeer | undefined;
  onPackets: ((batch: UdpPacketBatch) => void) | undefined;
  onError: ((error: UdpError) => void) | undefined;
  onDrain: (() => void) | undefined;
  readonly #socket: Socket;
  readonly #clock: UdpClock;
  readonly #batch = new DgramPacketBatch();
  readonly #isIPv6: boolean;
  /** Given to `queue`, not to node:dgram yet. */
  #waiting: Waiting[] = [];
  #closing: Promise<void> | undefined;
  #behind = false;
  #overflow = 0;
  #sendErrors = 0;
  #receiveErrors = 0;
  readonly #onSent = (error: Error | null): void => this.#sent(error);

  constructor(parts: DgramParts) {
    this.#socket = parts.socket;
    this.#clock = parts.clock;
    this.local = parts.local;
    this.remote = parts.remote;
    this.#isIPv6 = parts.local.family === 6;
    this.#socket.on("message", (message, from) => this.#onMessage(message, from));
    this.#socket.on("error", (error) => this.#onSocketError(error));
  }

  get receiveBufferBytes(): number {
    return this.#half(this.#socket.getRecvBufferSize());
  }

  get sendBufferBytes(): number {
    return this.#half(this.#socket.getSendBufferSize());
  }

  get queued(): number {
    return this.#waiting.length + this.#unsent();
  }

  peer(address: string, port: number): UdpPeer {
    const peer = makePeer(address, port, systemZones);
    if (peer.family === 6 && !this.#isIPv6)
      throw new UdpError("address", "EAFNOSUPPORT", `${address} from a socket of IPv4`);
    return peer;
  }

  queue(bytes: Uint8Array, to?: UdpPeer, length: number = bytes.length): boolean {
    if (length < 0 || length > bytes.length)
      throw new UdpError("send", "EINVAL", `${length} of ${bytes.length} bytes`);
    // Not by slice(), which copies nothing when this is a Buffer.
    return this.#add(new Uint8Array(length === bytes.length ? bytes : bytes.subarray(0, length)), to);
  }

  queueSlice(slice: UdpSlice, to?: UdpPeer, head?: Uint8Array): boolean {
    const { memory, offset, length } = slice;
    if (offset < 0 || length < 0 || offset + length > memory.length)
      throw new UdpError("send", "EINVAL", "a slice outside of its memory");
    const headLength = head === undefined ? 0 : head.length;
    const bytes = new Uint8Array(headLength + length);
    if (head !== undefined) bytes.set(head);
    bytes.set(memory.subarray(offset, offset + length), headLength);
    return this.#add(bytes, to);
  }

  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0 || this.#closing !== undefined) return;
    this.#waiting = [];
    for (const { bytes, to } of waiting) this.#give(bytes, to);
    this.#behind = this.#unsent() > 0;
  }

  send(bytes: Uint8Array, to?: UdpPeer): boolean {
    const taken = this.queue(bytes, to);
    this.flush();
    return taken;
  }

  receive(): boolean {
    return false;
  }

  addMembership(membership: UdpMembership): void {
    const { group, source, device } = this.#membership(membership);
    this.#change(membership, () => {
      if (source === undefined) this.#socket.addMembership(group, device);
      else this.#socket.addSourceSpecificMembership(source, group, device);
    });
  }

  dropMembership(membership: UdpMembership): void {
    const { group, source, device } = this.#membership(membership);
    this.#change(membership, () => {
      if (source === undefined) this.#socket.dropMembership(group, device);
      else this.#socket.dropSourceSpecificMembership(source, group, device);
    });
  }

  stats(): UdpStats {
    return {
      kernelDrops: undefined,
      truncated: undefined,
      sendErrors: this.#sendErrors,
      overflow: this.#overflow,
      receiveErrors: this.#receiveErrors,
      receiveCalls: undefined,
      sendCalls: undefined,
      coalesced: undefined,
      segmented: undefined,
    };
  }

  ref(): void {
    if (this.#closing === undefined) this.#socket.ref();
  }

  unref(): void {
    if (this.#closing === undefined) this.#socket.unref();
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.flush();
      this.#closing = new Promise((resolve) => this.#socket.close(() => resolve()));
      this.#waiting = [];
    }
    return this.#closing;
  }

  /** @param bytes the socket's own. */
  #add(bytes: Uint8Array, to: UdpPeer | undefined): boolean {
    if (bytes.length > MOST_BYTES)
      throw new UdpError("send", "EMSGSIZE", `a datagram of ${bytes.length} bytes`);
    if (this.#closing !== undefined) return false;
    if (this.#waiting.length >= MOST_QUEUED) this.flush();
    if (this.#behind && this.queued >= MOST_QUEUED) {
      this.#overflow++;
      return false;
    }
    this.#waiting.push({ bytes, to });
    return true;
  }

  #give(bytes: Uint8Array, to: UdpPeer | undefined): void {
    if (to === undefined) {
      if (this.remote === undefined) this.#refused(new UdpError("send", "EDESTADDRREQ", "cannot send"));
      else this.#socket.send(bytes, this.#onSent);
      return;
    }
    // A socket of IPv6 wants a mapped address (RFC 4291 §2.5.5.2).
    const address = this.#isIPv6 && to.family === 4 ? `::ffff:${to.address}` : to.address;
    this.#socket.send(bytes, 0, bytes.length, to.port, address, this.#onSent);
  }

  #sent(error: Error | null): void {
    if (this.#closing !== undefined) return;
    if (error !== null) this.#refused(asUdpError("send", error, "cannot send"));
    if (!this.#behind || this.#unsent() > 0) return;
    this.#behind = false;
    this.flush();
    if (!this.#behind) this.onDrain?.();
  }

  #refused(error: UdpError): void {
    this.#sendErrors++;
    this.onError?.(error);
  }

  #onMessage(message: Uint8Array, from: RemoteInfo): void {
    if (this.#closing !== undefined || this.onPackets === undefined) return;
    this.#batch.begin(message, from, this.#clock.nowNs());
    this.onPackets(this.#batch);
  }

  #onSocketError(error: Error): void {
    if (this.#closing !== undefined) return;
    this.#receiveErrors++;
    this.onError?.(asUdpError("receive", error, "the network answers"));
  }

  #unsent(): number {
    return this.#closing === undefined ? this.#socket.getSendQueueCount() : 0;
  }

  #membership(membership: UdpMembership): {
    group: string;
    source: string | undefined;
    device: string | undefined;
  } {
    const [group = "", zone] = membership.group.split("%", 2);
    const family = this.peer(group, 0).family;
    const device = interfaceAddress(membership.interface ?? zone, family);
    return { group, source: membership.source, device };
  }

  #change({ group, source }: UdpMembership, change: () => void): void {
    try {
      change();
    } catch (error) {
      throw asUdpError("setsockopt", error, `group ${group}${source === undefined ? "" : ` of ${source}`}`);
    }
  }

  /** Linux reports twice what was asked for (socket(7)). */
  #half(bytes: number): number {
    return process.platform === "linux" ? bytes / 2 : bytes;
  }
}
