import { u32be } from "@millrace/bytes";

/**
 * A run-length table of samples: each run has a number of samples, a value that they share, and a base that grows from
 * run to run. Three numbers for each entry, whatever the counts say.
 */
export class Runs {
  /** Runs that have samples. */
  readonly runs: number;
  /** Samples of all runs. */
  readonly total: number;
  readonly #first: Float64Array;
  readonly #base: Float64Array;
  readonly #value: Float64Array;
  /** Where the last search ended: the next is near. */
  #near = 0;

  private constructor(columns: RunColumns) {
    this.runs = columns.runs;
    this.total = columns.first[columns.runs] as number;
    this.#first = columns.first;
    this.#base = columns.base;
    this.#value = columns.value;
  }

  /** Entries of count and value, as in stts and ctts: the base is the sum of the values before. */
  static ofCounts(bytes: Uint8Array, at: number, count: number): Runs {
    const columns = new RunColumns(count);
    let base = 0;
    for (let i = 0; i < count; i++) {
      const samples = u32be(bytes, at + 8 * i);
      const value = u32be(bytes, at + 8 * i + 4);
      const next = base + samples * value;
      if (!Number.isSafeInteger(next) || !columns.add(samples, base, value)) break;
      base = next;
    }
    return new Runs(columns);
  }

  /** Entries of stsc (ISO/IEC 14496-12 §8.7.4): the value is the samples in a chunk, the base the first chunk from 0. */
  static ofChunks(bytes: Uint8Array, table: { at: number; count: number; chunks: number }): Runs {
    const columns = new RunColumns(table.count);
    for (let i = 0; i < table.count; i++) {
      const at = table.at + 12 * i;
      const first = u32be(bytes, at) - 1;
      const next = i + 1 < table.count ? u32be(bytes, at + 12) - 1 : table.chunks;
      const last = Math.min(next, table.chunks);
      // Chunks that are not in order, or not there, end the table.
      if (first < 0 || last < first || (i > 0 && first === 0)) break;
      const each = u32be(bytes, at + 4);
      if (!columns.add((last - first) * each, first, each)) break;
    }
    return new Runs(columns);
  }

  firstAt(run: number): number {
    return this.#first[run] as number;
  }

  baseAt(run: number): number {
    return this.#base[run] as number;
  }

  valueAt(run: number): number {
    return this.#value[run] as number;
  }

  /** The run of a sample below `total`. */
  runOf(index: number): number {
    const first = this.#first;
    let run = this.#near;
    if (index >= (first[run] as number)) {
      if (run < this.runs && index < (first[run + 1] as number)) return run;
      if (run + 2 <= this.runs && index < (first[run + 2] as number)) return (this.#near = run + 1);
    }
    run = lastAtMost(this.runs, index, (i) => first[i] as number);
    this.#near = run;
    return run;
  }

  /** The last run whose base is at or before a value; -1 where all are behind. */
  runOfBase(base: number): number {
    return lastAtMost(this.runs, base, (i) => this.#base[i] as number);
  }
}

class RunColumns {
  runs = 0;
  readonly first: Float64Array;
  readonly base: Float64Array;
  readonly value: Float64Array;

  constructor(entries: number) {
    this.first = new Float64Array(entries + 1);
    this.base = new Float64Array(entries);
    this.value = new Float64Array(entries);
  }

  /** False once there are more than can be. Runs without samples are passed over. */
  add(samples: number, base: number, value: number): boolean {
    if (samples === 0) return true;
    const next = (this.first[this.runs] as number) + samples;
    if (next > 2 ** 32) return false;
    this.base[this.runs] = base;
    this.value[this.runs] = value;
    this.first[++this.runs] = next;
    return true;
  }
}

/** The greatest i below `count` whose key is at most `key`, where keys grow; -1 where none is. */
export function lastAtMost(count: number, key: number, keyOf: (i: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(middle) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
