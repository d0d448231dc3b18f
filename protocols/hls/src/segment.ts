import type { Span } from "@millrace/engine";
import type { Ticks } from "@millrace/model";

/** A finished segment: a name, facts for the playlist, and where its bytes lie. */
export interface Segment {
  readonly uri: string;
  /** Time stamp of its beginning, on the source's clock. */
  readonly startTicks: Ticks;
  readonly durationTicks: Ticks;
  readonly discontinuity: boolean;
  /** UTC of its first frame, milliseconds. */
  readonly wallMs: number;
  /** PAT and PMT packets, when the segment's own bytes do not begin with them. */
  readonly head: Uint8Array;
  readonly spans: readonly Span[];
  readonly bytes: number;
}

/** A segment that grows. Joins chunks that lie side by side, so that a segment is a handful of spans. */
export class OpenSegment {
  readonly discontinuity: boolean;
  readonly startTicks: Ticks;
  readonly wallMs: number;
  readonly head: Uint8Array;
  readonly spans: Span[] = [];
  bytes: number;

  constructor(start: { discontinuity: boolean; ticks: Ticks; wallMs: number; head: Uint8Array }) {
    this.discontinuity = start.discontinuity;
    this.startTicks = start.ticks;
    this.wallMs = start.wallMs;
    this.head = start.head;
    this.bytes = start.head.length;
  }

  /** Adds a chunk. True when it needs a hold of its own, false when the last span grew over it. */
  add(span: Span): boolean {
    this.bytes += span.length;
    const at = this.spans.length - 1;
    const last = this.spans[at];
    if (
      last !== undefined &&
      last.arena === span.arena &&
      last.slab === span.slab &&
      last.generation === span.generation &&
      last.offset + last.length === span.offset
    ) {
      this.spans[at] = { ...last, length: last.length + span.length };
      return false;
    }
    this.spans.push(span);
    return true;
  }
}
