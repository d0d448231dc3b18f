import type { SequenceSpace } from "./sequence.ts";

const FIRST_SLOTS = 64;

/** One packet of a `SendBuffer`. Made once, used for many packets. */
export class SendSlot {
  /** As long as the buffer's `slotBytes`: the whole datagram, header included, lies at its start. */
  readonly bytes: Uint8Array;
  /** Bytes in use. Written by `SendBuffer.setLength` only. */
  length = 0;
  sequence = 0;
  /** When the application gave it. */
  originUs = 0;
  lastSentUs = 0;
  /** How often it was sent. */
  sends = 0;
  /** For the caller; 0 in a fresh slot, like all of the above. */
  tag = 0;
  tag2 = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export interface SendBufferOptions {
  readonly space: SequenceSpace;
  /** Number of the first packet. */
  readonly firstSequence: number;
  /** Packets that it holds at most; the limit is one less than half the sequence space. */
  readonly maxPackets: number;
  /** Size of the largest datagram. */
  readonly slotBytes: number;
}

/**
 * The packets of a sender until they are acknowledged, given up or too old: consecutive numbers from `oldest` to before
 * `next`. Memory starts at 64 slots, doubles when they are full, up to `maxPackets`, and is never given back. Nothing
 * else allocates.
 */
export class SendBuffer {
  readonly maxPackets: number;
  readonly #space: SequenceSpace;
  readonly #slotBytes: number;
  /** A ring: the oldest packet at `#head`. */
  #slots: SendSlot[] = [];
  #head = 0;
  #size = 0;
  #bytes = 0;
  /** Initialized here: a field that begins undefined allocates for every number of 32 bits. */
  #oldest = 0;

  constructor(options: SendBufferOptions) {
    this.#space = options.space;
    this.#slotBytes = options.slotBytes;
    this.maxPackets = Math.min(options.maxPackets, 2 ** (options.space.bits - 1) - 1);
    this.#oldest = options.firstSequence;
    this.#grow();
  }

  /** Number of the oldest packet held; `next` while there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Number of the packet that will be claimed next. */
  get next(): number {
    return this.#space.add(this.#oldest, this.#size);
  }

  /** Packets held. */
  get size(): number {
    return this.#size;
  }

  /** Sum of their lengths. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A slot with the next number, for the caller to fill; `undefined` when the buffer is full. */
  claim(): SendSlot | undefined {
    if (this.#size === this.#slots.length && !this.#grow()) return undefined;
    const slot = this.#at(this.#size);
    slot.sequence = this.next;
    slot.length = 0;
    slot.originUs = 0;
    slot.lastSentUs = 0;
    slot.sends = 0;
    slot.tag = 0;
    slot.tag2 = 0;
    this.#size++;
    return slot;
  }

  /** Sets the bytes in use of a slot that is held. */
  setLength(slot: SendSlot, length: number): void {
    this.#bytes += length - slot.length;
    slot.length = length;
  }

  /** The packet of this number; `undefined` when it is not held. */
  get(sequence: number): SendSlot | undefined {
    const offset = this.#space.diff(sequence, this.#oldest);
    return offset < 0 || offset >= this.#size ? undefined : this.#at(offset);
  }

  /**
   * Acknowledged: forgets everything before `before`, and returns how many packets that were. A number that is not
   * within `oldest` to `next` is ignored.
   */
  release(before: number): number {
    const count = this.#space.diff(before, this.#oldest);
    if (count <= 0 || count > this.#size) return 0;
    for (let i = 0; i < count; i++) this.#forget();
    return count;
  }

  /** Forgets, from the oldest on, what originated before `originUs` and lies before `before`; returns the count. */
  releaseOlder(originUs: number, before: number): number {
    const most = Math.min(this.#space.diff(before, this.#oldest), this.#size);
    let count = 0;
    while (count < most && this.#at(0).originUs < originUs) {
      this.#forget();
      count++;
    }
    return count;
  }

  /** The next packet gets this number. Only while nothing is held; otherwise false. */
  restartAt(sequence: number): boolean {
    if (this.#size > 0) return false;
    this.#oldest = sequence;
    return true;
  }

  /** From the origin of the oldest packet to that of the newest; 0 with fewer than two. */
  spanUs(): number {
    return this.#size < 2 ? 0 : this.#at(this.#size - 1).originUs - this.#at(0).originUs;
  }

  #at(offset: number): SendSlot {
    const slots = this.#slots;
    const index = this.#head + offset;
    return slots[index < slots.length ? index : index - slots.length] as SendSlot;
  }

  #forget(): void {
    this.#bytes -= this.#at(0).length;
    this.#size--;
    this.#oldest = this.#space.next(this.#oldest);
    this.#head = this.#head + 1 === this.#slots.length ? 0 : this.#head + 1;
  }

  #grow(): boolean {
    const old = this.#slots;
    const count = Math.min(Math.max(old.length, FIRST_SLOTS), this.maxPackets - old.length);
    if (count <= 0) return false;
    const slots = old.slice(this.#head).concat(old.slice(0, this.#head));
    const size = this.#slotBytes;
    const memory = new Uint8Array(count * size);
    for (let i = 0; i < count; i++) slots.push(new SendSlot(memory.subarray(i * size, (i + 1) * size)));
    this.#slots = slots;
    this.#head = 0;
    return true;
  }
}
