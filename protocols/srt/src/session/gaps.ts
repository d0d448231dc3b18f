import { LossList, ReorderTolerance, SEQUENCE_31 } from "@millrace/arq";
import type { Statistics } from "./statistics.ts";

/** In order this often, and the reorder tolerance sinks (docs/API/statistics.md, pktReorderTolerance). */
const CALM_PACKETS = 50;

export interface GapsParts {
  readonly firstSequence: number;
  /** Most packets that one out of order may be late before it is reported lost. */
  readonly lossMaxTtl: number;
  /** Whether gaps are asked for: not when a packet filter may fill them. */
  readonly asks: boolean;
  readonly statistics: Statistics;
  /** Reports a fresh loss to the peer. */
  readonly reportLoss: (low: number, high: number, nowUs: number) => void;
  /** Reports everything that is in `losses`. */
  readonly reportAll: (nowUs: number) => void;
}

/** What misses between the packets that came, and how far out of order they come. */
export class Gaps {
  /** What is asked for. */
  readonly losses = new LossList(SEQUENCE_31);
  /** One after the highest number seen. */
  end: number;
  readonly #parts: GapsParts;
  readonly #fresh = new ReorderTolerance(SEQUENCE_31);
  #tolerance: number;
  #inOrder = 0;

  constructor(parts: GapsParts) {
    this.#parts = parts;
    this.end = parts.firstSequence;
    this.#tolerance = parts.lossMaxTtl;
  }

  /** The first number that misses; `end` when none does. */
  get first(): number {
    const { losses } = this;
    const fresh = this.#fresh;
    const point = losses.size > 0 ? losses.first : this.end;
    return fresh.size > 0 && SEQUENCE_31.diff(fresh.first, point) < 0 ? fresh.first : point;
  }

  /** A packet came. `original`: neither sent again nor rebuilt, so that its place says something of the order. */
  onPacket(sequence: number, original: boolean, nowUs: number): void {
    const ahead = SEQUENCE_31.diff(sequence, this.end);
    if (ahead >= 0) {
      if (ahead > 0) this.#onGap(this.end, SEQUENCE_31.add(sequence, -1), nowUs);
      this.end = SEQUENCE_31.next(sequence);
      if (original) this.#calmDown();
    } else {
      this.losses.remove(sequence);
      this.#fresh.onPacket(sequence);
      if (original) this.#noteLate(-ahead);
    }
    if (this.#fresh.size > 0) this.#age(nowUs);
  }

  /** Parity bears the number of the last packet that it protects, and left after it: if that is not here, it is lost. */
  onParity(sequence: number, nowUs: number): void {
    if (SEQUENCE_31.diff(sequence, this.end) < 0) return;
    this.#onGap(this.end, sequence, nowUs);
    this.end = SEQUENCE_31.next(sequence);
  }

  /** `count` numbers from `low` on will not come. */
  remove(low: number, count: number): void {
    this.losses.removeRange(low, SEQUENCE_31.add(low, count - 1));
    for (let i = 0, at = low; i < count && this.#fresh.size > 0; i++, at = SEQUENCE_31.next(at)) {
      this.#fresh.onPacket(at);
    }
  }

  /** What lies before this number is given up. */
  removeBefore(sequence: number): void {
    this.losses.removeBefore(sequence);
    this.#fresh.removeBefore(sequence);
  }

  /** Nothing before this number, which lies ahead, is missed. */
  restartAt(sequence: number): void {
    this.end = sequence;
    this.losses.clear();
  }

  #noteLate(distance: number): void {
    this.#inOrder = 0;
    const { statistics, lossMaxTtl } = this.#parts;
    if (distance > statistics.pktReorderDistance) statistics.pktReorderDistance = distance;
    if (lossMaxTtl > 0) this.#tolerance = Math.min(lossMaxTtl, Math.max(this.#tolerance, distance));
    statistics.pktReorderTolerance = this.#tolerance;
  }

  #calmDown(): void {
    if (this.#tolerance === 0 || ++this.#inOrder < CALM_PACKETS) return;
    this.#inOrder = 0;
    this.#tolerance--;
    this.#parts.statistics.pktReorderTolerance = this.#tolerance;
  }

  #onGap(low: number, high: number, nowUs: number): void {
    const { statistics, asks, reportLoss } = this.#parts;
    const count = SEQUENCE_31.diff(high, low) + 1;
    const average = statistics.pktRecvTotal === 0 ? 0 : statistics.byteRecvTotal / statistics.pktRecvTotal;
    statistics.pktRcvLossTotal += count;
    statistics.byteRcvLossTotal += Math.round(count * average);
    if (!asks) return;
    if (this.#tolerance > 0) {
      this.#fresh.add(low, high, this.#tolerance);
      return;
    }
    this.losses.add(low, high);
    reportLoss(low, high, nowUs);
  }

  #age(nowUs: number): void {
    const { losses } = this;
    const before = losses.size;
    this.#fresh.tick(losses);
    if (losses.size > before) this.#parts.reportAll(nowUs);
  }
}
