import { type AccessUnit, TICKS_PER_SECOND, type Ticks, type Track } from "@millrace/model";
import type { TsFilterOptions } from "@millrace/mpegts";
import { formatOf, type SegmentFormat } from "./container.ts";
import { type MediaReader, openReader } from "./media-reader.ts";
import { PeriodOffsets, STEP_MAX } from "./period-offsets.ts";
import type { LoadedPiece } from "./piece.ts";
import type { MediaQueue } from "./player.ts";
import { joined } from "./ts-queue.ts";

/** Where units go. */
export interface UnitSink {
  setTracks(tracks: readonly Track[]): void;
  unit(unit: AccessUnit): void;
  count(name: string, by?: number): void;
}

/** How a rendition is described beside what its media says. */
export interface RenditionOptions {
  /** ISO 639-2 code, where the playlist tells a language. */
  readonly language?: string | undefined;
  readonly filter?: TsFilterOptions | undefined;
}

/** What begins earlier than the first rendition by more than this is left out: half a second. */
const EARLY_TICKS = TICKS_PER_SECOND / 2;
/** Steps back up to this are an overlap of segments. */
const OVERLAP_TICKS = 10 * TICKS_PER_SECOND;

/** Units of several renditions, handed on in the order of their times. */
export class UnitQueue implements MediaQueue {
  readonly #sink: UnitSink;
  readonly #offsets = new PeriodOffsets();
  readonly #renditions: RenditionUnits[] = [];
  readonly #ids = new Map<string, number>();
  #began = false;

  constructor(sink: UnitSink) {
    this.#sink = sink;
  }

  /** The first is the one that the others are measured by. */
  addRendition(options: RenditionOptions): RenditionUnits {
    const index = this.#renditions.length;
    const rendition = new RenditionUnits({
      ...options,
      sink: this.#sink,
      offsets: this.#offsets,
      idOf: (track) => this.#idOf(index, track),
    });
    this.#renditions.push(rendition);
    return rendition;
  }

  get ready(): boolean {
    return this.#renditions.every(
      (rendition) => rendition.lost || rendition.nextTicks !== Number.POSITIVE_INFINITY,
    );
  }

  get nextTicks(): Ticks {
    if (!this.#began) return this.#renditions[0]?.nextTicks ?? Number.POSITIVE_INFINITY;
    return this.#first()?.nextTicks ?? Number.POSITIVE_INFINITY;
  }

  get endTicks(): Ticks {
    return this.#renditions[0]?.endTicks ?? 0;
  }

  get waitingBytes(): number {
    return this.#renditions.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
  }

  release(until: Ticks): void {
    if (!this.#began) this.#begin();
    for (let next = this.#first(); next !== undefined && next.nextTicks <= until; next = this.#first()) {
      const before = next.tracks;
      const entry = next.take();
      if (!Array.isArray(entry)) this.#sink.unit(entry as AccessUnit);
      else if (entry !== before) this.#tellTracks();
    }
  }

  flush(): void {
    for (const rendition of this.#renditions) rendition.flush();
  }

  #begin(): void {
    this.#began = true;
    const from = this.nextOfMain - EARLY_TICKS;
    for (const rendition of this.#renditions) rendition.begin(from);
    this.#tellTracks();
  }

  #tellTracks(): void {
    this.#sink.setTracks(this.#renditions.flatMap(({ tracks }) => tracks));
  }

  get nextOfMain(): Ticks {
    const next = this.#renditions[0]?.nextTicks ?? Number.POSITIVE_INFINITY;
    return next === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : next;
  }

  #first(): RenditionUnits | undefined {
    let first: RenditionUnits | undefined;
    for (const rendition of this.#renditions) {
      const { nextTicks } = rendition;
      if (nextTicks !== Number.POSITIVE_INFINITY && (first === undefined || nextTicks < first.nextTicks))
        first = rendition;
    }
    return first;
  }

  /** The number that a rendition gave its track, unless another one has it. */
  #idOf(index: number, track: number): number {
    const name = `${index}/${track}`;
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const taken = new Set(this.#ids.values());
    let id = track;
    while (taken.has(id)) id++;
    this.#ids.set(name, id);
    return id;
  }
}

interface UnitsOptions extends RenditionOptions {
  readonly sink: UnitSink;
  readonly offsets: PeriodOffsets;
  readonly idOf: (track: number) => number;
}

type Entry = AccessUnit | Track[];

/** The units of one rendition that wait, on the timeline of the output. */
export class RenditionUnits {
  readonly #options: UnitsOptions;
  /** Units, and tracks that hold for those behind them. */
  #entries: Entry[] = [];
  #head = 0;
  #reader: MediaReader | undefined;
  #format: SegmentFormat | undefined;
  #period = Number.NaN;
  #offset: Ticks | undefined;
  #breaks = new Set<number>();
  readonly #last = new Map<number, Ticks>();
  #lastDts: Ticks | undefined;
  #stepTicks: Ticks = 0;
  waitingBytes = 0;
  /** UTC, milliseconds, for units to come. */
  wallMs = 0;
  /** It cannot be had any more. */
  lost = false;
  /** Those of the unit that was taken last. */
  tracks: readonly Track[] = [];

  constructor(options: UnitsOptions) {
    this.#options = options;
  }

  get format(): SegmentFormat | undefined {
    return this.#format;
  }

  /** Infinite where nothing waits. Tracks are due with the unit behind them. */
  get nextTicks(): Ticks {
    return this.#timeFrom(this.#head);
  }

  #timeFrom(index: number): Ticks {
    for (let i = index; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry;
      if (!Array.isArray(entry)) return entry.dts;
    }
    return Number.POSITIVE_INFINITY;
  }

  get endTicks(): Ticks {
    return (this.#lastDts ?? 0) + this.#stepTicks;
  }

  /** Takes a segment or a part apart; returns the time of its first unit, infinite without any. */
  push(loaded: LoadedPiece): Ticks {
    const { piece } = loaded;
    const format = this.#format !== undefined && piece.part !== undefined ? this.#format : formatOf(loaded);
    if (format !== this.#format || piece.period !== this.#period) this.#reader?.flush();
    if (format !== this.#format) this.#reader = this.#open(format);
    this.#format = format;
    if (piece.period !== this.#period) {
      const first = Number.isNaN(this.#period);
      this.#period = piece.period;
      this.#offset = undefined;
      if (!first) this.#breaks = new Set(this.#last.keys());
    }
    const reader = this.#reader as MediaReader;
    reader.wallMs = this.wallMs;
    const before = this.#entries.length;
    reader.push(loaded);
    return this.#timeFrom(before);
  }

  flush(): void {
    this.#reader?.flush();
  }

  /** The next entry, which is there. */
  take(): Entry {
    const entry = this.#entries[this.#head++] as Entry;
    if (this.#head > 256 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    if (Array.isArray(entry)) this.tracks = entry;
    else for (const part of entry.data) this.waitingBytes -= part.length;
    return entry;
  }

  /** Leaves out what lies before `ticks`, and knows its first tracks. */
  begin(ticks: Ticks): void {
    this.tracks = this.#entries.find((entry) => Array.isArray(entry)) ?? [];
    const waiting = this.#entries.slice(this.#head);
    this.#head = 0;
    this.#entries = waiting.filter((entry) => Array.isArray(entry) || entry.dts >= ticks);
    this.waitingBytes = this.#entries.reduce(
      (sum, entry) => sum + (Array.isArray(entry) ? 0 : sizeOf(entry)),
      0,
    );
  }

  #open(format: SegmentFormat): MediaReader {
    const { sink, filter, language, idOf } = this.#options;
    return openReader(
      format,
      {
        onTracks: (tracks) => {
          // Tables without media say nothing yet.
          if (tracks.length === 0 && this.#entries.length === 0) return;
          const own = tracks.map((track) => ({
            ...track,
            // "und" is no language (ISO 639-2).
            ...(language !== undefined && (track.language ?? "und") === "und" && { language }),
            id: idOf(track.id),
          }));
          this.#entries.push(own);
        },
        onUnit: (unit) => this.#put(unit),
        count: (name, by) => sink.count(name, by),
      },
      filter,
    );
  }

  #put(unit: AccessUnit): void {
    const { idOf, sink } = this.#options;
    const track = idOf(unit.track);
    const offset = this.#offsetFor(unit.dts);
    const last = this.#last.get(track);
    // Equal times come from packagers whose decoding times have to be put back for their frames' order.
    const dts = unit.dts + offset === last ? last + 1 : unit.dts + offset;
    if (last !== undefined && dts <= last && last - dts < OVERLAP_TICKS) {
      sink.count("overlappingUnits");
      return;
    }
    if (last !== undefined && dts > last) this.#stepTicks = Math.min(dts - last, TICKS_PER_SECOND);
    this.#last.set(track, dts);
    this.#lastDts = Math.max(this.#lastDts ?? dts, dts);
    this.#options.offsets.reached = dts;
    const discontinuity = this.#breaks.delete(track) || unit.discontinuity;
    const data = [unit.data.length === 1 ? (unit.data[0] as Uint8Array).slice() : joined(unit.data)];
    const moved = { ...unit, track, dts, pts: unit.pts + offset, discontinuity, data };
    this.waitingBytes += sizeOf(moved);
    this.#entries.push(moved);
  }

  /** What is added to the times of this period; a break that nobody announced makes another. */
  #offsetFor(dts: Ticks): Ticks {
    if (this.#offset !== undefined) {
      const step = dts + this.#offset - (this.#lastDts ?? dts + this.#offset);
      if (step > -OVERLAP_TICKS && step < STEP_MAX) return this.#offset;
      this.#options.sink.count("timelineBreaks");
      this.#breaks = new Set(this.#last.keys());
      this.#offset = this.endTicks - dts;
      return this.#offset;
    }
    const end = this.#lastDts === undefined ? undefined : this.endTicks;
    const wraps = this.#reader?.wraps === true;
    this.#offset = this.#options.offsets.offset(this.#period, { first: dts, end, wraps });
    // Whatever the others say, a rendition does not go back.
    if (end !== undefined && dts + this.#offset < end - OVERLAP_TICKS) this.#offset = end - dts;
    return this.#offset;
  }
}

function sizeOf({ data }: AccessUnit): number {
  return data.reduce((sum, { length }) => sum + length, 0);
}
