import { TICKS_PER_SECOND } from "@millrace/model";
import { writeMediaPlaylist } from "@millrace/playlist";
import type { Segment } from "./segment.ts";

/** Program date-time follows the wall clock by at most this much a segment: a step would tear the timeline. */
const SLEW_MS = 10;

interface Listed {
  readonly segment: Segment;
  readonly dateMs: number;
  readonly durationMs: number;
}

interface Leaving {
  readonly segment: Segment;
  readonly untilMs: number;
}

/** The live playlist: which segments it lists, and how long those that left it are still served. */
export class LiveWindow {
  readonly #wanted: number;
  readonly #segmentMs: number;
  #listed: Listed[] = [];
  #leaving: Leaving[] = [];
  #mediaSequence: number;
  #discontinuitySequence = 0;
  #targetDurationS: number | undefined;

  constructor(options: { segments: number; segmentMs: number; firstSequence: number }) {
    this.#wanted = options.segments;
    this.#segmentMs = options.segmentMs;
    this.#mediaSequence = options.firstSequence;
  }

  /** Fixed at the first segment: it must not change in a playlist's life (RFC 8216 §6.2.1). */
  get targetDurationS(): number | undefined {
    return this.#targetDurationS;
  }

  /** Number that the next segment will have. */
  get nextSequence(): number {
    return this.#mediaSequence + this.#listed.length;
  }

  add(segment: Segment, nowMs: number): void {
    const durationMs = (segment.durationTicks * 1000) / TICKS_PER_SECOND;
    this.#targetDurationS ??= Math.max(1, Math.round(this.#segmentMs / 1000), Math.round(durationMs / 1000));
    this.#listed.push({ segment, durationMs, dateMs: this.#dateOf(segment) });
    this.#trim(nowMs);
  }

  /** Segments that need not be served any more: their own and the playlist's duration have gone by (§6.2.2). */
  expired(nowMs: number): Segment[] {
    const gone = this.#leaving.filter((leaving) => leaving.untilMs <= nowMs);
    if (gone.length > 0) this.#leaving = this.#leaving.filter((leaving) => leaving.untilMs > nowMs);
    return gone.map((leaving) => leaving.segment);
  }

  /** Everything that is still served. */
  all(): Segment[] {
    return [...this.#leaving, ...this.#listed].map((entry) => entry.segment);
  }

  text(): string {
    return writeMediaPlaylist({
      targetDurationS: this.#targetDurationS ?? Math.max(1, Math.round(this.#segmentMs / 1000)),
      mediaSequence: this.#mediaSequence,
      discontinuitySequence: this.#discontinuitySequence,
      segments: this.#listed.map(({ segment, dateMs, durationMs }) => ({
        uri: segment.uri,
        durationUs: Math.round(durationMs * 1000),
        discontinuity: segment.discontinuity,
        programDateTimeMs: Math.round(dateMs),
      })),
    });
  }

  #dateOf(segment: Segment): number {
    const last = this.#listed[this.#listed.length - 1];
    if (last === undefined || segment.discontinuity) return segment.wallMs;
    const expected = last.dateMs + last.durationMs;
    const drift = segment.wallMs - expected;
    return expected + Math.max(-SLEW_MS, Math.min(SLEW_MS, drift));
  }

  /** Takes segments off the front while enough are left: the wanted number, and three target durations. */
  #trim(nowMs: number): void {
    const leastMs = 3 * (this.#targetDurationS ?? 1) * 1000;
    let totalMs = this.#listed.reduce((sum, each) => sum + each.durationMs, 0);
    while (this.#listed.length > this.#wanted) {
      const first = this.#listed[0] as Listed;
      if (totalMs - first.durationMs < leastMs) return;
      this.#listed.shift();
      this.#mediaSequence++;
      if (first.segment.discontinuity) this.#discontinuitySequence++;
      this.#leaving.push({ segment: first.segment, untilMs: nowMs + first.durationMs + totalMs });
      totalMs -= first.durationMs;
    }
  }
}
