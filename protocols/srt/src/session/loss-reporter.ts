import type { LossList, RttEstimator } from "@millrace/arq";
import { CONTROL_NAK } from "../wire/control.ts";
import { serializeLossReport } from "../wire/loss-report.ts";
import type { SendControl } from "./acknowledger.ts";
import { LossSchedule } from "./loss-schedule.ts";

export interface LossReporterParts {
  /** What misses. */
  readonly losses: LossList;
  /** Numbers that can miss at the same time lie no further apart than this. */
  readonly capacity: number;
  readonly rtt: RttEstimator;
  /** Whether what still misses is reported again. */
  readonly repeats: boolean;
  /** For the body of one report. */
  readonly roomBytes: number;
  readonly send: SendControl;
}

/** Tells the peer what misses: a gap at once, and what still misses again (draft-sharabayko-srt §4.8.2). */
export class LossReporter {
  readonly #parts: LossReporterParts;
  readonly #schedule: LossSchedule;

  constructor(parts: LossReporterParts) {
    this.#parts = parts;
    this.#schedule = new LossSchedule(parts.losses, parts.capacity);
  }

  get nextUs(): number {
    return this.#parts.repeats ? this.#schedule.nextUs : Number.POSITIVE_INFINITY;
  }

  /** A gap that was just noticed. */
  reportFresh(low: number, high: number, nowUs: number): void {
    this.#schedule.reported(low, high, nowUs);
    this.#send(
      1,
      () => low,
      () => high,
      nowUs,
    );
  }

  reportAll(nowUs: number): void {
    const { losses } = this.#parts;
    for (let i = 0; i < losses.ranges; i++) this.#schedule.reported(losses.low(i), losses.high(i), nowUs);
    this.#send(
      losses.ranges,
      (i) => losses.low(i),
      (i) => losses.high(i),
      nowUs,
    );
  }

  tick(nowUs: number): void {
    if (nowUs < this.nextUs) return;
    const schedule = this.#schedule;
    const { rtt } = this.#parts;
    const count = schedule.collect(nowUs, rtt.rttUs, rtt.varianceUs);
    if (count === 0) return;
    this.#send(
      count,
      (i) => schedule.low(i),
      (i) => schedule.high(i),
      nowUs,
    );
  }

  #send(count: number, low: (i: number) => number, high: (i: number) => number, nowUs: number): void {
    const { send, roomBytes } = this.#parts;
    send({ type: CONTROL_NAK, body: serializeLossReport(count, low, high, roomBytes) }, nowUs);
  }
}
