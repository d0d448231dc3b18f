import {
  CmafPackager,
  type CmafPeriod,
  type CmafTrack,
  type EventRecord,
  type PackagerOutput,
  type PartRecord,
  PRESENTATION_KEY,
  type SegmentRecord,
  type SegmentSettings,
} from "@millrace/cmaf";
import {
  type Packaging,
  type ShelfChange,
  type ShelfItem,
  type ShelfWriter,
  type Span,
  type StreamHost,
  UnitReader,
} from "@millrace/engine";
import { TrackProgress } from "./track-progress.ts";
import { CmafWindow } from "./window.ts";

/** Segments that left the playlist are looked for this often. */
const EXPIRE_MS = 1000;
const VTT_TYPE = "text/vtt; charset=utf-8";

interface KeptSegment {
  readonly key: string;
  readonly msn: number;
  readonly spans: readonly Span[];
  readonly vtt: string | undefined;
  /** Of parts that can still be asked for one by one. */
  parts: string[];
}

/** CMAF of one stream: made while somebody wants it, in the worker that owns it, and put on a shelf for all. */
export class CmafPackaging implements Packaging, PackagerOutput {
  readonly #host: StreamHost;
  readonly #shelf: ShelfWriter;
  readonly #window: CmafWindow;
  readonly #progress = new TrackProgress();
  readonly #packager: CmafPackager;
  readonly #units: UnitReader;
  readonly #timer: NodeJS.Timeout;
  readonly #inits = new Set<string>();
  #kept: KeptSegment[] = [];
  /** Spans of segments that grow, by their key. */
  readonly #growing = new Map<string, Span[]>();
  #leader: CmafTrack | undefined;

  constructor(host: StreamHost, shelf: ShelfWriter, settings: SegmentSettings) {
    this.#host = host;
    this.#shelf = shelf;
    this.#window = new CmafWindow(settings);
    this.#packager = new CmafPackager({
      segmentMs: settings.segmentMs,
      partMs: settings.partMs,
      // Numbers go on where those of before would be by now: players that stay do not see them step back.
      firstMsn: Math.floor(host.clock.wallMs() / settings.segmentMs),
      targetDurationS: () => this.#window.targetDurationS,
      output: this,
    });
    const reader = host.read("units", "key");
    this.#units = new UnitReader(reader);
    // What is known of the tracks now holds for what lies behind as well, of which less was known at the time.
    this.#packager.setTracks(this.#units.tracks);
    this.#units.onTracks = (tracks) => this.#packager.setTracks(tracks);
    reader.onReadable = () => this.#pump();
    this.#timer = setInterval(() => this.#expire(), EXPIRE_MS);
    this.#pump();
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#units.close();
    this.#packager.close();
    for (const { spans } of this.#kept) this.#release(spans);
    this.#kept = [];
  }

  period(period: CmafPeriod, inits: ReadonlyMap<string, Uint8Array>): void {
    this.#leader = period.tracks.find(({ kind }) => kind === "video") ?? period.tracks[0];
    this.#window.addPeriod(period);
    this.#progress.period(period);
    const changes: ShelfChange[] = [];
    for (const [key, head] of inits) {
      this.#inits.add(key);
      changes.push({ key, item: { type: "video/mp4", head, facts: { bytes: head.length } } });
    }
    this.#shelf.update([...changes, ...this.#presentation()]);
  }

  part(segment: SegmentRecord, part: PartRecord, data: readonly Uint8Array[]): void {
    const spans = this.#host.store(data);
    const all = this.#growing.get(segment.key) ?? [];
    this.#growing.set(segment.key, all);
    all.push(...spans);
    this.#shelf.update([
      { key: part.key, item: itemOf(spans, part.bytes) },
      { key: segment.key, item: { ...itemOf([...all], segment.bytes), data: segment } },
    ]);
  }

  segment(segment: SegmentRecord, text?: string): void {
    const { key, msn, bytes, vtt } = segment;
    const spans = this.#growing.get(key) ?? [];
    this.#growing.delete(key);
    this.#kept.push({ key, msn, spans, vtt, parts: segment.parts.map((part) => part.key) });
    const changes: ShelfChange[] = [{ key, item: { ...itemOf(joined(spans), bytes), data: segment } }];
    if (vtt !== undefined && text !== undefined)
      changes.unshift({ key: vtt, item: { type: VTT_TYPE, text } });
    if (segment.track === this.#leader?.name) {
      const durationMs = (segment.durationTicks * 1000) / this.#leader.timescale;
      const partTargetUs = Math.ceil((this.#packager.partTicks * 100) / 9);
      this.#window.add(segment, { durationMs, partTargetUs, nowMs: this.#host.clock.wallMs() });
      changes.push(...this.#expired());
    }
    const isWhole = this.#progress.segment(segment);
    if (isWhole || segment.track === this.#leader?.name) changes.push(...this.#presentation());
    this.#shelf.update(changes);
  }

  event(event: EventRecord): void {
    this.#window.addEvent(event);
    this.#shelf.update(this.#presentation());
  }

  #pump(): void {
    for (let unit = this.#units.next(); unit !== undefined; unit = this.#units.next())
      this.#packager.unit(unit);
  }

  #presentation(): ShelfChange[] {
    const data = this.#window.presentation();
    if (data === undefined) return [];
    const progress = this.#progress.change(this.#host.clock.wallMs(), data.periods[0]?.id ?? 0);
    return [{ key: PRESENTATION_KEY, item: { type: "", data: { ...data, ...progress } } }];
  }

  #expire(): void {
    this.#shelf.update(this.#expired());
  }

  #expired(): ShelfChange[] {
    const changes: ShelfChange[] = [];
    const firstKept = this.#window.firstKept(this.#host.clock.wallMs()) ?? 0;
    const firstWithParts = this.#window.firstWithParts;
    for (const segment of this.#kept) {
      if (segment.msn < firstWithParts) {
        for (const key of segment.parts) changes.push({ key, item: undefined });
        segment.parts = [];
      }
      if (segment.msn >= firstKept) continue;
      changes.push({ key: segment.key, item: undefined });
      if (segment.vtt !== undefined) changes.push({ key: segment.vtt, item: undefined });
      this.#release(segment.spans);
    }
    this.#kept = this.#kept.filter((segment) => segment.msn >= firstKept);
    return changes;
  }

  #release(spans: readonly Span[]): void {
    for (const span of spans) this.#host.releaseSpan(span);
  }
}

function itemOf(spans: readonly Span[], bytes: number): ShelfItem {
  return { type: "video/mp4", spans, facts: { bytes } };
}

/** Spans that lie side by side as one. */
function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result[result.length - 1];
    const follows =
      last !== undefined &&
      last.arena === span.arena &&
      last.slab === span.slab &&
      last.generation === span.generation &&
      last.offset + last.length === span.offset;
    if (follows) result[result.length - 1] = { ...last, length: last.length + span.length };
    else result.push(span);
  }
  return result;
}
