import type { LaneReader, Span } from "@millrace/engine";

/** For tests only. Bytes of one slab: little, so that every test crosses a border. */
const SLAB_BYTES = 1000;

interface Entry {
  readonly span: Span;
  readonly key: boolean;
}

/**
 * A lane in plain memory whose holds are counted. Its readers do what the engine's do, as far as this protocol uses
 * them.
 */
export class FakeLane {
  readonly #slabs: Uint8Array[] = [];
  readonly #entries: Entry[] = [];
  readonly #readers = new Set<FakeReader>();
  /** Holds by slab. */
  readonly holds: number[] = [];
  readonly tables: Uint8Array = new Uint8Array([0xfe, 0xfe]);
  #used = SLAB_BYTES;
  #value = 0;
  ended = false;
  /** Slabs that were reused: nobody can hold them any more. */
  readonly gone = new Set<number>();
  /** Chunks before this one have left the window. */
  tail = 0;

  get head(): number {
    return this.#entries.length;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Holds that were not given back. */
  get held(): number {
    return this.holds.reduce((sum, each) => sum + each, 0);
  }

  /** Everything that was ever written, each byte one more than the one before. */
  get written(): Uint8Array {
    return Buffer.concat(this.#entries.map(({ span }) => this.view(span)));
  }

  /** One more chunk; readers hear of it. */
  put(length: number, key = false): void {
    if (this.#used + length > SLAB_BYTES) {
      this.#slabs.push(new Uint8Array(SLAB_BYTES));
      this.holds.push(0);
      this.#used = 0;
    }
    const slab = this.#slabs.length - 1;
    const span = { arena: 1, slab, generation: 1, offset: this.#used, length };
    this.#entries.push({ span, key });
    for (const at of this.view(span).keys()) this.view(span)[at] = this.#value++;
    this.#used += length;
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  wake(): void {
    for (const reader of this.#readers) reader.onReadable?.();
  }

  read(at: number = this.head): LaneReader {
    const reader = new FakeReader(this, at);
    this.#readers.add(reader);
    return reader as unknown as LaneReader;
  }

  // For its readers.

  entry(seq: number): Entry | undefined {
    return this.#entries[seq];
  }

  leave(reader: FakeReader): void {
    this.#readers.delete(reader);
  }

  view({ slab, offset, length }: Span): Uint8Array {
    return (this.#slabs[slab] as Uint8Array).subarray(offset, offset + length);
  }
}

class FakeReader {
  readonly #lane: FakeLane;
  readonly view;
  chunk: Span = { arena: 0, slab: 0, generation: 0, offset: 0, length: 0 };
  key = false;
  readonly bare = true;
  skips = 0;
  position: number;
  onReadable: (() => void) | undefined;

  constructor(lane: FakeLane, at: number) {
    this.#lane = lane;
    this.position = at;
    this.view = { ring: lane, read: () => lane.read() };
  }

  get ended(): boolean {
    return this.#lane.ended && this.position === this.#lane.head;
  }

  get lagBytes(): number {
    return this.#lane.head - this.position;
  }

  tables(): Uint8Array {
    return this.#lane.tables;
  }

  next(): boolean {
    if (this.position < this.#lane.tail) this.skip();
    const entry = this.#lane.entry(this.position);
    if (entry === undefined) return false;
    this.chunk = entry.span;
    this.key = entry.key;
    this.position++;
    return true;
  }

  skip(): void {
    this.skips++;
    this.position = Math.max(this.position, this.#lane.tail);
  }

  seek(seq: number): void {
    this.position = seq;
  }

  span(): Span {
    return { ...this.chunk };
  }

  hold(): Uint8Array | undefined {
    const { slab } = this.chunk;
    if (this.#lane.gone.has(slab)) return undefined;
    this.#lane.holds[slab] = (this.#lane.holds[slab] as number) + 1;
    return this.#lane.view(this.chunk);
  }

  releaseSpan({ slab }: Span): void {
    this.#lane.holds[slab] = (this.#lane.holds[slab] as number) - 1;
  }

  close(): void {
    this.onReadable = undefined;
    this.#lane.leave(this);
  }
}
