import type { Span } from "../memory/span.ts";
import type { LaneReader } from "./reader.ts";

/**
 * Bytes that all viewers at the live edge get in one go. They stay in the lane's own memory, held until the last write
 * that needs them is done.
 */
export class Batch {
  readonly #reader: LaneReader;
  /** The runs of memory that it is made of: one, or two where a slab ended in the middle. */
  readonly #runs: { readonly span: Span; readonly view: Uint8Array; length: number }[] = [];
  /** Number of the batch's first chunk. */
  readonly firstSeq: number;
  /** Writes that still need the memory, plus one while the batch is being handed out. */
  #users = 1;
  #view: Uint8Array | undefined;
  bytes = 0;

  constructor(reader: LaneReader) {
    this.#reader = reader;
    this.firstSeq = reader.position;
  }

  /** Adds the reader's current chunk. False: its bytes are gone already. */
  add(): boolean {
    const { chunk } = this.#reader;
    const last = this.#runs[this.#runs.length - 1];
    if (
      last !== undefined &&
      last.span.arena === chunk.arena &&
      last.span.slab === chunk.slab &&
      last.span.generation === chunk.generation &&
      last.span.offset + last.length === chunk.offset
    ) {
      // It lies beside the one before: the hold on the slab covers it too.
      last.length += chunk.length;
    } else {
      const view = this.#reader.hold();
      if (view === undefined) return false;
      this.#runs.push({ span: this.#reader.span(), view, length: chunk.length });
    }
    this.bytes += chunk.length;
    return true;
  }

  /**
   * All of it, as one array; ask when nothing will be added any more. Where a slab ended in the middle that is a copy,
   * made once for all viewers: cheaper than a second write for each of them.
   */
  get view(): Uint8Array {
    this.#view ??= this.#runs.length === 1 ? this.#first() : this.#copy();
    return this.#view;
  }

  use(): void {
    this.#users++;
  }

  done(): void {
    if (--this.#users === 0) this.#release();
  }

  #first(): Uint8Array {
    const { view, length } = this.#runs[0] as { view: Uint8Array; length: number };
    return new Uint8Array(view.buffer, view.byteOffset, length);
  }

  #copy(): Uint8Array {
    const copy = new Uint8Array(this.bytes);
    let at = 0;
    for (const { view, length } of this.#runs) {
      copy.set(new Uint8Array(view.buffer, view.byteOffset, length), at);
      at += length;
    }
    this.#release();
    return copy;
  }

  #release(): void {
    for (const { span } of this.#runs.splice(0)) this.#reader.releaseSpan(span);
  }
}
