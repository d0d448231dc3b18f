import { BenchError } from "../errors.ts";

/**
 * The greatest number that holds, for something that holds up to some number: doubles from `first` until it does not, then
 * halves the range, down to `precision` of the number that held (0.05 is 5 %). 0 where `first` does not hold; `limit` is
 * never passed.
 */
export async function greatestThat(
  holds: (count: number) => Promise<boolean>,
  options: { first: number; limit: number; precision: number },
): Promise<number> {
  const { first, limit, precision } = options;
  let low = 0;
  let high = first;
  while (await holds(high)) {
    low = high;
    if (low === limit) return low;
    high = Math.min(limit, high * 2);
  }
  while (low > 0 && high - low > Math.max(1, low * precision)) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

export interface Attempts<Row> {
  readonly first: number;
  readonly limit: number;
  readonly precision: number;
  /** A machine that does something else for a moment is no reason to go down: a number fails after so many failures. */
  readonly tries: number;
  /** Measures a number; rejects with a `BenchError` where a program did not take it. */
  readonly measure: (count: number) => Promise<Row>;
  /** The row of a number that was not taken. */
  readonly ended: (count: number) => Row;
  readonly progress?: (count: number, attempt: number) => void;
}

export interface Attempted<Row> {
  /** The greatest number found good; at least so many, where the machine was too busy to try some greater one. */
  readonly most: number;
  readonly isExact: boolean;
  /** All that was measured, in order. */
  readonly rows: readonly Row[];
}

/** `greatestThat` by measurements: a `slow load` proves nothing, and is measured again. */
export async function greatestMeasured<Row extends { readonly verdict: string }>(
  attempts: Attempts<Row>,
): Promise<Attempted<Row>> {
  const { first, tries, measure, ended, progress } = attempts;
  const rows: Row[] = [];
  let isExact = true;
  const holds = async (count: number): Promise<boolean> => {
    let failures = 0;
    for (let attempt = 1; attempt <= 2 * tries && failures < tries; attempt += 1) {
      progress?.(count, attempt);
      const row = await measure(count).catch((error: unknown) => {
        // Where none fewer were taken either, it is not their number.
        if (!(error instanceof BenchError) || count === first) throw error;
        return ended(count);
      });
      rows.push(row);
      if (row.verdict === "good") return true;
      if (row.verdict !== "slow load") failures += 1;
    }
    if (failures === 0) isExact = false;
    return false;
  };
  return { most: await greatestThat(holds, attempts), isExact, rows };
}
