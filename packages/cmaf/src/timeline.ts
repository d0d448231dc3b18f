import {
  type CmafPeriod,
  type CmafTrack,
  PRESENTATION_KEY,
  type Presentation,
  type SegmentRecord,
} from "./model.ts";

/** What stands on the shelf, as far as manifests are concerned. */
export interface TimelineChange {
  readonly key: string;
  readonly item: { readonly data?: unknown } | undefined;
}

/** A reader of such a shelf. */
export interface TimelineShelf {
  readonly closed: boolean;
  follow(follower: (changes: readonly TimelineChange[]) => void): void;
}

/** How far a track has come: as EXT-X-RENDITION-REPORT says it. */
export interface TrackEdge {
  /** Of the newest segment that has a part. */
  readonly msn: number;
  /** Index of its newest part; undefined when it is complete. */
  readonly part: number | undefined;
}

/** The segments of a stream, from which manifests are written. Follows the shelf in any worker. */
export class Timeline {
  readonly #segments = new Map<string, SegmentRecord[]>();
  #presentation: Presentation | undefined;
  #version = 0;

  /** Counts changes. */
  get version(): number {
    return this.#version;
  }

  get presentation(): Presentation | undefined {
    return this.#presentation;
  }

  /** The tracks now. */
  get tracks(): readonly CmafTrack[] {
    return this.#presentation?.periods.at(-1)?.tracks ?? [];
  }

  period(id: number): CmafPeriod | undefined {
    return this.#presentation?.periods.find((period) => period.id === id);
  }

  /** Listed segments of a track in order; the last one may be growing. Without those of other periods if one is named. */
  segments(track: string, period?: number): readonly SegmentRecord[] {
    const firstMsn = this.#presentation?.firstMsn ?? 0;
    const all = this.#segments.get(track) ?? [];
    return all.filter((each) => each.msn >= firstMsn && (period === undefined || each.period === period));
  }

  /** Segments of a track and period that can still be fetched, in order: the listed ones, and before them those that were. */
  kept(track: string, period: number): readonly SegmentRecord[] {
    return (this.#segments.get(track) ?? []).filter((each) => each.period === period);
  }

  segment(track: string, msn: number): SegmentRecord | undefined {
    return this.#segments.get(track)?.find((each) => each.msn === msn);
  }

  edge(track: string): TrackEdge | undefined {
    const last = this.#segments.get(track)?.at(-1);
    if (last === undefined) return undefined;
    return { msn: last.msn, part: last.complete ? undefined : last.parts.length - 1 };
  }

  /** Where the next part of a track will begin, in its timescale. */
  nextPartStart(track: string): number | undefined {
    const last = this.#segments.get(track)?.at(-1);
    return last === undefined ? undefined : last.startTicks + last.durationTicks;
  }

  apply(changes: readonly TimelineChange[]): void {
    for (const { key, item } of changes) {
      if (key === PRESENTATION_KEY) this.#presentation = item?.data as Presentation | undefined;
      else if (item === undefined) this.#remove(key);
      else if (isSegment(item.data)) this.#put(item.data);
    }
    this.#version++;
  }

  #put(segment: SegmentRecord): void {
    let list = this.#segments.get(segment.track);
    if (list === undefined) this.#segments.set(segment.track, (list = []));
    let at = list.length;
    while (at > 0 && (list[at - 1] as SegmentRecord).msn > segment.msn) at--;
    if (list[at - 1]?.msn === segment.msn) list[at - 1] = segment;
    else list.splice(at, 0, segment);
  }

  #remove(key: string): void {
    for (const [track, list] of this.#segments) {
      const at = list.findIndex((each) => each.key === key);
      if (at < 0) continue;
      list.splice(at, 1);
      if (list.length === 0) this.#segments.delete(track);
      return;
    }
  }
}

function isSegment(data: unknown): data is SegmentRecord {
  return typeof data === "object" && data !== null && "msn" in data;
}

const timelines = new WeakMap<TimelineShelf, Timeline>();

/** The timeline of a shelf: one for all who ask. */
export function timelineOf(shelf: TimelineShelf): Timeline {
  let timeline = timelines.get(shelf);
  if (timeline === undefined) {
    const made = new Timeline();
    timelines.set(shelf, made);
    shelf.follow((changes) => made.apply(changes));
    timeline = made;
  }
  return timeline;
}
