/** So long a publisher may send more than it should before it is cut off: key frames and full buffers pass. */
const WINDOW_SECONDS = 5;

/** Watches what a publisher sends: too much is a mean of more than the limit over five seconds. */
export class BitrateLimit {
  readonly bitsPerSecond: number;
  /** Bytes of each of the last seconds; the one under way is apart. */
  readonly #seconds: number[] = [];
  #bytes = 0;
  #sinceMs: number;

  constructor(bitsPerSecond: number, nowMs: number) {
    this.bitsPerSecond = bitsPerSecond;
    this.#sinceMs = nowMs;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** True: it is too much. To be called about once a second. */
  tick(nowMs: number): boolean {
    const passed = Math.floor((nowMs - this.#sinceMs) / 1000);
    if (passed < 1) return false;
    this.#sinceMs += passed * 1000;
    // What came since the last call is spread over the time since.
    for (let i = 0; i < Math.min(passed, WINDOW_SECONDS); i++) this.#seconds.push(this.#bytes / passed);
    this.#bytes = 0;
    this.#seconds.splice(0, this.#seconds.length - WINDOW_SECONDS);
    if (this.#seconds.length < WINDOW_SECONDS) return false;
    const bits = this.#seconds.reduce((sum, bytes) => sum + bytes * 8, 0);
    return bits > this.bitsPerSecond * WINDOW_SECONDS;
  }
}
