import { DriftTracer } from "@millrace/arq";

const WRAP = 2 ** 32;
/** A packet due later than this after its latency, or an answer further off, has a rubbish timestamp. */
const MOST_OFF_US = 5_000_000;
/** So many answers in a row that are further off: it was the timestamp of the handshake that was rubbish. */
const MOST_OFF_IN_A_ROW = 100;

export interface TimeBaseOptions {
  /** Our time when the peer's timestamp was `timestamp`. */
  readonly nowUs: number;
  readonly timestamp: number;
  readonly latencyUs: number;
  readonly traceDrift: boolean;
}

/** Turns the peer's 32-bit timestamps into our time of delivery (draft-sharabayko-srt §4.5). */
export class TimeBase {
  readonly latencyUs: number;
  readonly #tracer = new DriftTracer();
  readonly #traceDrift: boolean;
  readonly #firstBaseUs: number;
  #baseUs = 0;
  #firstRttUs = -1;
  #offInARow = 0;

  constructor(options: TimeBaseOptions) {
    this.latencyUs = options.latencyUs;
    this.#traceDrift = options.traceDrift;
    this.#baseUs = options.nowUs - options.timestamp;
    this.#firstBaseUs = this.#baseUs;
  }

  /** By how much the peer's clock has fallen behind ours since the handshake. */
  get totalDriftUs(): number {
    return this.#baseUs - this.#firstBaseUs + this.#tracer.driftUs;
  }

  /** When a packet with this timestamp is delivered. */
  dueUs(timestamp: number, nowUs: number): number {
    const dueUs = this.#ours(timestamp, nowUs) + this.#tracer.driftUs + this.latencyUs;
    return dueUs <= nowUs + this.latencyUs + MOST_OFF_US ? dueUs : nowUs + this.latencyUs;
  }

  /** An ACKACK: it left the peer at `timestamp`, half a round trip ago. */
  observe(timestamp: number, rttUs: number, nowUs: number): void {
    if (!this.#traceDrift) return;
    if (this.#firstRttUs < 0) this.#firstRttUs = rttUs;
    const sample = nowUs - this.#ours(timestamp, nowUs) - (rttUs - this.#firstRttUs) / 2;
    if (Math.abs(sample) > MOST_OFF_US) {
      if (++this.#offInARow >= MOST_OFF_IN_A_ROW) this.#baseUs += sample;
      return;
    }
    this.#offInARow = 0;
    if (this.#tracer.add(sample)) this.#baseUs += this.#tracer.takeOverdrift();
  }

  /** Our time when the peer's clock shows `timestamp`: of all its wraps the one nearest to now, however long it was silent. */
  #ours(timestamp: number, nowUs: number): number {
    const oursUs = this.#baseUs + timestamp;
    return oursUs + WRAP * Math.round((nowUs - oursUs) / WRAP);
  }
}
