const FAST_START_US = 500_000;
const FAST_START_PACKETS = 2000;
const RUNNING_US = 1_000_000;
/** Held while nothing was measured: 1 Gbit/s, as libsrt does. */
const INITIAL_BYTES_PER_SECOND = 125_000_000;
/** IPv4, UDP and SRT headers. */
const SRT_OVERHEAD_BYTES = 44;

/**
 * Rate of what an application gives to send (draft-sharabayko-srt §5.1.1): measured first over half a second or 2000
 * packets, whichever is sooner, then over every second.
 */
export class InputRate {
  /** The last measurement, headers included. An integer. */
  bytesPerSecond: number;
  /** Counted for each packet besides its payload. */
  overheadBytes: number;
  #periodUs = FAST_START_US;
  #startUs = -1;
  #packets = 0;
  #bytes = 0;

  constructor(
    initialBytesPerSecond: number = INITIAL_BYTES_PER_SECOND,
    overheadBytes: number = SRT_OVERHEAD_BYTES,
  ) {
    this.bytesPerSecond = initialBytesPerSecond;
    this.overheadBytes = overheadBytes;
  }

  /** The very first packet only starts the clock. */
  onPacket(payloadBytes: number, nowUs: number): void {
    if (this.#startUs < 0) {
      this.#startUs = nowUs;
      return;
    }
    this.#packets++;
    this.#bytes += payloadBytes;
    const elapsedUs = nowUs - this.#startUs;
    const early = this.#periodUs === FAST_START_US && this.#packets > FAST_START_PACKETS;
    if (elapsedUs <= 0 || (elapsedUs <= this.#periodUs && !early)) return;
    const bytes = this.#bytes + this.#packets * this.overheadBytes;
    this.bytesPerSecond = Math.floor((bytes * 1e6) / elapsedUs);
    this.#packets = 0;
    this.#bytes = 0;
    this.#startUs = nowUs;
    this.#periodUs = RUNNING_US;
  }
}
