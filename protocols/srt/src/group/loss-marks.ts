/**
 * What is known of the numbers around a group's place in the stream: missed by a leg, or missed and counted already.
 * As many numbers are remembered as it was made for; a newer one takes the place of an older.
 */
export class LossMarks {
  /** How many numbers are remembered: a power of two. */
  readonly size: number;
  /** The number times two, plus one when it is still missed. */
  readonly #codes: Uint32Array;

  constructor(atLeast: number) {
    this.size = 2 ** Math.ceil(Math.log2(Math.max(2, atLeast)));
    this.#codes = new Uint32Array(this.size);
    this.clear();
  }

  clear(): void {
    // A number that belongs elsewhere stands for nothing.
    for (let i = 0; i < this.size; i++) this.#codes[i] = (i ^ 1) * 2;
  }

  /** A leg has given `sequence` up, and nobody has brought it. */
  isMissed(sequence: number): boolean {
    return this.#codes[sequence & (this.size - 1)] === sequence * 2 + 1;
  }

  /** It was missed, and brought by another leg. */
  isMended(sequence: number): boolean {
    return this.#codes[sequence & (this.size - 1)] === sequence * 2;
  }

  miss(sequence: number): void {
    this.#codes[sequence & (this.size - 1)] = sequence * 2 + 1;
  }

  mend(sequence: number): void {
    this.#codes[sequence & (this.size - 1)] = sequence * 2;
  }
}
