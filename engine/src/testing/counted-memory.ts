import type { Span } from "../memory/span.ts";
import type { ShelfItem } from "../stream/shelf.ts";

/** For tests only: memory in slabs whose holds are counted, shared as that of lanes is. */
export class CountedMemory {
  readonly #slabs: Uint8Array[] = [];
  /** Slabs that were reused. */
  readonly gone = new Set<number>();
  held = 0;
  most = 0;

  /** A document of a head and some pieces, each in a slab of its own. */
  item(type: string, head: Uint8Array | undefined, pieces: readonly Uint8Array[]): ShelfItem {
    const spans = pieces.map((piece) => this.#put(piece));
    return { type, spans, ...(head === undefined ? {} : { head }) };
  }

  #put(piece: Uint8Array): Span {
    const slab = new Uint8Array(new SharedArrayBuffer(piece.length));
    slab.set(piece);
    this.#slabs.push(slab);
    return { arena: 1, slab: this.#slabs.length - 1, generation: 1, offset: 0, length: piece.length };
  }

  holdSpan({ slab }: Span): Uint8Array | undefined {
    if (this.gone.has(slab)) return undefined;
    this.most = Math.max(this.most, ++this.held);
    return this.#slabs[slab];
  }

  releaseSpan(_span: Span): void {
    this.held--;
  }
}
