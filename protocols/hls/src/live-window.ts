import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";
import { type MediaPlaylist, writeMediaPlaylist } from "@millrace/playlist";
import type { SpliceTags } from "./config.ts";
import type { Segment } from "./segment.ts";
import { marksOf, type Splice } from "./splices.ts";

/** Program date-time follows the wall clock by at most this much a segment: a step would tear the timeline. */
const SLEW_MS = 10;

/**
 * The target duration leaves room for segments longer than the first: rounded, they may reach it (RFC 8216 §4.3.3.1), so
 * a quarter of a second is left of the half.
 */
const MARGIN_MS = 250;

interface Listed {
  readonly segment: Segment;
  readonly dateMs: number;
  readonly durationMs: number;
  /** When it came into the playlist. */
  readonly sinceMs: number;
}

interface Leaving {
  readonly segment: Segment;
  readonly untilMs: number;
}

export interface LiveWindowOptions {
  readonly segments: number;
  readonly segmentMs: number;
  readonly firstSequence: number;
  readonly splices?: SpliceTags;
  readonly startOffsetMs?: number;
}

/** The live playlist: which segments it lists, and how long those that left it are still served. */
export class LiveWindow {
  readonly #wanted: number;
  readonly #segmentMs: number;
  readonly #tags: SpliceTags;
  readonly #startOffsetMs: number | undefined;
  #listed: Listed[] = [];
  #leaving: Leaving[] = [];
  #mediaSequence: number;
  #discontinuitySequence = 0;
  #targetDurationS: number | undefined;
  #peakRate = 0;
  /** Breaks to tell of. */
  splices: readonly Splice[] = [];
  /** When a playlist was last handed out. A segment that no client can know of need not outlive the playlist. */
  servedMs = 0;

  constructor(options: LiveWindowOptions) {
    this.#wanted = options.segments;
    this.#segmentMs = options.segmentMs;
    this.#tags = options.splices ?? { dateRanges: false, cues: false };
    this.#startOffsetMs = options.startOffsetMs;
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
    const leastS = Math.ceil((Math.max(this.#segmentMs, durationMs) - MARGIN_MS) / 1000);
    this.#targetDurationS ??= Math.max(1, leastS);
    this.#listed.push({ segment, durationMs, dateMs: this.#dateOf(segment), sinceMs: nowMs });
    this.#peakRate = Math.max(this.#peakRate, rateOf(segment.bytes, durationMs));
    this.#trim(nowMs);
  }

  /**
   * Segments that need not be served any more: since a playlist that named them was last handed out, their own and the
   * playlist's duration have gone by (§6.2.2).
   */
  expired(nowMs: number): Segment[] {
    const gone = this.#leaving.filter((leaving) => leaving.untilMs <= nowMs);
    if (gone.length > 0) this.#leaving = this.#leaving.filter((leaving) => leaving.untilMs > nowMs);
    return gone.map((leaving) => leaving.segment);
  }

  /** Everything that is still served. */
  all(): Segment[] {
    return [...this.#leaving, ...this.#listed].map((entry) => entry.segment);
  }

  /** Bits a second of the segments: the highest there ever was, and the mean of those listed. */
  get rates(): { readonly peak: number; readonly average: number } {
    const bytes = this.#listed.reduce((sum, { segment }) => sum + segment.bytes, 0);
    const durationMs = this.#listed.reduce((sum, each) => sum + each.durationMs, 0);
    return { peak: this.#peakRate, average: rateOf(bytes, durationMs) };
  }

  /** UTC in milliseconds, and the source's time stamp, of the newest segment's beginning. */
  get newest(): { readonly dateMs: number; readonly startTicks: Ticks } | undefined {
    const last = this.#listed.at(-1);
    return last && { dateMs: last.dateMs, startTicks: last.segment.startTicks };
  }

  playlist(): MediaPlaylist {
    const last = this.#listed.at(-1);
    const stretches = this.#listed.map(({ dateMs }) => ({ startMs: dateMs }));
    const endMs = last === undefined ? 0 : last.dateMs + last.durationMs;
    const marks = marksOf(this.splices, stretches, { ...this.#tags, endMs });
    const behind = marks.at(-1);
    const offsetMs = this.#startOffsetMs;
    return {
      targetDurationS: this.#targetDurationS ?? Math.max(1, Math.round(this.#segmentMs / 1000)),
      mediaSequence: this.#mediaSequence,
      discontinuitySequence: this.#discontinuitySequence,
      ...(offsetMs !== undefined && { start: { timeOffsetUs: -offsetMs * 1000 } }),
      segments: this.#listed.map(({ segment, dateMs, durationMs }, i) => ({
        uri: segment.uri,
        durationUs: Math.round(durationMs * 1000),
        discontinuity: segment.discontinuity,
        programDateTimeMs: Math.round(dateMs),
        ...((marks[i]?.dateRanges.length ?? 0) > 0 && { dateRanges: marks[i]?.dateRanges ?? [] }),
        ...((marks[i]?.tags.length ?? 0) > 0 && { tags: marks[i]?.tags ?? [] }),
      })),
      ...((behind?.dateRanges.length ?? 0) > 0 && { dateRanges: behind?.dateRanges ?? [] }),
    };
  }

  text(): string {
    return writeMediaPlaylist(this.playlist());
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
    // No playlist that was handed out had the newest segment in it yet.
    const distributedMs = totalMs - (this.#listed[this.#listed.length - 1]?.durationMs ?? 0);
    while (this.#listed.length > this.#wanted) {
      const first = this.#listed[0] as Listed;
      if (totalMs - first.durationMs < leastMs) return;
      this.#listed.shift();
      this.#mediaSequence++;
      if (first.segment.discontinuity) this.#discontinuitySequence++;
      const known = this.servedMs >= first.sinceMs;
      const untilMs = known ? this.servedMs + first.durationMs + distributedMs : nowMs;
      this.#leaving.push({ segment: first.segment, untilMs });
      totalMs -= first.durationMs;
    }
  }
}

function rateOf(bytes: number, durationMs: number): number {
  return Math.ceil((bytes * 8000) / Math.max(1, durationMs));
}
