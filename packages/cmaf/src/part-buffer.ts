/** Gathers the bytes of samples until they are a part. The memory is used again for the next one. */
export class PartBuffer {
  #bytes = new Uint8Array(64 * 1024);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  /** Valid until the next `append` after `clear`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  append(bytes: Uint8Array): void {
    const needed = this.#used + bytes.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used = needed;
  }

  clear(): void {
    this.#used = 0;
  }
}
