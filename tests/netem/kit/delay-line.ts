import { burstChances, DEFAULT_QUEUE_PACKETS, DEFAULT_REORDER_MS, type Impairment } from "./impairment.ts";

/** IP and UDP headers, which a bottleneck carries too. */
const HEADERS = 28;

/** What became of the datagrams of one direction. */
export interface DirectionCounters {
  /** Came in. */
  packets: number;
  bytes: number;
  lost: number;
  /** Found the bottleneck's queue full. */
  dropped: number;
  duplicated: number;
  heldBack: number;
  /** Went out. */
  passed: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly number: number;
  readonly go: () => void;
}

/** One direction of a bad network, on timers of the event loop. */
export class DelayLine {
  impairment: Impairment;
  readonly counters: DirectionCounters = {
    packets: 0,
    bytes: 0,
    lost: 0,
    dropped: 0,
    duplicated: 0,
    heldBack: 0,
    passed: 0,
  };
  readonly #random: () => number;
  /** By the time they are due, the earliest first. */
  #waiting: Waiting[] = [];
  #number = 0;
  #bad = false;
  #freeMs = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(impairment: Impairment, random: () => number) {
    this.impairment = impairment;
    this.#random = random;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  /** A datagram of so many bytes comes, and is lost whatever the settings say. */
  lose(bytes: number): void {
    this.counters.packets++;
    this.counters.bytes += bytes;
    this.counters.lost++;
  }

  /** A datagram of so many bytes comes; `go` sends it on: never, once, or twice. */
  push(bytes: number, go: () => void): void {
    this.counters.packets++;
    this.counters.bytes += bytes;
    if (this.#isLost()) {
      this.counters.lost++;
      return;
    }
    const nowMs = performance.now();
    const startMs = this.#throughBottleneck(bytes, nowMs);
    if (startMs === undefined) {
      this.counters.dropped++;
      return;
    }
    this.#schedule(startMs, go);
    if (this.#chance(this.impairment.duplicatePercent)) {
      this.counters.duplicated++;
      this.#schedule(startMs, go);
    }
    this.#run();
  }

  #chance(percent: number | undefined): boolean {
    return percent !== undefined && percent > 0 && this.#random() * 100 < percent;
  }

  #isLost(): boolean {
    const { lossPercent, burst } = this.impairment;
    if (burst !== undefined) {
      const { worsePercent, betterPercent } = burstChances(burst);
      this.#bad = this.#bad ? !this.#chance(betterPercent) : this.#chance(worsePercent);
      if (this.#bad) return true;
    }
    return this.#chance(lossPercent);
  }

  /** When the last bit is through; undefined when there is no room. */
  #throughBottleneck(bytes: number, nowMs: number): number | undefined {
    const { bitsPerSecond, queuePackets = DEFAULT_QUEUE_PACKETS } = this.impairment;
    if (bitsPerSecond === undefined) return nowMs;
    const packetMs = ((bytes + HEADERS) * 8000) / bitsPerSecond;
    const startMs = Math.max(nowMs, this.#freeMs);
    if (startMs - nowMs > queuePackets * packetMs) return undefined;
    this.#freeMs = startMs + packetMs;
    return this.#freeMs;
  }

  #schedule(startMs: number, go: () => void): void {
    const {
      delayMs = 0,
      jitterMs = 0,
      jitterReorders = false,
      reorderMs = DEFAULT_REORDER_MS,
    } = this.impairment;
    let dueMs = startMs + delayMs;
    if (jitterMs > 0) dueMs = Math.max(startMs, dueMs + (this.#random() * 2 - 1) * jitterMs);
    if (!jitterReorders) dueMs = this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    if (this.#chance(this.impairment.reorderPercent)) {
      this.counters.heldBack++;
      dueMs += reorderMs;
    }
    const each = { dueMs, number: this.#number++, go };
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] as Waiting).dueMs > dueMs) at--;
    this.#waiting.splice(at, 0, each);
  }

  #run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nowMs = performance.now();
    let count = 0;
    while (count < this.#waiting.length && (this.#waiting[count] as Waiting).dueMs <= nowMs) count++;
    for (const { go } of this.#waiting.splice(0, count)) {
      this.counters.passed++;
      go();
    }
    const [next] = this.#waiting;
    if (next !== undefined) this.#timer = setTimeout(() => this.#run(), Math.max(1, next.dueMs - nowMs));
  }
}
