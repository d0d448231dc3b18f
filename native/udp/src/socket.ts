import type { UdpError } from "./errors.ts";
import type { UdpPeer } from "./peer.ts";

/**
 * Datagrams that were read together. It and everything in it belongs to the socket: valid during the call of `onPackets`
 * only, the bytes above all. Packet `i` of 0 to `count - 1` lies at `block[offsets[i]]`, `lengths[i]` bytes long.
 */
export interface UdpPacketBatch {
  readonly count: number;
  readonly block: Uint8Array;
  /** In bytes; longer than `count`. */
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  /** A view of the packet, made anew by every call. */
  bytes(i: number): Uint8Array;
  /** When the kernel had it, on the socket's clock; where it does not say, when it was read. Nanoseconds. */
  arrivalNs(i: number): number;
  /** Whether it came from this address and port. */
  isFrom(i: number, peer: UdpPeer): boolean;
  /** A 32-bit number: equal for equal senders, and nearly always different for others. */
  sourceKey(i: number): number;
  /** The sender. The same object for the same sender as long as few others come between. */
  source(i: number): UdpPeer;
}

/** Bytes within larger memory, to be sent without a copy. Meant to be made once and set anew for every packet. */
export class UdpSlice {
  memory: Uint8Array;
  /** In bytes, from the beginning of `memory`. */
  offset = 0;
  length = 0;

  constructor(memory: Uint8Array) {
    this.memory = memory;
  }

  /** Sets the part, and returns this. */
  at(offset: number, length: number): this {
    this.offset = offset;
    this.length = length;
    return this;
  }
}

/** A group to receive. */
export interface UdpMembership {
  /** Address of the group; may bear a zone (`ff02::1%eth0`). */
  readonly group: string;
  /** Only this sender's datagrams (source-specific multicast, RFC 4607). */
  readonly source?: string;
  /** Name, index or an address of the network interface; the system chooses by its routes when undefined. */
  readonly interface?: string | number;
}

/** Counted since the socket was opened; `undefined` where the implementation cannot know. */
export interface UdpStats {
  /** Datagrams that the kernel threw away since the socket's receive buffer was full. */
  readonly kernelDrops: number | undefined;
  /** Received datagrams that were cut since they were longer than any of UDP may be. */
  readonly truncated: number | undefined;
  /** Datagrams that the system refused to send. */
  readonly sendErrors: number;
  /** Datagrams that were not queued since the system took no more. */
  readonly overflow: number;
  /** Errors that the network reported (ICMP), on a socket with a `remote`. */
  readonly receiveErrors: number;
  /** Calls of the system, and how many of their messages held more than one datagram. */
  readonly receiveCalls: number | undefined;
  readonly sendCalls: number | undefined;
  readonly coalesced: number | undefined;
  readonly segmented: number | undefined;
}

/**
 * A bound UDP socket. Sending is in two steps: `queue` any number of datagrams, then `flush` once, which gives them to the
 * system in few calls. Datagrams to one place leave in the order they were queued in; those of equal length that follow
 * each other cost the least.
 *
 * What the system does not take at once the socket keeps, and sends as soon as it can, `queued` datagrams; meanwhile
 * `queue` takes a limited number more and then returns false.
 */
export interface UdpSocket {
  readonly implementation: "native" | "node:dgram";
  /** Own address. */
  readonly local: UdpPeer;
  /** Whom it is connected to: only that one is heard, and datagrams need no address. */
  readonly remote: UdpPeer | undefined;
  /** What the system gave, as it was asked for: Linux itself counts twice that (socket(7)). Bytes. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** Called with what came; at most a few thousand datagrams at a time. What it throws is an uncaught exception. */
  onPackets: ((batch: UdpPacketBatch) => void) | undefined;
  /**
   * The system refused datagrams, or the network reported that the peer is not there. At most once for each `flush`, during
   * it or later. The socket goes on.
   */
  onError: ((error: UdpError) => void) | undefined;
  /** `queued` has fallen to 0 after the system had not taken everything. */
  onDrain: (() => void) | undefined;
  /** Datagrams that wait: for `flush`, or for the system. */
  readonly queued: number;
  /** An address to send to. No name look-ups. Throws `UdpError` EINVAL, ENODEV. */
  peer(address: string, port: number): UdpPeer;
  /**
   * Takes a copy of one datagram for the next `flush`: all of `bytes`, or its first `length`. Flushes itself when its memory is
   * full. `to` only without `remote`. False: it was not taken, since the system is behind (see `onDrain`). Throws `UdpError`
   * EMSGSIZE past 65,535 bytes, EINVAL when `length` is more than there is.
   */
  queue(bytes: Uint8Array, to?: UdpPeer, length?: number): boolean;
  /**
   * As `queue`, but the bytes are read from where they are, when `flush` is called: until then they must not change. The
   * slice itself may. A copy of `head`, if there is one, goes in front (16 bytes of header, say, before a payload that
   * many peers get).
   */
  queueSlice(slice: UdpSlice, to?: UdpPeer, head?: Uint8Array): boolean;
  /** Sends what is queued. */
  flush(): void;
  /** `queue` and `flush`. */
  send(bytes: Uint8Array, to?: UdpPeer): boolean;
  /**
   * Reads what waits in the kernel right now, by calls of `onPackets`, rather than when the event loop comes to it. False
   * where that cannot be: during `onPackets`, and with node:dgram. What `onPackets` throws meanwhile, this throws.
   */
  receive(): boolean;
  /** Joins a group. Throws `UdpError`. */
  addMembership(membership: UdpMembership): void;
  /** Leaves a group again. Throws `UdpError`. */
  dropMembership(membership: UdpMembership): void;
  stats(): UdpStats;
  /** Whether the socket keeps the process running; it does from the beginning. */
  ref(): void;
  unref(): void;
  /** Sends what is queued as far as the system takes it at once, and closes. Resolves when nothing is left open. */
  close(): Promise<void>;
}
