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
    const { from, to } = range ?? { from: 0, to: Number.POSITIVE_INFINITY };
    let at = 0;
    const take = (length: number, view: () => Uint8Array | undefined): boolean => {
      const [start, end] = [Math.max(from - at, 0), Math.min(to - at, length)];
      at += length;
      if (start >= end) return true;
      const bytes = view();
      if (bytes !== undefined) held.parts.push(end - start === length ? bytes : bytes.subarray(start, end));
      return bytes !== undefined;
    };
    const { head } = item;
    if (head !== undefined) take(head.length, () => head);
    for (const span of item.spans ?? []) {
      if (take(span.length, () => held.#hold(span))) continue;
      held.release();
      return undefined;
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
    for (const span of this.#spans.splice(0)) this.#memory.releaseSpan(span);
    this.parts.length = 0;
  }
}
