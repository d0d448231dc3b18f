import type {
  CmafPeriod,
  EventRecord,
  Presentation,
  PresentationProgress,
  SegmentRecord,
} from "@millrace/cmaf";

/**
 * The target duration leaves room for segments longer than the first: rounded, they may reach it (RFC 8216 §4.3.3.1), so
 * a quarter of a second is left of the half.
 */
const MARGIN_MS = 250;
/** Timestamps in milliseconds come as 33, 33, 34: parts of as many frames differ by so much, microseconds. */
const PART_SLACK_US = 2000;

/** Splices are remembered for so long: a break that goes on has begun long ago. */
const SPLICE_MS = 3_600_000;
const MOST_EVENTS = 256;

interface Entry {
  readonly msn: number;
  readonly period: number;
  readonly wallMs: number;
  readonly durationMs: number;
}

interface Leaving {
  readonly msn: number;
  readonly untilMs: number;
}

/** What the window knows of the presentation. */
type WindowFacts = Omit<Presentation, keyof PresentationProgress>;

/** Which segments are listed, and how long those that no longer are can still be fetched. */
export class CmafWindow {
  readonly #wanted: number;
  readonly #segmentMs: number;
  readonly #listed: Entry[] = [];
  #leaving: Leaving[] = [];
  #periods: CmafPeriod[] = [];
  #events: EventRecord[] = [];
  #targetDurationS: number | undefined;
  #partTargetUs = 0;
  #discontinuitySequence = 0;
  #startedMs = 0;

  constructor(options: { segments: number; segmentMs: number }) {
    this.#wanted = options.segments;
    this.#segmentMs = options.segmentMs;
  }

  /** Fixed at the first segment: it must not change in a playlist's life (RFC 8216 §6.2.1). */
  get targetDurationS(): number | undefined {
    return this.#targetDurationS;
  }

  addPeriod(period: CmafPeriod): void {
    this.#periods.push(period);
  }

  addEvent(event: EventRecord): void {
    this.#events.push(event);
  }

  /** A segment of the leading track is complete. */
  add(segment: SegmentRecord, facts: { durationMs: number; partTargetUs: number; nowMs: number }): void {
    const { durationMs, nowMs } = facts;
    const leastS = Math.ceil((Math.max(this.#segmentMs, durationMs) - MARGIN_MS) / 1000);
    if (this.#targetDurationS === undefined) {
      this.#targetDurationS = Math.max(1, leastS);
      this.#startedMs = segment.wallMs;
      this.#partTargetUs = facts.partTargetUs + PART_SLACK_US;
    }
    this.#listed.push({ msn: segment.msn, period: segment.period, wallMs: segment.wallMs, durationMs });
    this.#trim(nowMs);
  }

  /** Undefined before the first segment. */
  presentation(): WindowFacts | undefined {
    const first = this.#listed[0];
    if (first === undefined || this.#targetDurationS === undefined) return undefined;
    return {
      targetDurationS: this.#targetDurationS,
      partTargetUs: this.#partTargetUs,
      firstMsn: first.msn,
      discontinuitySequence: this.#discontinuitySequence,
      periods: [...this.#periods],
      events: [...this.#events],
      startedMs: this.#startedMs,
    };
  }

  /** Numbers of segments that need not be there any more (RFC 8216 §6.2.2): all before this one. */
  firstKept(nowMs: number): number | undefined {
    this.#leaving = this.#leaving.filter((leaving) => leaving.untilMs > nowMs);
    return this.#leaving[0]?.msn ?? this.#listed[0]?.msn;
  }

  /** The first segment whose parts are still listed: those of the last three target durations (rfc8216bis §6.2.2). */
  get firstWithParts(): number {
    let ms = 0;
    for (let i = this.#listed.length - 1; i >= 0; i--) {
      const entry = this.#listed[i] as Entry;
      ms += entry.durationMs;
      // One more is kept for clients that come a little late.
      if (ms > 4000 * (this.#targetDurationS ?? 1)) return entry.msn;
    }
    return this.#listed[0]?.msn ?? 0;
  }

  /** Takes segments off the front while enough are left: the wanted number, and three target durations. */
  #trim(nowMs: number): void {
    const leastMs = 3 * (this.#targetDurationS ?? 1) * 1000;
    let totalMs = this.#listed.reduce((sum, each) => sum + each.durationMs, 0);
    while (this.#listed.length > this.#wanted) {
      const [first, second] = this.#listed as [Entry, Entry];
      if (totalMs - first.durationMs < leastMs) break;
      this.#leaving.push({ msn: first.msn, untilMs: nowMs + first.durationMs + totalMs });
      this.#listed.shift();
      totalMs -= first.durationMs;
      if (second.period !== first.period) this.#leavePeriod(second.period);
    }
    this.#trimEvents();
  }

  #trimEvents(): void {
    const firstMs = this.#listed[0]?.wallMs ?? 0;
    this.#events = this.#events
      .filter(({ scheme, wallMs }) => wallMs > firstMs - (scheme === "scte35" ? SPLICE_MS : 0))
      .slice(-MOST_EVENTS);
  }

  #leavePeriod(next: number): void {
    this.#discontinuitySequence++;
    this.#periods = this.#periods.filter((period) => period.id >= next);
  }
}
