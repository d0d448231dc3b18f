import type { LaneReader, Span, StreamHost } from "@millrace/engine";
import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";
import { OpenSegment, type Segment } from "./segment.ts";

/** Rounded, a segment may not be longer than the target duration (RFC 8216 §4.3.3.1): this much is left over. */
const ROUNDING_TICKS = 0.49 * TICKS_PER_SECOND;
/**
 * Between key frames the PCR tells the time, and may run so far ahead of the next one's DTS. A segment that was ended by
 * time shortly before a key frame is not worth another end there.
 */
const AHEAD_TICKS = TICKS_PER_SECOND;
/** An input without key frames is cut by time alone after this many wanted durations. */
const PATIENCE = 4;

export interface SegmenterOptions {
  readonly host: StreamHost;
  readonly segmentMs: number;
  /** Seconds that no segment may exceed, once it is known; undefined before the first playlist. */
  readonly targetDurationS: () => number | undefined;
  readonly nextName: (wallMs: number) => string;
  readonly onSegment: (segment: Segment) => void;
}

/**
 * Cuts a `ts` lane into segments without touching a byte: a segment is a list of spans of the lane's own memory. Cuts
 * fall on key frames, at the one nearest to the wanted duration, and at every break of the timeline.
 */
export class Segmenter {
  readonly #options: SegmenterOptions;
  readonly #reader: LaneReader;
  readonly #wantedTicks: Ticks;
  #open: OpenSegment | undefined;
  #lastTicks: Ticks = 0;
  #lastKeyTicks: Ticks = 0;
  #broken = false;
  #skips = 0;

  constructor(options: SegmenterOptions) {
    this.#options = options;
    this.#wantedTicks = (options.segmentMs / 1000) * TICKS_PER_SECOND;
    this.#reader = options.host.read("ts");
    this.#reader.onReadable = () => this.#pump();
  }

  close(): void {
    this.#reader.close();
    for (const span of this.#open?.spans ?? []) this.#options.host.releaseSpan(span);
    this.#open = undefined;
  }

  #pump(): void {
    const reader = this.#reader;
    while (reader.next()) {
      if (reader.skips !== this.#skips) {
        this.#skips = reader.skips;
        this.#broken = true;
      }
      this.#take(reader);
    }
  }

  #take(reader: LaneReader): void {
    const ticks = Number.isNaN(reader.chunk.dts) ? this.#lastTicks : reader.chunk.dts;
    if (reader.discontinuity) this.#broken = true;
    if (this.#shouldCut(reader, ticks)) this.#cut(reader, ticks);
    if (reader.key) this.#lastKeyTicks = ticks;
    this.#lastTicks = ticks;
    const open = this.#open;
    if (open === undefined) return;
    const span: Span = reader.span();
    if (!this.#options.host.holdSpan(span)) {
      this.#broken = true;
      return;
    }
    // The hold on the span before covers what it grew over.
    if (!open.add(span)) this.#options.host.releaseSpan(span);
  }

  #shouldCut(reader: LaneReader, ticks: Ticks): boolean {
    const open = this.#open;
    if (open === undefined) return reader.key || this.#waitedTooLong();
    if (this.#broken) return reader.key || open.spans.length > 0;
    const length = ticks - open.startTicks;
    if (reader.key) {
      if (length < 0) return length < -AHEAD_TICKS;
      const gop = Math.max(0, ticks - this.#lastKeyTicks);
      return length + gop / 2 >= this.#wantedTicks && length * 8 >= this.#wantedTicks;
    }
    const target = this.#options.targetDurationS();
    const most =
      target === undefined ? this.#wantedTicks * PATIENCE : target * TICKS_PER_SECOND + ROUNDING_TICKS;
    // The next chunk may end some way beyond: stay clear of the limit by a tenth of a second.
    return length >= most - TICKS_PER_SECOND / 10;
  }

  /** Before the first key frame there is nothing to begin with; a stream that never has one begins anyhow. */
  #waitedTooLong(): boolean {
    return this.#reader.view.ring.lastKey === undefined && this.#reader.chunk.position > 4 * 1024 * 1024;
  }

  #cut(reader: LaneReader, ticks: Ticks): void {
    const open = this.#open;
    // Across a break the new timeline says nothing of how long the old segment was.
    const endTicks = this.#broken || ticks < (open?.startTicks ?? 0) ? this.#lastTicks : ticks;
    if (open !== undefined) this.#finish(open, endTicks);
    const needsHead = !reader.key || reader.bare;
    this.#open = new OpenSegment({
      discontinuity: this.#broken,
      ticks,
      wallMs: reader.chunk.wallMs,
      head: needsHead ? reader.tables() : new Uint8Array(0),
    });
    this.#broken = false;
  }

  #finish(open: OpenSegment, endTicks: Ticks): void {
    const { nextName, onSegment, host } = this.#options;
    const durationTicks = Math.max(0, endTicks - open.startTicks);
    if (open.spans.length === 0 || durationTicks === 0) {
      for (const span of open.spans) host.releaseSpan(span);
      return;
    }
    onSegment({
      uri: nextName(open.wallMs),
      startTicks: open.startTicks,
      durationTicks,
      discontinuity: open.discontinuity,
      wallMs: open.wallMs,
      head: open.head,
      spans: open.spans,
      bytes: open.bytes,
    });
  }
}
