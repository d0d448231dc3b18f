/**
 * The last so many intervals, and the mean of those that are neither below an eighth of their median nor above its
 * eightfold: pauses and bursts do not count.
 */
export class IntervalWindow {
  readonly size: number;
  /** Intervals within the bounds, as of the last `evaluate`. */
  count = 0;
  /** Their sum. */
  sumUs = 0;
  /** The sum of their weights. */
  weight = 0;
  medianUs = 0;
  readonly #intervals: Float64Array;
  readonly #weights: Float64Array;
  readonly #scratch: Float64Array;
  #next = 0;
  #filled: number;
  #changed = true;

  /** Begins full of `initialUs`; without it empty. */
  constructor(size: number, initialUs = -1) {
    this.size = size;
    this.#intervals = new Float64Array(size).fill(initialUs);
    this.#weights = new Float64Array(size);
    this.#scratch = new Float64Array(size);
    this.#filled = initialUs < 0 ? 0 : size;
  }

  get full(): boolean {
    return this.#filled === this.size;
  }

  /** Puts an interval, 0 or more, in place of the oldest one. */
  push(intervalUs: number, weight: number): void {
    const at = this.#next;
    this.#intervals[at] = intervalUs;
    this.#weights[at] = weight;
    this.#next = at + 1 === this.size ? 0 : at + 1;
    if (this.#filled < this.size) this.#filled++;
    this.#changed = true;
  }

  /** Brings the results up to date; of use once the window is full. */
  evaluate(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const { size } = this;
    const intervals = this.#intervals;
    const scratch = this.#scratch;
    for (let i = 0; i < size; i++) scratch[i] = intervals[i] as number;
    const median = select(scratch, size >>> 1);
    let count = 0;
    let sum = 0;
    let weight = 0;
    for (let i = 0; i < size; i++) {
      const interval = intervals[i] as number;
      if (interval <= median / 8 || interval >= median * 8) continue;
      count++;
      sum += interval;
      weight += this.#weights[i] as number;
    }
    this.medianUs = median;
    this.count = count;
    this.sumUs = sum;
    this.weight = weight;
  }
}

/** The value that would stand at `rank` if all were sorted; puts them in another order. */
function select(values: Float64Array, rank: number): number {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    const pivot = values[(from + to) >>> 1] as number;
    let i = from;
    let j = to;
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i > j) break;
      const value = values[i] as number;
      values[i++] = values[j] as number;
      values[j--] = value;
    }
    if (rank <= j) to = j;
    else if (rank >= i) from = i;
    else break;
  }
  return values[rank] as number;
}
