import type { SequenceSpace } from "./sequence.ts";

/** What became of a packet in `ReceiveBuffer.insert`. */
export const INSERTED = 0;
export const DUPLICATE = 1;
/** Before the base: delivered or given up already. */
export const LATE = 2;
/** Too far ahead. */
export const NO_ROOM = 3;

const FIRST_SLOTS = 64;

/** One packet of a `ReceiveBuffer`. Made once, used for many packets. */
export class ReceiveSlot {
  /** As long as the buffer's `slotBytes`. */
  bytes: Uint8Array;
  /** Bytes in use. Written by `ReceiveBuffer.setLength` only. */
  length = 0;
  sequence = 0;
  /** When it is to be delivered. */
  dueUs = 0;
  /** In the buffer, not delivered or discarded yet. Written by the buffer. */
  held = false;
  /** For the caller; 0 in a fresh slot. */
  tag = 0;
  tag2 = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export interface ReceiveBufferOptions {
  readonly space: SequenceSpace;
  /** Number of the first packet to be delivered. */
  readonly firstSequence: number;
  /** How far ahead of the base a packet may lie; the limit is one less than half the sequence space. */
  readonly maxPackets: number;
  /** Size of the largest payload, or datagram, whichever the caller keeps. */
  readonly slotBytes: number;
}

/**
 * The packets of a receiver from their arrival to their delivery, in order of number, with gaps. A slot's memory comes
 * from a pool of as many packets as were ever held at once (64 at first, then doubling, at most `maxPackets`); it and
 * the index grow with need and never shrink. Nothing else allocates.
 */
export class ReceiveBuffer {
  readonly maxPackets: number;
  /** The slot of the last insertion. */
  last: ReceiveSlot;
  /** How many packets that were held the last `skipTo` discarded. */
  skippedHeld = 0;
  readonly #space: SequenceSpace;
  readonly #slotBytes: number;
  /** Slots by number modulo the length, a power of two; only valid where `#held` has its bit set. */
  #ring: ReceiveSlot[] = [];
  #held = new Int32Array(0);
  #mask = -1;
  /** A stack: the slot freed last, still in the processor's cache, is used next. */
  readonly #free: ReceiveSlot[] = [];
  #freeCount = 0;
  #made = 0;
  /** Initialized here: a field that begins undefined allocates for every number of 32 bits. */
  #base = 0;
  /** From base to end. */
  #span = 0;
  #size = 0;
  #bytes = 0;
  /** So many from the base on are known to be held. */
  #run = 0;
  /** So many from the base on are known to be missing. */
  #lead = 0;

  constructor(options: ReceiveBufferOptions) {
    this.#space = options.space;
    this.#slotBytes = options.slotBytes;
    this.maxPackets = Math.min(options.maxPackets, 2 ** (options.space.bits - 1) - 1);
    this.#base = options.firstSequence;
    this.last = new ReceiveSlot(new Uint8Array(0));
    this.#growRing(Math.min(FIRST_SLOTS, this.maxPackets));
  }

  /** Number of the packet to be delivered next. */
  get base(): number {
    return this.#base;
  }

  /** One after the highest number held; never before the base. */
  get end(): number {
    return this.#space.add(this.#base, this.#span);
  }

  /** Packets held. */
  get size(): number {
    return this.#size;
  }

  /** Sum of their lengths. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Makes room for a packet. On `INSERTED` the slot is `last`, empty but for its number, and the caller fills it;
   * otherwise nothing happened and the code says why.
   */
  insert(sequence: number): number {
    const offset = this.#space.diff(sequence, this.#base);
    if (offset < 0) return LATE;
    if (offset >= this.maxPackets) return NO_ROOM;
    if (offset > this.#mask) this.#growRing(offset + 1);
    const index = sequence & this.#mask;
    const held = this.#held;
    const word = held[index >>> 5] as number;
    const bit = 1 << (index & 31);
    if ((word & bit) !== 0) return DUPLICATE;
    if (this.#freeCount === 0) this.#growPool();
    const slot = this.#free[--this.#freeCount] as ReceiveSlot;
    held[index >>> 5] = word | bit;
    this.#ring[index] = slot;
    slot.length = 0;
    slot.sequence = sequence;
    slot.dueUs = 0;
    slot.held = true;
    slot.tag = 0;
    slot.tag2 = 0;
    this.last = slot;
    this.#size++;
    if (offset >= this.#span) this.#span = offset + 1;
    if (offset < this.#lead) this.#lead = offset;
    return INSERTED;
  }

  /** Sets the bytes in use of a slot that is held. */
  setLength(slot: ReceiveSlot, length: number): void {
    this.#bytes += length - slot.length;
    slot.length = length;
  }

  /** The packet of this number; `undefined` when it is not held. */
  get(sequence: number): ReceiveSlot | undefined {
    const offset = this.#space.diff(sequence, this.#base);
    return offset < 0 || offset >= this.#span || !this.#has(sequence) ? undefined : this.#slot(sequence);
  }

  /** The first number at or after the base that is not held: the acknowledgement point. Amortised O(1). */
  firstGap(): number {
    const { base } = this;
    const held = this.#held;
    const mask = this.#mask;
    let at = this.#run;
    while (at < this.#span) {
      const index = (base + at) & mask;
      const missing = ~(held[index >>> 5] as number) >>> (index & 31);
      if (missing !== 0) {
        at += lowestBit(missing);
        break;
      }
      at += 32 - (index & 31);
    }
    this.#run = Math.min(at, this.#span);
    return this.#space.add(base, this.#run);
  }

  /** The first packet held, be it behind a gap. A gap is looked through 32 numbers at a time, and usually once. */
  firstHeld(): ReceiveSlot | undefined {
    if (this.#size === 0) return undefined;
    this.#lead = this.#nextHeld(this.#lead);
    return this.#slot(this.#base + this.#lead);
  }

  /**
   * The packet at the base, when it is held; the base moves on. Its slot stays as it is until the next successful
   * `insert`.
   */
  take(): ReceiveSlot | undefined {
    const base = this.#base;
    if (this.#span === 0 || !this.#has(base)) return undefined;
    const slot = this.#drop(base);
    this.#advance(1);
    return slot;
  }

  /**
   * Moves the base to `sequence`, also past the end, and returns how many of the numbers passed were missing. Those that
   * were held are discarded; `skippedHeld` says how many. A number that is not after the base is ignored.
   */
  skipTo(sequence: number): number {
    const count = this.#space.diff(sequence, this.#base);
    let discarded = 0;
    if (count > 0) {
      const until = Math.min(count, this.#span);
      for (let at = this.#nextHeld(this.#lead); at < until; at = this.#nextHeld(at + 1)) {
        this.#drop(this.#base + at);
        discarded++;
      }
      this.#advance(count);
    }
    this.skippedHeld = discarded;
    return count > 0 ? count - discarded : 0;
  }

  /** Packets, missing ones included, that may still follow the highest one held. */
  room(): number {
    return this.maxPackets - this.#span;
  }

  /** From when the first packet held is due to when the last one is; 0 with fewer than two. */
  spanUs(): number {
    const first = this.firstHeld();
    return first === undefined ? 0 : this.#slot(this.#base + this.#span - 1).dueUs - first.dueUs;
  }

  #slot(sequence: number): ReceiveSlot {
    return this.#ring[sequence & this.#mask] as ReceiveSlot;
  }

  #has(sequence: number): boolean {
    const index = sequence & this.#mask;
    return ((this.#held[index >>> 5] as number) & (1 << (index & 31))) !== 0;
  }

  /** The least offset from `at` on that is held; the span when there is none. */
  #nextHeld(at: number): number {
    const base = this.#base;
    const span = this.#span;
    const held = this.#held;
    const mask = this.#mask;
    while (at < span) {
      const index = (base + at) & mask;
      const word = (held[index >>> 5] as number) >>> (index & 31);
      // Past the span the ring begins again: what is found there lies before.
      if (word !== 0) return Math.min(at + lowestBit(word), span);
      at += 32 - (index & 31);
    }
    return span;
  }

  #drop(sequence: number): ReceiveSlot {
    const index = sequence & this.#mask;
    const slot = this.#ring[index] as ReceiveSlot;
    const held = this.#held;
    held[index >>> 5] = (held[index >>> 5] as number) & ~(1 << (index & 31));
    slot.held = false;
    this.#free[this.#freeCount++] = slot;
    this.#size--;
    this.#bytes -= slot.length;
    return slot;
  }

  #advance(count: number): void {
    this.#base = this.#space.add(this.#base, count);
    this.#span = Math.max(0, this.#span - count);
    this.#run = Math.max(0, this.#run - count);
    this.#lead = Math.max(0, this.#lead - count);
  }

  /** Makes the index at least so long. */
  #growRing(length: number): void {
    const size = Math.max(32, 2 ** Math.ceil(Math.log2(length)));
    const ring = new Array<ReceiveSlot>(size).fill(this.last);
    const held = new Int32Array(size >>> 5);
    const base = this.#base;
    for (let at = this.#nextHeld(0); at < this.#span; at = this.#nextHeld(at + 1)) {
      const index = (base + at) & (size - 1);
      ring[index] = this.#slot(base + at);
      held[index >>> 5] = (held[index >>> 5] as number) | (1 << (index & 31));
    }
    this.#ring = ring;
    this.#held = held;
    this.#mask = size - 1;
  }

  /** At least one more slot: no more than `maxPackets` are ever held. */
  #growPool(): void {
    const size = this.#slotBytes;
    const count = Math.min(Math.max(this.#made, FIRST_SLOTS), this.maxPackets - this.#made);
    const memory = new Uint8Array(count * size);
    for (let i = count - 1; i >= 0; i--) {
      this.#free[this.#freeCount++] = new ReceiveSlot(memory.subarray(i * size, (i + 1) * size));
    }
    this.#made += count;
  }
}

/** Place of the lowest bit set in a word that is not 0. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
