/** Cuts a stream of bytes into messages of one size, without copying those that come whole. */
export class MessageCutter {
  readonly #size: number;
  readonly #rest: Uint8Array;
  readonly #emit: (message: Uint8Array) => void;
  #held = 0;

  constructor(size: number, emit: (message: Uint8Array) => void) {
    this.#size = size;
    this.#rest = new Uint8Array(size);
    this.#emit = emit;
  }

  /** Bytes that wait for more. */
  get held(): number {
    return this.#held;
  }

  write(bytes: Uint8Array): void {
    const size = this.#size;
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(size - this.#held, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < size) return;
      this.#held = 0;
      this.#emit(this.#rest);
    }
    for (; bytes.length - at >= size; at += size) this.#emit(bytes.subarray(at, at + size));
    if (at < bytes.length) {
      this.#rest.set(bytes.subarray(at), 0);
      this.#held = bytes.length - at;
    }
  }

  /** Sends what waits, as a shorter message. */
  flush(): void {
    if (this.#held === 0) return;
    const held = this.#held;
    this.#held = 0;
    this.#emit(this.#rest.subarray(0, held));
  }
}
