import type { CmafPeriod, PresentationProgress, SegmentRecord, TrackRate } from "@millrace/cmaf";

/** How far all tracks of a stream have come together, and how much each takes. */
export class TrackProgress {
  #period: CmafPeriod | undefined;
  /** Newest complete segment of each track of the period. */
  readonly #newest = new Map<string, number>();
  #rates: TrackRate[] = [];
  #wholeMsn = -1;
  #changedMs = 0;

  period(period: CmafPeriod): void {
    this.#period = period;
    this.#newest.clear();
  }

  /** A segment is complete. Whether every track has one more by that. */
  segment(segment: SegmentRecord): boolean {
    const { track, period } = segment;
    if (period !== this.#period?.id) return false;
    this.#newest.set(track, segment.msn);
    this.#measure(segment);
    let least = Number.POSITIVE_INFINITY;
    for (const { name } of this.#period.tracks) least = Math.min(least, this.#newest.get(name) ?? -1);
    if (!Number.isFinite(least) || least <= this.#wholeMsn) return false;
    this.#wholeMsn = least;
    return true;
  }

  /** The presentation is about to be told to all; rates of periods that left it are dropped. */
  change(nowMs: number, firstPeriod: number): PresentationProgress {
    this.#changedMs = Math.max(Math.floor(nowMs), this.#changedMs + 1);
    this.#rates = this.#rates.filter(({ period }) => period >= firstPeriod);
    return { wholeMsn: this.#wholeMsn, changedMs: this.#changedMs, rates: [...this.#rates] };
  }

  #measure({ track, period, bytes, durationTicks }: SegmentRecord): void {
    const timescale = this.#period?.tracks.find(({ name }) => name === track)?.timescale;
    const isKnown = this.#rates.some((rate) => rate.track === track && rate.period === period);
    if (isKnown || bytes === 0 || timescale === undefined) return;
    const bitsPerSecond = Math.ceil((bytes * 8 * timescale) / Math.max(1, durationTicks));
    this.#rates.push({ period, track, bitsPerSecond });
  }
}
