import type { DeliveryDirectives, MediaPlaylist, MediaSegment, Part } from "@millrace/playlist";
import type { Piece } from "./piece.ts";

/** Where another rendition began, for one that is to begin beside it. */
export interface StartPlace {
  readonly sequence: number;
  /** UTC, milliseconds, where the playlist tells it. */
  readonly programDateTimeMs: number | undefined;
  /** Distance from the end of the playlist, microseconds. */
  readonly fromEndUs: number;
}

export interface CursorOptions {
  /** Takes parts where there are some. */
  readonly lowLatency: boolean;
  /** Nothing is played before the playlist has changed, so less has to be held. */
  readonly stalledCheck: boolean;
  /** Begins where this one did. */
  readonly beside?: StartPlace | undefined;
}

/** What one version of the playlist brings. */
export interface Progress {
  readonly pieces: readonly Piece[];
  /** There is more than in the version before. */
  readonly changed: boolean;
  /** Segments that left the playlist before they were fetched. */
  readonly missed: number;
  /** The server counts anew: everything begins again at the live edge. */
  readonly restarted: boolean;
}

/** What holds for a segment and for its parts. */
interface SegmentFacts {
  readonly discontinuity?: boolean;
  readonly keys?: Piece["keys"];
  readonly map?: Piece["map"];
}

/** A live input begins with so much behind it, at least. */
const HELD_US = 3_000_000;
const HELD_CHECKED_US = 2_000_000;
/** So often a playlist may be older than the one before (caches do that) until it counts as begun anew. */
const STALE_LIMIT = 3;
const PARTS_HELD = 3;

/** Follows a Media Playlist from version to version and says what to fetch. Knows neither the network nor the time. */
export class PlaylistCursor {
  readonly #options: CursorOptions;
  #sequence: number | undefined;
  /** Parts of that segment that have been given out. */
  #part = 0;
  #period = 0;
  #broken = false;
  #stale = 0;
  #edge = "";
  /** Where it began; undefined until then. */
  start: StartPlace | undefined;

  constructor(options: CursorOptions) {
    this.#options = options;
  }

  /** Begins again, as if nothing had been played: what comes next is on another timeline. */
  rewind(): void {
    this.#sequence = undefined;
    this.#part = 0;
    this.#broken = true;
    this.#stale = 0;
  }

  /** The query that makes the server wait for what is missing (rfc8216bis §6.2.5.2). */
  directives(playlist: MediaPlaylist): DeliveryDirectives {
    const msn = this.#sequence ?? 0;
    return this.#takesParts(playlist) ? { msn, part: this.#part } : { msn };
  }

  /** Takes the next version. It is whole: delta updates have been applied. */
  accept(playlist: MediaPlaylist): Progress {
    const first = playlist.mediaSequence ?? 0;
    const end = first + playlist.segments.length;
    const edge = `${end}/${playlist.parts?.length ?? 0}/${playlist.endlist === true}`;
    const changed = edge !== this.#edge;
    this.#edge = edge;
    const restarted = this.#hasJumpedBack(first, end);
    if (restarted) this.rewind();
    if (this.#sequence === undefined) this.#begin(playlist, first);
    let missed = 0;
    if ((this.#sequence as number) < first) {
      missed = first - (this.#sequence as number);
      this.#sequence = first + this.#liveIndex(playlist);
      this.#part = 0;
    }
    const pieces = this.#take(playlist, first);
    return { pieces, changed, missed, restarted };
  }

  #hasJumpedBack(first: number, end: number): boolean {
    const next = this.#sequence;
    if (next === undefined || end >= next) {
      this.#stale = 0;
      return false;
    }
    this.#stale++;
    // The piece that comes next was never in a list that ends so early.
    return next - end > Math.max(end - first, 1) || this.#stale > STALE_LIMIT;
  }

  #begin(playlist: MediaPlaylist, first: number): void {
    const { segments, endlist } = playlist;
    const { beside } = this.#options;
    let index = endlist === true ? 0 : this.#liveIndex(playlist);
    this.#part = 0;
    if (beside !== undefined && endlist !== true) index = besideIndex(playlist, beside);
    else if (endlist !== true) {
      const part = this.#livePart(playlist);
      if (part !== undefined) {
        index = part.index;
        this.#part = part.part;
      }
    }
    this.#sequence = first + index;
    if (!this.#broken) {
      const breaks = segments
        .slice(0, index + 1)
        .filter(({ discontinuity }) => discontinuity === true).length;
      this.#period = (playlist.discontinuitySequence ?? 0) + breaks;
    }
    this.start ??= {
      sequence: this.#sequence,
      programDateTimeMs: dateAt(segments, index),
      fromEndUs: durationFrom(segments, index),
    };
  }

  /** Index of the segment that a live playlist is begun with. */
  #liveIndex({ segments }: MediaPlaylist): number {
    const { stalledCheck } = this.#options;
    const wanted = stalledCheck ? HELD_CHECKED_US : HELD_US;
    const least = stalledCheck ? 1 : 2;
    let held = 0;
    let index = segments.length;
    while (index > 0 && (held < wanted || segments.length - index < least))
      held += segments[--index]?.durationUs ?? 0;
    return index;
  }

  /** The part that a playlist with parts is begun with: independent, and the hold-back from the end. */
  #livePart(playlist: MediaPlaylist): { index: number; part: number } | undefined {
    const { segments, parts = [], partTargetUs, serverControl } = playlist;
    if (!this.#takesParts(playlist) || partTargetUs === undefined) return undefined;
    const wanted = serverControl?.partHoldBackUs ?? PARTS_HELD * partTargetUs;
    let held = 0;
    const lists = [...segments.map((segment) => segment.parts ?? []), parts];
    for (let index = lists.length - 1; index >= 0; index--) {
      const list = lists[index] as readonly Part[];
      for (let part = list.length - 1; part >= 0; part--) {
        const { durationUs, independent } = list[part] as Part;
        held += durationUs;
        if (held >= wanted && independent === true) return { index, part };
      }
      if (list.length === 0 && index < segments.length) return undefined;
    }
    return undefined;
  }

  /** How parts of encrypted segments are chained is not said, so those are taken whole. */
  #takesParts({ parts, segments, pending }: MediaPlaylist): boolean {
    const keys = pending?.keys ?? segments.at(-1)?.keys ?? [];
    const some = (parts?.length ?? 0) > 0 || segments.at(-1)?.parts !== undefined;
    return this.#options.lowLatency && keys.length === 0 && some;
  }

  #take(playlist: MediaPlaylist, first: number): Piece[] {
    const { segments, parts = [], pending } = playlist;
    const pieces: Piece[] = [];
    for (;;) {
      const index = (this.#sequence as number) - first;
      const segment = segments[index];
      if (segment === undefined) break;
      if (this.#part === 0) this.#put(pieces, segment, segment);
      else this.#putParts(pieces, segment.parts ?? [], segment);
      this.#sequence = first + index + 1;
      this.#part = 0;
    }
    const isPending = this.#sequence === first + segments.length;
    if (isPending && this.#takesParts(playlist)) {
      const last = segments.at(-1);
      const given = this.#part;
      this.#putParts(pieces, parts, { ...pending, keys: [], map: pending?.map ?? last?.map });
      this.#part = Math.max(given, parts.length);
    }
    return pieces;
  }

  #putParts(pieces: Piece[], parts: readonly Part[], segment: SegmentFacts): void {
    for (let part = this.#part; part < parts.length; part++) {
      this.#put(
        pieces,
        parts[part] as Part,
        { ...segment, discontinuity: part === 0 && segment.discontinuity === true },
        part,
      );
    }
  }

  #put(
    pieces: Piece[],
    what: Pick<Part, "uri" | "durationUs" | "byteRange" | "gap">,
    segment: SegmentFacts,
    part?: number,
  ): void {
    const begins = this.start !== undefined && pieces.length === 0 && this.#isFirst;
    const discontinuity = this.#broken || (segment.discontinuity === true && !begins);
    if (discontinuity) this.#period++;
    this.#broken = false;
    this.#isFirst = false;
    pieces.push({
      uri: what.uri,
      byteRange: what.byteRange,
      durationUs: what.durationUs,
      sequence: this.#sequence as number,
      part,
      keys: segment.keys,
      map: segment.map,
      discontinuity,
      period: this.#period,
      gap: what.gap === true,
    });
  }

  #isFirst = true;
}

/** Index of the segment that holds what another rendition begins with. */
function besideIndex(
  playlist: MediaPlaylist,
  { sequence, programDateTimeMs, fromEndUs }: StartPlace,
): number {
  const { segments } = playlist;
  const first = playlist.mediaSequence ?? 0;
  if (programDateTimeMs !== undefined && segments.some((one) => one.programDateTimeMs !== undefined)) {
    const index = segments.findLastIndex(
      (_, i) => (dateAt(segments, i) ?? Infinity) <= programDateTimeMs + 100,
    );
    return Math.max(index, 0);
  }
  let index = segments.length;
  let heldUs = 0;
  while (index > 0 && heldUs < fromEndUs - 100_000) heldUs += segments[--index]?.durationUs ?? 0;
  // Numbers mean nothing from one rendition to the other (RFC 8216 §6.3.4), but mostly they are the same.
  const same = sequence - first;
  return Math.abs(same - index) <= 2 && same >= 0 && same < segments.length ? same : index;
}

function durationFrom(segments: readonly MediaSegment[], index: number): number {
  return segments.slice(index).reduce((sum, { durationUs }) => sum + durationUs, 0);
}

/** A date holds for the segments behind it, too (RFC 8216 §6.3.3). */
function dateAt(segments: readonly MediaSegment[], index: number): number | undefined {
  let sinceUs = 0;
  for (let i = Math.min(index, segments.length - 1); i >= 0; i--) {
    const { programDateTimeMs, durationUs } = segments[i] as MediaSegment;
    if (i < index) sinceUs += durationUs;
    if (programDateTimeMs !== undefined) return programDateTimeMs + sinceUs / 1000;
  }
  return undefined;
}
