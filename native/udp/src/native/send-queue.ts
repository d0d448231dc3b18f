import { UdpError } from "../errors.ts";
import { ADDRESS_WORDS } from "../ip.ts";
import type { UdpPeer } from "../peer.ts";
import type { UdpSlice } from "../socket.ts";
import type { Layout } from "./addon.ts";

/** Bytes that a new queue copies into: as many datagrams of 1,316 bytes as two segmented messages hold. */
const ARENA_BYTES = 131_072;
const MOST_BYTES = 65_535;

/** Words of a descriptor; see `c/send.c`. */
const SLAB = 0;
const OFFSET = 1;
const LENGTH = 2;
const HEAD_OFFSET = 3;
const HEAD_LENGTH = 4;
const ADDRESS = 5;

/** Throws `UdpError` EMSGSIZE when a datagram is longer than any can be. */
export function checkLength(bytes: number): void {
  if (bytes > MOST_BYTES) throw new UdpError("send", "EMSGSIZE", `a datagram of ${bytes} bytes`);
}

/** Throws `UdpError` EINVAL unless `bytes` begins with so many. */
export function checkPart(bytes: Uint8Array, length: number): void {
  if (length < 0 || length > bytes.length)
    throw new UdpError("send", "EINVAL", `${length} of ${bytes.length} bytes`);
}

/** Descriptors of datagrams and copies of bytes, in memory that the addon reads. */
export class SendQueue {
  memory: ArrayBuffer;
  /** Datagrams described. */
  count = 0;
  /** Memory of slices that descriptors refer to, `slabCount` of them. */
  readonly slabs: (Uint8Array | undefined)[];
  slabCount = 0;
  readonly #layout: Layout;
  readonly #most: number;
  readonly #stride: number;
  /** Datagrams refused by the last flush, and the system's number for why. */
  #results: Int32Array;
  #words: Int32Array;
  #arena: Uint8Array;
  #used = 0;
  /** Memory of the same kind to move what is left to. */
  #spare: ArrayBuffer | undefined;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#most = layout.sendPackets;
    this.#stride = layout.descriptorWords;
    this.slabs = new Array<undefined>(layout.sendSlabs).fill(undefined);
    this.memory = new ArrayBuffer(layout.arenaAt + ARENA_BYTES);
    this.#results = this.#words = new Int32Array(0);
    this.#arena = new Uint8Array(0);
    this.#use(this.memory);
  }

  get refused(): number {
    return this.#results[0] as number;
  }

  get errno(): number {
    return this.#results[1] as number;
  }

  /** Whether one more datagram fits, of which so many bytes are to be copied. */
  hasRoom(bytes: number): boolean {
    return this.count < this.#most && this.#used + bytes <= this.#arena.length;
  }

  /** There has to be room for all of `bytes`; `length` of them are sent. */
  addCopy(bytes: Uint8Array, to: UdpPeer | undefined, length: number = bytes.length): void {
    const at = this.#describe(to);
    const words = this.#words;
    words[at + SLAB] = 0;
    words[at + OFFSET] = this.#used;
    words[at + LENGTH] = length;
    words[at + HEAD_LENGTH] = 0;
    this.#arena.set(bytes, this.#used);
    this.#used += length;
  }

  /** @param slab as `slabOf` found it. */
  addSlice(slice: UdpSlice, slab: number, to: UdpPeer | undefined): number {
    const at = this.#describe(to);
    const words = this.#words;
    words[at + SLAB] = slab;
    words[at + OFFSET] = slice.offset;
    words[at + LENGTH] = slice.length;
    words[at + HEAD_LENGTH] = 0;
    return at;
  }

  /** Copies a head in front of what `addSlice` described at `at`. */
  addHead(at: number, head: Uint8Array): void {
    const words = this.#words;
    words[at + HEAD_OFFSET] = this.#used;
    words[at + HEAD_LENGTH] = head.length;
    this.#arena.set(head, this.#used);
    this.#used += head.length;
  }

  /** As `addCopy`, of both parts one behind the other. */
  addJoined(slice: UdpSlice, to: UdpPeer | undefined, head: Uint8Array | undefined): void {
    const at = this.#describe(to);
    const words = this.#words;
    words[at + SLAB] = 0;
    words[at + OFFSET] = this.#used;
    words[at + HEAD_LENGTH] = 0;
    if (head !== undefined) this.#append(head, 0, head.length);
    this.#append(slice.memory, slice.offset, slice.length);
    words[at + LENGTH] = this.#used - (words[at + OFFSET] as number);
  }

  /** The number under which descriptors refer to memory; 0 when there are too many already. */
  slabOf(memory: Uint8Array): number {
    const { slabs, slabCount } = this;
    for (let i = slabCount - 1; i >= 0; i--) if (slabs[i] === memory) return i + 1;
    if (slabCount === slabs.length) return 0;
    slabs[slabCount] = memory;
    return ++this.slabCount;
  }

  /** Everything was sent. */
  clear(): void {
    this.count = 0;
    this.#used = 0;
    for (let i = 0; i < this.slabCount; i++) this.slabs[i] = undefined;
    this.slabCount = 0;
  }

  /** The first `done` were sent: the others move to other memory, with copies of all that they refer to. */
  keepFrom(done: number): void {
    const left = this.count - done;
    const from = this.#words;
    const arena = this.#arena;
    let bytes = 0;
    for (let i = done; i < this.count; i++) bytes += this.#lengthOf(i);
    const size = this.#layout.arenaAt + Math.max(arena.length, 2 * bytes);
    const spare = this.#spare;
    const memory = spare !== undefined && spare.byteLength >= size ? spare : new ArrayBuffer(size);
    this.#spare = this.memory;
    this.#use(memory);
    this.#used = 0;
    for (let i = 0; i < left; i++) this.#move(from, (done + i) * this.#stride, { to: i, arena });
    const used = this.#used;
    this.clear();
    this.count = left;
    this.#used = used;
  }

  #move(from: Int32Array, at: number, { to, arena }: { to: number; arena: Uint8Array }): void {
    const slab = from[at + SLAB] as number;
    const memory = slab === 0 ? arena : (this.slabs[slab - 1] as Uint8Array);
    const begin = this.#used;
    this.#append(arena, from[at + HEAD_OFFSET] as number, from[at + HEAD_LENGTH] as number);
    this.#append(memory, from[at + OFFSET] as number, from[at + LENGTH] as number);
    const target = to * this.#stride;
    this.#words.set(from.subarray(at, at + this.#stride), target);
    this.#words[target + SLAB] = 0;
    this.#words[target + OFFSET] = begin;
    this.#words[target + LENGTH] = this.#used - begin;
    this.#words[target + HEAD_LENGTH] = 0;
  }

  #append(memory: Uint8Array, offset: number, length: number): void {
    if (length === 0) return;
    this.#arena.set(memory.subarray(offset, offset + length), this.#used);
    this.#used += length;
  }

  #lengthOf(index: number): number {
    const at = index * this.#stride;
    return (this.#words[at + LENGTH] as number) + (this.#words[at + HEAD_LENGTH] as number);
  }

  /** Begins a descriptor; returns where it lies. */
  #describe(to: UdpPeer | undefined): number {
    const at = this.count++ * this.#stride;
    const words = this.#words;
    const address = at + ADDRESS;
    if (to === undefined) {
      for (let i = 0; i < ADDRESS_WORDS; i++) words[address + i] = 0;
      return at;
    }
    words[address] = to.word0;
    words[address + 1] = to.word1;
    words[address + 2] = to.word2;
    words[address + 3] = to.word3;
    words[address + 4] = to.word4;
    words[address + 5] = to.word5;
    return at;
  }

  #use(memory: ArrayBuffer): void {
    const { descriptorsAt, arenaAt, sendPackets, descriptorWords } = this.#layout;
    this.memory = memory;
    this.#results = new Int32Array(memory, 0, descriptorsAt / 4);
    this.#words = new Int32Array(memory, descriptorsAt, sendPackets * descriptorWords);
    this.#arena = new Uint8Array(memory, arenaAt);
  }
}
