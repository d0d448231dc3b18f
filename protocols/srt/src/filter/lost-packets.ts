/** Counts of packets that are lost for good, each once, until they are taken. */
export class LostPackets {
  readonly #packets: Float64Array;
  #count = 0;
  #gapFirst = 0;
  #gapLast = -1;

  constructor(capacity: number) {
    this.#packets = new Float64Array(capacity);
  }

  /** What exceeds the capacity is forgotten: nobody asks. */
  add(packet: number): void {
    if (this.#count < this.#packets.length) this.#packets[this.#count++] = packet;
  }

  /** A run of any length. */
  addGap(first: number, last: number): void {
    if (this.#gapLast < this.#gapFirst) this.#gapFirst = first;
    this.#gapLast = last;
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.#gapLast < this.#gapFirst;
  }

  /** Gives runs in ascending order, but for those that `isThere` says have come since, and forgets them. */
  take(isThere: (packet: number) => boolean, visit: (first: number, last: number) => void): void {
    const packets = this.#packets.subarray(0, this.#count).sort();
    this.#count = 0;
    let first = -1;
    let last = -1;
    for (const packet of packets) {
      if (isThere(packet)) continue;
      if (first >= 0 && packet > last + 1) {
        visit(first, last);
        first = packet;
      } else if (first < 0) {
        first = packet;
      }
      last = packet;
    }
    if (first >= 0) visit(first, last);
    if (this.#gapFirst <= this.#gapLast) visit(this.#gapFirst, this.#gapLast);
    this.#gapLast = this.#gapFirst - 1;
  }
}
