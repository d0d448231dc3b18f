import { createHash } from "node:crypto";
import type { Runtime } from "../api.ts";
import type { Span } from "../memory/span.ts";
import type { ShelfItem } from "../stream/shelf.ts";
import type { ByteRange } from "./conditions.ts";

export type SpanMemory = Pick<Runtime, "holdSpan" | "releaseSpan">;

/** Bytes of a document that consists of bytes. */
export function lengthOf({ head, spans = [] }: ShelfItem): number {
  return spans.reduce((sum, span) => sum + span.length, head?.length ?? 0);
}

const headHashes = new WeakMap<ShelfItem, string>();

/**
 * Strong entity tag of a document in shared memory. Names of media are never used twice, so name and length say it;
 * where there is nothing but a head (an initialization segment) a name stays and its content may change.
 */
export function etagOf(item: ShelfItem, path: string): string {
  const name = encodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
  if (item.spans !== undefined && item.spans.length > 0) return `"${name}-${lengthOf(item)}"`;
  let hash = headHashes.get(item);
  if (hash === undefined) {
    hash = createHash("sha1")
      .update(item.head ?? "")
      .digest("base64url")
      .slice(0, 16);
    headHashes.set(item, hash);
  }
  return `"${name}-${hash}"`;
}

/** A document's bytes, or a range of them, in memory that is not reused until `release`. */
export class HeldItem {
  readonly #memory: SpanMemory;
  readonly #spans: Span[] = [];
  readonly parts: Uint8Array[] = [];

  private constructor(memory: SpanMemory) {
    this.#memory = memory;
  }

  /** Undefined when some of it is gone already. */
  static of(memory: SpanMemory, item: ShelfItem, range?: ByteRange): HeldItem | undefined {
    const held = new HeldItem(memory);
    const from = range === undefined ? 0 : range.from;
    const to = range === undefined ? Number.POSITIVE_INFINITY : range.to;
    let at = 0;
    const { head, spans } = item;
    if (head !== undefined) {
      if (from < head.length) held.parts.push(cut(head, from, to));
      at = head.length;
    }
    if (spans === undefined) return held;
    for (const span of spans) {
      if (at < to && at + span.length > from) {
        const bytes = held.#hold(span);
        if (bytes === undefined) {
          held.release();
          return undefined;
        }
        held.parts.push(cut(bytes, from - at, to - at));
      }
      at += span.length;
    }
    return held;
  }

  #hold(span: Span): Uint8Array | undefined {
    const view = this.#memory.holdSpan(span);
    if (view !== undefined) this.#spans.push(span);
    return view;
  }

  /** Once or more often. */
  release(): void {
    for (const span of this.#spans) this.#memory.releaseSpan(span);
    this.#spans.length = 0;
    this.parts.length = 0;
  }
}

/** What lies from `from` up to, but without, `to`; both may be outside. */
function cut(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return from <= 0 && to >= bytes.length ? bytes : bytes.subarray(Math.max(0, from), to);
}
