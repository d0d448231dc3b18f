const CAPACITY = 1024;

/** Further copies of retransmitted packets, and when they leave: a short queue in order of time. */
export class Echoes {
  readonly #sequences = new Int32Array(CAPACITY);
  readonly #dueUs = new Float64Array(CAPACITY);
  #head = 0;
  #size = 0;

  /** When the first one is due; infinity when there is none. */
  get nextUs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#dueUs[this.#head] as number);
  }

  /** A copy to be sent at about `dueUs`, not before those that wait already. Dropped when too many wait. */
  push(sequence: number, dueUs: number): void {
    if (this.#size === CAPACITY) return;
    const place = (this.#head + this.#size++) % CAPACITY;
    this.#sequences[place] = sequence;
    this.#dueUs[place] = dueUs;
  }

  /** Takes the first one. Only when there is one. */
  shift(): number {
    const sequence = this.#sequences[this.#head] as number;
    this.#head = (this.#head + 1) % CAPACITY;
    this.#size--;
    return sequence;
  }
}
