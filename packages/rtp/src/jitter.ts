import { timestampDifference } from "./sequence.ts";

/** Interarrival jitter as receivers report it (RFC 3550 §6.4.1, Appendix A.8). */
export class JitterEstimator {
  readonly #clockHz: number;
  #jitter = 0;
  #lastArrivalNs = 0;
  #lastTimestamp = 0;
  #started = false;

  constructor(clockHz: number) {
    this.#clockHz = clockHz;
  }

  /** Takes in one packet. Packets of the same timestamp (one frame) count as the RFC has it: each for itself. */
  push(timestamp: number, arrivalNs: number): void {
    if (this.#started) {
      const arrival = ((arrivalNs - this.#lastArrivalNs) * this.#clockHz) / 1e9;
      const difference = Math.abs(arrival - timestampDifference(timestamp, this.#lastTimestamp));
      this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#started = true;
    this.#lastArrivalNs = arrivalNs;
    this.#lastTimestamp = timestamp;
  }

  /** For another source, or a jump of its clock: the next packet begins a new pair, the estimate stays. */
  restart(): void {
    this.#started = false;
  }

  /** In units of the timestamp clock, as a receiver report carries it. */
  get ticks(): number {
    return Math.floor(this.#jitter);
  }

  get milliseconds(): number {
    return (this.#jitter * 1000) / this.#clockHz;
  }
}
