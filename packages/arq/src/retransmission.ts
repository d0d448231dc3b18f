import type { LossList } from "./loss-list.ts";
import type { SequenceSpace } from "./sequence.ts";

const FIRST_RANGES = 16;

/**
 * Fresh losses, which are not reported before so many more packets came, since packets out of order fill them
 * (docs/API/API-socket-options.md of libsrt, SRTO_LOSSMAXTTL).
 *
 * For each data packet: `onPacket` if it lies behind the highest one, else `add` for the gap before it; then `tick`.
 */
export class ReorderTolerance {
  readonly #space: SequenceSpace;
  #lows = new Uint32Array(FIRST_RANGES);
  #highs = new Uint32Array(FIRST_RANGES);
  /** The tick that reports each range. */
  #ends = new Float64Array(FIRST_RANGES);
  #count = 0;
  #size = 0;
  #tick = 0;
  /** No range ends before this tick. */
  #soonest = Number.POSITIVE_INFINITY;

  constructor(space: SequenceSpace) {
    this.#space = space;
  }

  /** Sequence numbers that wait. */
  get size(): number {
    return this.#size;
  }

  /** The earliest of them; 0 when there is none. */
  get first(): number {
    return this.#count === 0 ? 0 : (this.#lows[0] as number);
  }

  /**
   * `low` to `high`, both included, are missing since the packet of this tick; they wait for `ttl` more packets. They
   * lie after all that wait already.
   */
  add(low: number, high: number, ttl: number): void {
    const wide = this.#space.diff(high, low);
    if (wide < 0) return;
    const end = this.#tick + ttl;
    this.#insert(this.#count, low, high, end);
    this.#size += wide + 1;
    if (end < this.#soonest) this.#soonest = end;
  }

  /** This one came: it waits no longer. Whether it did. */
  onPacket(sequence: number): boolean {
    const space = this.#space;
    for (let i = 0; i < this.#count; i++) {
      const low = this.#lows[i] as number;
      const high = this.#highs[i] as number;
      if (space.diff(sequence, low) < 0 || space.diff(sequence, high) > 0) continue;
      this.#size--;
      if (low === high) this.#remove(i);
      else if (sequence === low) this.#lows[i] = space.next(low);
      else {
        this.#highs[i] = space.add(sequence, -1);
        if (sequence !== high) this.#insert(i + 1, space.next(sequence), high, this.#ends[i] as number);
      }
      return true;
    }
    return false;
  }

  /** Those before `sequence` wait no longer, since they are given up. Returns how many they were. */
  removeBefore(sequence: number): number {
    const space = this.#space;
    const before = this.#size;
    while (this.#count > 0) {
      const low = this.#lows[0] as number;
      const most = space.diff(sequence, low);
      if (most <= 0) break;
      const wide = space.diff(this.#highs[0] as number, low) + 1;
      this.#size -= Math.min(most, wide);
      if (most < wide) {
        this.#lows[0] = sequence;
        break;
      }
      this.#remove(0);
    }
    return before - this.#size;
  }

  /** A data packet was dealt with. Moves the losses that have waited long enough to `into`; returns how many. */
  tick(into: LossList): number {
    const now = this.#tick++;
    if (now < this.#soonest) return 0;
    const before = this.#size;
    let kept = 0;
    this.#soonest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#count; i++) {
      const low = this.#lows[i] as number;
      const high = this.#highs[i] as number;
      const end = this.#ends[i] as number;
      if (end <= now) {
        into.add(low, high);
        this.#size -= this.#space.diff(high, low) + 1;
        continue;
      }
      this.#set(kept++, low, high, end);
      if (end < this.#soonest) this.#soonest = end;
    }
    this.#count = kept;
    return before - this.#size;
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#count = 0;
    this.#size = 0;
    this.#soonest = Number.POSITIVE_INFINITY;
  }

  #set(i: number, low: number, high: number, end: number): void {
    this.#lows[i] = low;
    this.#highs[i] = high;
    this.#ends[i] = end;
  }

  #insert(i: number, low: number, high: number, end: number): void {
    if (this.#count === this.#lows.length) this.#grow();
    this.#move(i, i + 1);
    this.#set(i, low, high, end);
    this.#count++;
  }

  #remove(i: number): void {
    this.#move(i + 1, i);
    this.#count--;
  }

  /** Moves the ranges from `from` on to `to`. */
  #move(from: number, to: number): void {
    if (from === this.#count) return;
    this.#lows.copyWithin(to, from, this.#count);
    this.#highs.copyWithin(to, from, this.#count);
    this.#ends.copyWithin(to, from, this.#count);
  }

  #grow(): void {
    const length = this.#lows.length * 2;
    const lows = new Uint32Array(length);
    const highs = new Uint32Array(length);
    const ends = new Float64Array(length);
    lows.set(this.#lows);
    highs.set(this.#highs);
    ends.set(this.#ends);
    this.#lows = lows;
    this.#highs = highs;
    this.#ends = ends;
  }
}
