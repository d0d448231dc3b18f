import { type LossList, SEQUENCE_31 } from "@millrace/arq";

/** Asked again after these parts of a round trip, by the number of times it was asked before. */
const AGAIN_AFTER = [0, 0.15, 0.9, 0.15] as const;
const LEAST_WAIT_US = 3000;
/** Looked again after this at the latest, since the round trip may turn out to be shorter. */
const MOST_WAIT_US = 10_000;
/** Packets looked at in one round; the rest have their turn later. */
const MOST_PACKETS = 4096;
const MOST_ASKS = 255;

/**
 * When each missing packet is asked for again. The first report may get lost itself, so it is repeated soon; a
 * retransmission that answers it takes a round trip, so nothing is asked before that; and once a retransmission was lost
 * as well, time presses.
 */
export class LossSchedule {
  /** When `collect` may find something; infinite while nothing misses. */
  nextUs = Number.POSITIVE_INFINITY;
  readonly #losses: LossList;
  readonly #mask: number;
  #askedUs: Float64Array | undefined;
  #asks: Uint8Array | undefined;
  readonly #low: number[] = [];
  readonly #high: number[] = [];
  #count = 0;

  /** @param capacity numbers that can miss at the same time lie no further apart than this. */
  constructor(losses: LossList, capacity: number) {
    this.#losses = losses;
    this.#mask = 2 ** Math.ceil(Math.log2(capacity)) - 1;
  }

  /** These were reported now, for the first time. */
  reported(low: number, high: number, nowUs: number): void {
    this.#askedUs ??= new Float64Array(this.#mask + 1);
    this.#asks ??= new Uint8Array(this.#mask + 1);
    const count = Math.min(SEQUENCE_31.diff(high, low), this.#mask);
    for (let i = 0, at = low; i <= count; i++, at = SEQUENCE_31.next(at)) {
      this.#askedUs[at & this.#mask] = nowUs;
      this.#asks[at & this.#mask] = 1;
    }
    this.nextUs = Math.min(this.nextUs, nowUs + LEAST_WAIT_US);
  }

  /** Finds what is to be asked for now; returns the number of ranges. */
  collect(nowUs: number, rttUs: number, varianceUs: number): number {
    const losses = this.#losses;
    this.#count = 0;
    if (losses.size === 0) {
      this.nextUs = Number.POSITIVE_INFINITY;
      return 0;
    }
    this.nextUs = nowUs + MOST_WAIT_US;
    let left = MOST_PACKETS;
    for (let i = 0; i < losses.ranges && left > 0; i++) {
      const count = SEQUENCE_31.diff(losses.high(i), losses.low(i)) + 1;
      for (let k = 0, at = losses.low(i); k < count && left > 0; k++, left--, at = SEQUENCE_31.next(at)) {
        let dueUs = this.#dueUs(at & this.#mask, rttUs, varianceUs);
        if (dueUs <= nowUs) {
          this.#take(at);
          this.#noteAsked(at & this.#mask, nowUs);
          dueUs = this.#dueUs(at & this.#mask, rttUs, varianceUs);
        }
        if (dueUs < this.nextUs) this.nextUs = dueUs;
      }
    }
    if (left === 0) this.nextUs = nowUs + LEAST_WAIT_US;
    return this.#count;
  }

  low(i: number): number {
    return this.#low[i] as number;
  }

  high(i: number): number {
    return this.#high[i] as number;
  }

  #dueUs(place: number, rttUs: number, varianceUs: number): number {
    const times = this.#asks?.[place] ?? 0;
    const part = AGAIN_AFTER[Math.min(times, AGAIN_AFTER.length - 1)] as number;
    // An answer may take longer than usual; but a variance that is not measured yet must not cost the packet.
    const graceUs = times === 2 ? Math.min(4 * varianceUs, rttUs / 4) : 0;
    return (this.#askedUs?.[place] ?? 0) + Math.max(part * rttUs + graceUs, LEAST_WAIT_US);
  }

  #noteAsked(place: number, nowUs: number): void {
    if (this.#askedUs === undefined || this.#asks === undefined) return;
    this.#askedUs[place] = nowUs;
    this.#asks[place] = Math.min((this.#asks[place] as number) + 1, MOST_ASKS);
  }

  #take(sequence: number): void {
    const last = this.#count - 1;
    if (last >= 0 && SEQUENCE_31.next(this.#high[last] as number) === sequence) {
      this.#high[last] = sequence;
      return;
    }
    this.#low[this.#count] = sequence;
    this.#high[this.#count] = sequence;
    this.#count++;
  }
}
