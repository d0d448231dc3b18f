import { SLAB_BYTES } from "./arena.ts";
import type { SlabPool, SlabUse } from "./pool.ts";
import type { Span } from "./span.ts";

/**
 * Puts bytes that were made, not received, into shared memory: what packagings make of a stream. Every span is held once
 * for whoever stored it; a slab is used again when the last of its spans was released.
 */
export class SpanStore {
  readonly #pool: SlabPool;
  #use: SlabUse | undefined;
  #used = 0;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Copies the bytes of all parts, one after the other. One span a slab that they touch: usually one. */
  store(parts: readonly Uint8Array[]): Span[] {
    const spans: Span[] = [];
    let open: { offset: number; length: number } | undefined;
    for (const part of parts) {
      for (let at = 0; at < part.length; ) {
        if (this.#use === undefined || this.#used === SLAB_BYTES) {
          this.#endSpan(spans, open);
          open = undefined;
          this.#nextSlab();
        }
        const { arena, slab } = this.#use as SlabUse;
        const size = Math.min(SLAB_BYTES - this.#used, part.length - at);
        arena.bytes.set(part.subarray(at, at + size), slab * SLAB_BYTES + this.#used);
        open ??= { offset: this.#used, length: 0 };
        open.length += size;
        this.#used += size;
        at += size;
      }
    }
    this.#endSpan(spans, open);
    return spans;
  }

  /** Gives the slab back that is not full. What was stored stays until it is released. */
  close(): void {
    if (this.#use !== undefined) this.#pool.give(this.#use);
    this.#use = undefined;
  }

  #endSpan(spans: Span[], open: { offset: number; length: number } | undefined): void {
    if (open === undefined || this.#use === undefined) return;
    const { arena, slab, generation } = this.#use;
    arena.hold(slab, generation);
    spans.push({ arena: arena.handle.id, slab, generation, ...open });
  }

  #nextSlab(): void {
    this.close();
    this.#use = this.#pool.take();
    this.#used = 0;
  }
}
