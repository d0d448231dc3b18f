import { PACKET_SIZE } from "../packet.ts";

/** Packets to begin with: 188 kB. */
const FIRST_SIZE = 1024;

/**
 * A queue of packets in one piece of memory that grows up to a limit. Packets are numbered from the first ever written, so
 * an index stays good while the packet waits.
 */
export class PacketRing {
  readonly #limit: number;
  #size: number;
  #bytes: Uint8Array;
  /** Index of the next packet to be written. */
  head = 0;
  /** Index of the next packet to be read. */
  tail = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#size = Math.min(FIRST_SIZE, limit);
    this.#bytes = new Uint8Array(this.#size * PACKET_SIZE);
  }

  /** The memory; another one after it grew. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.head - this.tail;
  }

  /** Packets that can be written. */
  get room(): number {
    return this.#limit - this.length;
  }

  /** Offset in `bytes` of the packet with that index. */
  offset(index: number): number {
    return (index % this.#size) * PACKET_SIZE;
  }

  /** Packets from `tail` on that lie side by side. */
  get run(): number {
    return Math.min(this.length, this.#size - (this.tail % this.#size));
  }

  /** Copies packets in; the caller has looked at `room`. */
  write(buf: Uint8Array, start: number, count: number): void {
    if (this.length + count > this.#size) this.#grow(this.length + count);
    let from = start;
    let left = count;
    while (left > 0) {
      const part = Math.min(left, this.#size - (this.head % this.#size));
      this.#bytes.set(buf.subarray(from, from + part * PACKET_SIZE), this.offset(this.head));
      this.head += part;
      from += part * PACKET_SIZE;
      left -= part;
    }
  }

  #grow(needed: number): void {
    const old = this.#bytes;
    const oldSize = this.#size;
    let size = oldSize;
    while (size < needed) size = Math.min(size * 2, this.#limit);
    this.#size = size;
    this.#bytes = new Uint8Array(size * PACKET_SIZE);
    for (let index = this.tail; index < this.head; index++) {
      const from = (index % oldSize) * PACKET_SIZE;
      this.#bytes.set(old.subarray(from, from + PACKET_SIZE), this.offset(index));
    }
  }
}
