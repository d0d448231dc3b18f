export interface PacerOptions {
  /** 0, or left out, is no limit. */
  readonly bytesPerSecond?: number;
  /** Time lost by waking up late, or with nothing to send, that may be made up for. 10 ms unless told otherwise. */
  readonly maxCatchUpUs?: number;
}

/**
 * Spaces packets so that their rate is `bytesPerSecond`. Who wakes up late may send the packets missed at once, at most
 * `maxCatchUpUs` worth of them; so the rate over a long time is exact as long as no wake-up is later than that.
 */
export class Pacer {
  /** 0 is no limit. May be changed at any time, and acts from the next packet sent on. */
  bytesPerSecond: number;
  /** When the next packet may be sent. */
  readyUs = 0;
  readonly #maxCatchUpUs: number;

  constructor(options: PacerOptions = {}) {
    this.bytesPerSecond = options.bytesPerSecond ?? 0;
    this.#maxCatchUpUs = options.maxCatchUpUs ?? 10_000;
  }

  /** A packet of this size left. `bytes` counts what the limit is about, headers included if it is so meant. */
  onSend(bytes: number, nowUs: number): void {
    const rate = this.bytesPerSecond;
    if (rate <= 0) {
      this.readyUs = nowUs;
      return;
    }
    this.readyUs = Math.max(this.readyUs, nowUs - this.#maxCatchUpUs) + (bytes * 1e6) / rate;
  }

  ready(nowUs: number): boolean {
    return nowUs >= this.readyUs || this.bytesPerSecond <= 0;
  }

  /** Forgets what was sent: the next packet may go now, and nothing is made up for. */
  reset(nowUs: number): void {
    this.readyUs = nowUs;
  }
}
