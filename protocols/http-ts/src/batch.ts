import type { LaneReader, Span } from "@millrace/engine";

/** Bytes that all viewers at the live edge get in one go, held until the last of them has been written. */
export class Batch {
  readonly views: Uint8Array[] = [];
  readonly #spans: Span[] = [];
  readonly #reader: LaneReader;
  /** Number of the batch's first chunk. */
  readonly firstSeq: number;
  /** Writes that still need the memory, plus one while the batch is being handed out. */
  #users = 1;
  bytes = 0;

  constructor(reader: LaneReader) {
    this.#reader = reader;
    this.firstSeq = reader.position;
  }

  /** Adds the reader's current chunk; joins it to the one before where they lie side by side. */
  add(): void {
    const { chunk } = this.#reader;
    const view = this.#reader.hold();
    if (view === undefined) return;
    this.bytes += view.length;
    const last = this.#spans.length - 1;
    const span = this.#spans[last];
    const lastView = this.views[last];
    if (
      span !== undefined &&
      lastView !== undefined &&
      span.arena === chunk.arena &&
      span.slab === chunk.slab &&
      span.generation === chunk.generation &&
      lastView.byteOffset + lastView.length === view.byteOffset
    ) {
      // The first hold on the slab covers this chunk too.
      this.#reader.release();
      this.views[last] = new Uint8Array(view.buffer, lastView.byteOffset, lastView.length + view.length);
      return;
    }
    this.views.push(view);
    this.#spans.push(this.#reader.span());
  }

  use(): void {
    this.#users++;
  }

  done(): void {
    if (--this.#users > 0) return;
    for (const span of this.#spans) this.#reader.releaseSpan(span);
    this.#spans.length = 0;
  }
}
