import type { SequenceSpace } from "./sequence.ts";

const FIRST_RANGES = 32;

/**
 * A set of sequence numbers as ordered ranges that neither overlap nor touch. A search costs the logarithm of the number
 * of ranges, a change in the middle one move of memory besides; both ends are cheap. Memory doubles with need and is
 * never given back.
 *
 * All numbers of a list lie within half the sequence space: what would stretch it further is not added.
 */
export class LossList {
  readonly #space: SequenceSpace;
  /** The first and the last number are less than this apart. */
  readonly #reach: number;
  #lows = new Uint32Array(FIRST_RANGES);
  #highs = new Uint32Array(FIRST_RANGES);
  /** The ranges lie at `#start` to before `#start + #count`. */
  #start = 0;
  #count = 0;
  #size = 0;

  constructor(space: SequenceSpace) {
    this.#space = space;
    // One short of half the space: what touches the first range from before is still before the last one.
    this.#reach = 2 ** (space.bits - 1) - 1;
  }

  /** Sequence numbers in the list. */
  get size(): number {
    return this.#size;
  }

  get ranges(): number {
    return this.#count;
  }

  /** The earliest number; 0 when the list is empty. */
  get first(): number {
    return this.low(0);
  }

  /** First number of range `i`, counted from the earliest; 0 when there is no such range. */
  low(i: number): number {
    return i < this.#count ? (this.#lows[this.#start + i] as number) : 0;
  }

  /** Last number of range `i`; 0 when there is no such range. */
  high(i: number): number {
    return i < this.#count ? (this.#highs[this.#start + i] as number) : 0;
  }

  /** Adds `low` to `high`, both included, and returns how many are new. A range that ends before it begins is ignored. */
  add(low: number, high: number): number {
    const space = this.#space;
    const wide = space.diff(high, low);
    if (wide < 0 || !this.#fits(low, wide)) return 0;
    const count = this.#count;
    // From `i` on they end at or after `low`, or touch it.
    const i = this.#isAfter(low) ? count : this.#find(space.add(low, -1));
    let j = i;
    let had = 0;
    while (j < count && space.diff(this.low(j), high) <= 1) {
      had += space.diff(this.high(j), this.low(j)) + 1;
      j++;
    }
    if (i === j) {
      this.#open(i);
      this.#set(i, low, high);
      this.#size += wide + 1;
      return wide + 1;
    }
    const from = space.earlier(low, this.low(i));
    const to = space.later(high, this.high(j - 1));
    this.#close(i + 1, j - i - 1);
    this.#set(i, from, to);
    const added = space.diff(to, from) + 1 - had;
    this.#size += added;
    return added;
  }

  /** Whether it was in the list. */
  remove(sequence: number): boolean {
    return this.removeRange(sequence, sequence) === 1;
  }

  /** Removes `low` to `high`, both included, and returns how many were in the list. */
  removeRange(low: number, high: number): number {
    if (this.#count === 0) return 0;
    const space = this.#space;
    const wide = space.diff(high, low);
    // No further than the list reaches, so that the comparisons below stay within half the space.
    const first = this.low(0);
    const offset = space.diff(low, first);
    const end = Math.min(offset + wide, space.diff(this.high(this.#count - 1), first));
    if (wide < 0 || end < Math.max(0, offset)) return 0;
    return this.#cut(space.add(first, Math.max(0, offset)), space.add(first, end));
  }

  /** Removes what lies before `sequence`, and returns how many those were. */
  removeBefore(sequence: number): number {
    const space = this.#space;
    let removed = 0;
    while (this.#count > 0) {
      const low = this.low(0);
      const most = space.diff(sequence, low);
      if (most <= 0) break;
      const wide = space.diff(this.high(0), low) + 1;
      if (most < wide) {
        this.#lows[this.#start] = sequence;
        removed += most;
        break;
      }
      removed += wide;
      this.#close(0, 1);
    }
    this.#size -= removed;
    return removed;
  }

  has(sequence: number): boolean {
    if (this.#count === 0) return false;
    const space = this.#space;
    if (space.diff(sequence, this.low(0)) < 0 || this.#isAfter(sequence)) return false;
    const i = this.#find(sequence);
    return i < this.#count && space.diff(sequence, this.low(i)) >= 0;
  }

  /** Takes the earliest number out; -1 when the list is empty. */
  shift(): number {
    if (this.#count === 0) return -1;
    const low = this.low(0);
    if (low === this.high(0)) this.#close(0, 1);
    else this.#lows[this.#start] = this.#space.next(low);
    this.#size--;
    return low;
  }

  clear(): void {
    this.#start = 0;
    this.#count = 0;
    this.#size = 0;
  }

  /** `removeRange` within what the list reaches over. */
  #cut(from: number, to: number): number {
    const space = this.#space;
    let i = this.#find(from);
    let removed = 0;
    if (i < this.#count && space.diff(this.low(i), from) < 0) {
      const end = this.high(i);
      this.#highs[this.#start + i] = space.add(from, -1);
      i++;
      if (space.diff(end, to) > 0) {
        this.#open(i);
        this.#set(i, space.next(to), end);
        removed = space.diff(to, from) + 1;
        this.#size -= removed;
        return removed;
      }
      removed = space.diff(end, from) + 1;
    }
    let j = i;
    for (; j < this.#count && space.diff(this.high(j), to) <= 0; j++) {
      removed += space.diff(this.high(j), this.low(j)) + 1;
    }
    if (j < this.#count && space.diff(this.low(j), to) <= 0) {
      removed += space.diff(to, this.low(j)) + 1;
      this.#lows[this.#start + j] = space.next(to);
    }
    this.#close(i, j - i);
    this.#size -= removed;
    return removed;
  }

  /** Whether the list, with `low` and the `wide` numbers after it, still lies within reach. */
  #fits(low: number, wide: number): boolean {
    if (this.#count === 0) return true;
    const first = this.low(0);
    const from = this.#space.diff(low, first);
    const last = this.#space.diff(this.high(this.#count - 1), first);
    return Math.max(last, from + wide) - Math.min(0, from) < this.#reach;
  }

  /** Whether it lies after everything in the list, and touches nothing; so when the list is empty. */
  #isAfter(sequence: number): boolean {
    const count = this.#count;
    return count === 0 || this.#space.diff(sequence, this.high(count - 1)) > 1;
  }

  /** The first range that ends at `sequence` or later. */
  #find(sequence: number): number {
    const space = this.#space;
    let from = 0;
    let to = this.#count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (space.diff(this.high(middle), sequence) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #set(i: number, low: number, high: number): void {
    this.#lows[this.#start + i] = low;
    this.#highs[this.#start + i] = high;
  }

  /** Makes place for a range at `i`, by moving the shorter side when both can move. */
  #open(i: number): void {
    if (this.#start > 0 && i < this.#count >>> 1) {
      this.#move(this.#start, this.#start - 1, i);
      this.#start--;
    } else {
      if (this.#start + this.#count === this.#lows.length) this.#makeRoom();
      this.#move(this.#start + i, this.#start + i + 1, this.#count - i);
    }
    this.#count++;
  }

  /** Removes `count` ranges from `i` on. */
  #close(i: number, count: number): void {
    if (count === 0) return;
    const after = this.#count - i - count;
    if (i < after) {
      this.#move(this.#start, this.#start + count, i);
      this.#start += count;
    } else {
      this.#move(this.#start + i + count, this.#start + i, after);
    }
    this.#count -= count;
    if (this.#count === 0) this.#start = 0;
  }

  #move(from: number, to: number, count: number): void {
    if (count === 0) return;
    this.#lows.copyWithin(to, from, from + count);
    this.#highs.copyWithin(to, from, from + count);
  }

  /** Frees places at the end: by moving all ranges to the beginning when that frees half of it, else by doubling. */
  #makeRoom(): void {
    const length = this.#lows.length;
    if (this.#start >= length >>> 1) {
      this.#move(this.#start, 0, this.#count);
    } else {
      const end = this.#start + this.#count;
      const lows = new Uint32Array(length * 2);
      const highs = new Uint32Array(length * 2);
      lows.set(this.#lows.subarray(this.#start, end));
      highs.set(this.#highs.subarray(this.#start, end));
      this.#lows = lows;
      this.#highs = highs;
    }
    this.#start = 0;
  }
}
