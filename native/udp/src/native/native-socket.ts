import { systemError, UdpError } from "../errors.ts";
import { interfaceIndex } from "../interfaces.ts";
import { ADDRESS_WORDS, writeAddress } from "../ip.ts";
import * as linux from "../linux.ts";
import type { UdpClock } from "../options.ts";
import { makePeer, type UdpPeer } from "../peer.ts";
import type { UdpMembership, UdpPacketBatch, UdpSlice, UdpSocket, UdpStats } from "../socket.ts";
import { EVENT_CLOSED, EVENT_ERROR, EVENT_PACKETS, EVENT_WRITABLE, type Handle } from "./addon.ts";
import type { NativeThread } from "./native-batch.ts";
import { getInt, setOption } from "./native-options.ts";
import { checkLength, checkPart, type SendQueue } from "./send-queue.ts";

const COUNTERS = 8;

/** A socket of the addon, bound and set up. Made by `openNative`. */
export class NativeUdpSocket implements UdpSocket {
  readonly implementation = "native";
  readonly local: UdpPeer;
  readonly remote: UdpPeer | undefined;
  onPackets: ((batch: UdpPacketBatch) => void) | undefined;
  onError: ((error: UdpError) => void) | undefined;
  onDrain: (() => void) | undefined;
  readonly #thread: NativeThread;
  readonly #handle: Handle;
  readonly #clock: UdpClock;
  readonly #queue: SendQueue;
  readonly #closed = Promise.withResolvers<void>();
  #closing = false;
  /** The system takes no more at the moment. */
  #blocked = false;
  #overflow = 0;
  #memory: ArrayBuffer;

  constructor(parts: NativeParts) {
    this.#thread = parts.thread;
    this.#handle = parts.handle;
    this.#clock = parts.clock;
    this.#queue = parts.queue;
    this.#memory = parts.queue.memory;
    this.local = parts.local;
    this.remote = parts.remote;
  }

  /** What the addon calls. */
  onEvent(event: number, value: number): void {
    if (event === EVENT_PACKETS) {
      if (this.#closing || this.onPackets === undefined) return;
      const { batch } = this.#thread;
      batch.begin(value, this.#clock.nowNs());
      this.onPackets(batch);
    } else if (event === EVENT_WRITABLE) this.#onWritable();
    else if (event === EVENT_ERROR) this.#report("receive", value);
    else if (event === EVENT_CLOSED) this.#closed.resolve();
  }

  get receiveBufferBytes(): number {
    return this.#bufferBytes(linux.SO_RCVBUF);
  }

  get sendBufferBytes(): number {
    return this.#bufferBytes(linux.SO_SNDBUF);
  }

  get queued(): number {
    return this.#queue.count;
  }

  peer(address: string, port: number): UdpPeer {
    const peer = makePeer(address, port, this.#thread.zones);
    if (peer.family === 6 && this.local.family === 4)
      throw new UdpError("address", "EAFNOSUPPORT", `${address} from a socket of IPv4`);
    return peer;
  }

  queue(bytes: Uint8Array, to?: UdpPeer, length: number = bytes.length): boolean {
    checkLength(bytes.length);
    checkPart(bytes, length);
    // All of it is copied: a view of its beginning would have to be made anew for each packet.
    if (!this.#makeRoom(bytes.length)) return false;
    this.#queue.addCopy(bytes, to, length);
    return true;
  }

  queueSlice(slice: UdpSlice, to?: UdpPeer, head?: Uint8Array): boolean {
    const headLength = head === undefined ? 0 : head.length;
    if (!isWithin(slice)) throw new UdpError("send", "EINVAL", "a slice outside of its memory");
    checkLength(headLength + slice.length);
    if (!this.#makeRoom(this.#blocked ? headLength + slice.length : headLength)) return false;
    const queue = this.#queue;
    if (this.#blocked) {
      // Nothing is flushed for now, and until then the caller's bytes would have to stay.
      queue.addJoined(slice, to, head);
      return true;
    }
    const slab = queue.slabOf(slice.memory);
    if (slab === 0) {
      this.flush();
      return this.queueSlice(slice, to, head);
    }
    const at = queue.addSlice(slice, slab, to);
    if (head !== undefined) queue.addHead(at, head);
    return true;
  }

  flush(): void {
    if (!this.#blocked && this.#queue.count > 0 && !this.#closing) this.#flush();
    return;
  }

  send(bytes: Uint8Array, to?: UdpPeer): boolean {
    const taken = this.queue(bytes, to);
    this.flush();
    return taken;
  }

  receive(): boolean {
    return !this.#closing && this.#thread.addon.receive(this.#handle);
  }

  addMembership(membership: UdpMembership): void {
    this.#changeMembership(membership, linux.JOIN_GROUP, linux.JOIN_SOURCE);
    return;
  }

  dropMembership(membership: UdpMembership): void {
    this.#changeMembership(membership, linux.LEAVE_GROUP, linux.LEAVE_SOURCE);
    return;
  }

  stats(): UdpStats {
    const counters = new Float64Array(COUNTERS);
    this.#thread.addon.counters(this.#handle, counters);
    const at = (i: number): number => counters[i] as number;
    return {
      kernelDrops: at(0) < 0 ? undefined : at(0),
      truncated: at(1),
      sendErrors: at(2),
      receiveErrors: at(3),
      receiveCalls: at(4),
      sendCalls: at(5),
      coalesced: at(6),
      segmented: at(7),
      overflow: this.#overflow,
    };
  }

  ref(): void {
    if (!this.#closing) this.#thread.addon.keepAlive(this.#handle, true);
    return;
  }

  unref(): void {
    if (!this.#closing) this.#thread.addon.keepAlive(this.#handle, false);
    return;
  }

  close(): Promise<void> {
    if (!this.#closing) {
      this.flush();
      this.#closing = true;
      this.#queue.clear();
      this.#thread.addon.close(this.#handle);
    }
    return this.#closed.promise;
  }

  /** Whether one more datagram fits, after what is there was sent if need be. */
  #makeRoom(bytes: number): boolean {
    if (this.#closing) return false;
    if (this.#queue.hasRoom(bytes)) return true;
    this.flush();
    if (this.#queue.hasRoom(bytes)) return true;
    this.#overflow++;
    return false;
  }

  #flush(): void {
    const queue = this.#queue;
    const done = this.#thread.addon.flush(this.#handle, queue.count, queue.slabs, queue.slabCount);
    const { errno, refused } = queue;
    if (done === queue.count) queue.clear();
    else {
      this.#blocked = true;
      this.#keepFrom(done);
    }
    if (errno !== 0) this.#report(refused === 0 ? "receive" : "send", errno);
  }

  #keepFrom(done: number): void {
    this.#queue.keepFrom(done);
    if (this.#memory === this.#queue.memory) return;
    this.#memory = this.#queue.memory;
    this.#thread.addon.sendMemory(this.#handle, this.#memory);
  }

  #onWritable(): void {
    this.#blocked = false;
    this.flush();
    if (!this.#blocked && !this.#closing) this.onDrain?.();
  }

  #report(syscall: string, errno: number): void {
    if (this.#closing) return;
    this.onError?.(systemError(syscall, errno, syscall === "send" ? "cannot send" : "the network answers"));
  }

  #changeMembership(membership: UdpMembership, any: typeof linux.JOIN_GROUP, one: typeof any): void {
    const { zones } = this.#thread;
    const [group = "", zone] = membership.group.split("%", 2);
    const index = interfaceIndex(membership.interface ?? zone, zones);
    const words = addressWords(group);
    const source = membership.source === undefined ? undefined : addressWords(membership.source);
    const family = (words[0] as number) >>> 16 === 6 ? 6 : 4;
    const option = source === undefined ? any[family] : one[family];
    setOption(this.#thread.addon, this.#handle, {
      ...option,
      value: linux.groupRequest(index, words, source),
      what: `group ${membership.group}${source === undefined ? "" : ` of ${membership.source}`}`,
    });
  }

  #bufferBytes(option: linux.SocketOption): number {
    return getInt(this.#thread.addon, this.#handle, option) / 2;
  }
}

export interface NativeParts {
  readonly thread: NativeThread;
  readonly handle: Handle;
  readonly queue: SendQueue;
  readonly clock: UdpClock;
  readonly local: UdpPeer;
  readonly remote: UdpPeer | undefined;
}

function isWithin(slice: UdpSlice): boolean {
  const { offset, length } = slice;
  return offset >= 0 && length >= 0 && offset + length <= slice.memory.length;
}

function addressWords(address: string): Int32Array {
  const words = new Int32Array(ADDRESS_WORDS);
  if (!writeAddress(words, 0, address))
    throw new UdpError("setsockopt", "EINVAL", `"${address}" is no IP address`);
  return words;
}
