import { PCR_HZ } from "@millrace/model";
import { PACKET_SIZE } from "../packet.ts";

const BITS_TIMES_HZ = PACKET_SIZE * 8 * PCR_HZ;

/**
 * The clock of a constant-bitrate output: packet n leaves at n × 1504 / bitrate seconds, in ticks of 27 MHz rounded down.
 * Exact for ever: what rounding leaves over is carried along as a fraction.
 */
export class PacketClock {
  readonly #bitrate: number;
  readonly #whole: number;
  readonly #part: number;
  #rest = 0;
  /** When the next packet leaves. */
  time: number;

  /** `bitrate`: whole bits a second. */
  constructor(bitrate: number, time = 0) {
    this.#bitrate = bitrate;
    this.#whole = Math.floor(BITS_TIMES_HZ / bitrate);
    this.#part = BITS_TIMES_HZ % bitrate;
    this.time = time;
  }

  /** Ticks to a packet, rounded up. */
  get step(): number {
    return this.#whole + 1;
  }

  advance(): void {
    this.time += this.#whole;
    this.#rest += this.#part;
    if (this.#rest < this.#bitrate) return;
    this.#rest -= this.#bitrate;
    this.time++;
  }
}
