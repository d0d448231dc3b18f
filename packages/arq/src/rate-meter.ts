const BUCKET_US = 100_000;
const WINDOW_BUCKETS = 10;
const WINDOW_US = BUCKET_US * WINDOW_BUCKETS;
/** The window reaches into one bucket more while the newest is not over. */
const BUCKETS = WINDOW_BUCKETS + 1;

/** Bit rate over the last second, in ten steps. During the first second: over the time since the first packet. */
export class RateMeter {
  readonly #buckets = new Float64Array(BUCKETS);
  /** Number of the newest bucket, by time; its place is that modulo `BUCKETS`. */
  #newest = -1;
  #firstUs = 0;

  add(bytes: number, nowUs: number): void {
    if (this.#newest < 0) {
      this.#firstUs = nowUs;
      this.#newest = Math.floor(nowUs / BUCKET_US);
    }
    this.#advance(nowUs);
    const place = this.#newest % BUCKETS;
    this.#buckets[place] = (this.#buckets[place] as number) + bytes;
  }

  /** Bits a second, not rounded; 0 before the first packet. */
  bitsPerSecond(nowUs: number): number {
    if (this.#newest < 0) return 0;
    this.#advance(nowUs);
    let bytes = 0;
    for (let i = 0; i < BUCKETS; i++) bytes += this.#buckets[i] as number;
    // Of the oldest bucket only what still lies within the window.
    const oldest = this.#buckets[(this.#newest + 1) % BUCKETS] as number;
    const endUs = (this.#newest - WINDOW_BUCKETS + 1) * BUCKET_US;
    const beginUs = Math.max(endUs - BUCKET_US, this.#firstUs);
    const goneUs = nowUs - WINDOW_US - beginUs;
    if (goneUs > 0) bytes -= oldest * Math.min(1, goneUs / (endUs - beginUs));
    const overUs = Math.min(WINDOW_US, Math.max(BUCKET_US, nowUs - this.#firstUs));
    return (bytes * 8e6) / overUs;
  }

  /** Empties the buckets between the newest and now. A time before the newest counts as the newest. */
  #advance(nowUs: number): void {
    const now = Math.floor(nowUs / BUCKET_US);
    if (now <= this.#newest) return;
    const passed = Math.min(now - this.#newest, BUCKETS);
    for (let i = 0; i < passed; i++) this.#buckets[(now - i) % BUCKETS] = 0;
    this.#newest = now;
  }
}
