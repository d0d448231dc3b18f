import type { StreamClock } from "./stream-clock.ts";

/** How often something comes: shortest and longest time between two, on the stream's clock. */
export class Interval {
  count = 0;
  minTicks = Number.POSITIVE_INFINITY;
  maxTicks = 0;
  sumTicks = 0;
  /** Times that `limitTicks` passed without it. */
  misses = 0;
  readonly #limitTicks: number;
  /** Packet with which waiting began. */
  readonly #from: number;
  #lastPacket = -1;
  #lastTicks = Number.NaN;
  /** Time up to which absence has been counted. */
  #checkedTicks = Number.NaN;

  /** `limitTicks` (27 MHz): the longest absence that is no miss; `fromPacket`: where waiting for the first begins. */
  constructor(limitTicks: number = Number.POSITIVE_INFINITY, fromPacket = 0) {
    this.#limitTicks = limitTicks;
    this.#from = fromPacket;
  }

  /** It came, with this packet. */
  mark(packet: number, clock: StreamClock): void {
    this.check(packet, clock);
    const now = clock.known ? clock.at(packet) : Number.NaN;
    if (this.#lastPacket >= 0 && clock.known) {
      const before = clock.timeOf(this.#lastPacket);
      const since = Math.max(0, now - (Number.isNaN(before) ? this.#lastTicks : before));
      this.count++;
      this.sumTicks += since;
      if (since < this.minTicks) this.minTicks = since;
      if (since > this.maxTicks) this.maxTicks = since;
    }
    this.#lastPacket = packet;
    this.#lastTicks = now;
    this.#checkedTicks = now;
  }

  /** Counts absence up to this packet; absence is counted once for every limit that passes. */
  check(packet: number, clock: StreamClock): void {
    if (!clock.known || this.#limitTicks === Number.POSITIVE_INFINITY) return;
    const now = clock.at(packet);
    if (Number.isNaN(this.#checkedTicks)) {
      // The clock was not known when waiting began: look back at the rate of now.
      const from = clock.timeOf(Math.max(this.#from, this.#lastPacket));
      this.#checkedTicks = Number.isNaN(from) ? now : from;
    }
    while (now - this.#checkedTicks > this.#limitTicks) {
      this.misses++;
      this.#checkedTicks += this.#limitTicks;
    }
  }
}
