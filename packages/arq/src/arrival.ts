import { IntervalWindow } from "./interval-window.ts";
import { SEQUENCE_31, type SequenceSpace } from "./sequence.ts";

const ARRIVALS = 16;
const PROBES = 64;
const INITIAL_PROBE_US = 1000;

/**
 * The rate at which packets arrive while they do, from the last 16 intervals between arrivals, outliers left out
 * (draft-sharabayko-srt §5.2.1.3, Gu & Grossman's UDT).
 *
 * Packets that were read together, with one and the same time, have no interval: when most have none, it cannot say.
 */
export class ArrivalRate {
  readonly #window = new IntervalWindow(ARRIVALS);
  #lastUs = -1;

  /** A packet came. `bytes` counts whatever `bytesPerSecond` is to count. */
  onPacket(bytes: number, nowUs: number): void {
    if (this.#lastUs >= 0) this.#window.push(Math.max(0, nowUs - this.#lastUs), bytes);
    this.#lastUs = nowUs;
  }

  /** An integer; 0 when it cannot say: before the 17th packet, or when at most half of the intervals are alike. */
  packetsPerSecond(): number {
    return this.#evaluate() ? Math.ceil((1e6 * this.#window.count) / this.#window.sumUs) : 0;
  }

  /** An integer; 0 when it cannot say. */
  bytesPerSecond(): number {
    return this.#evaluate() ? Math.ceil((1e6 * this.#window.weight) / this.#window.sumUs) : 0;
  }

  #evaluate(): boolean {
    const window = this.#window;
    if (!window.full) return false;
    window.evaluate();
    return window.count > ARRIVALS / 2;
  }
}

export interface LinkCapacityOptions {
  readonly space?: SequenceSpace;
  /** Size of a full packet, counted like the `bytes` of `onSecond`: what smaller ones took is scaled up to it. */
  readonly fullBytes?: number;
}

/**
 * Capacity of the link by packet pairs: the sender sends every 16th packet and its successor back to back, the link
 * draws them apart. From the last 64 pairs, outliers left out (draft-sharabayko-srt §5.2.1.3).
 */
export class LinkCapacity {
  readonly #window = new IntervalWindow(PROBES, INITIAL_PROBE_US);
  readonly #space: SequenceSpace;
  readonly #fullBytes: number;
  #firstUs = 0;
  /** Number of the first of a pair, -1 while no second one is expected. */
  #first = -1;

  /** 31-bit numbers and 1456 bytes, SRT's largest payload, unless told otherwise. */
  constructor(options: LinkCapacityOptions = {}) {
    this.#space = options.space ?? SEQUENCE_31;
    this.#fullBytes = options.fullBytes ?? 1456;
  }

  /** The first packet of a pair came. Came it twice, the pair is worthless and forgotten. */
  onFirst(sequence: number, nowUs: number): void {
    this.#first = sequence === this.#first ? -1 : sequence;
    this.#firstUs = nowUs;
  }

  /** The second packet of a pair came, for the first time and in order. Counts only right after its first. */
  onSecond(sequence: number, bytes: number, nowUs: number): void {
    if (this.#first < 0 || sequence !== this.#space.next(this.#first)) return;
    this.#first = -1;
    const apartUs = nowUs - this.#firstUs;
    // Read together, they say nothing.
    if (apartUs <= 0 || bytes <= 0) return;
    this.#window.push((apartUs * this.#fullBytes) / bytes, 0);
  }

  /** Full packets a second, an integer; 1000 until most pairs are in. */
  packetsPerSecond(): number {
    const window = this.#window;
    window.evaluate();
    // The median counts once more, so that there is always something to divide by.
    return Math.ceil((1e6 * (window.count + 1)) / (window.sumUs + window.medianUs));
  }
}
