import { type LaneReader, ShelfWriter, type Span, type StreamHost } from "@millrace/engine";

/** For tests only. */
export interface FakeChunk {
  /** Milliseconds on the stream's own clock. */
  readonly ms: number;
  readonly key?: boolean;
  readonly bare?: boolean;
  readonly broken?: boolean;
  readonly bytes?: number;
}

const SLAB_BYTES = 4000;

/** A stream host over a lane in numbers only: spans and times, no bytes; what is held is counted. */
export class FakeHost {
  readonly name = "one";
  readonly shelfWriter = new ShelfWriter();
  /** Spans held, by slab. */
  readonly holds = new Map<number, number>();
  readonly tables: Uint8Array = new Uint8Array(188 * 2);
  /** Every span that was put, in order. */
  readonly spans: Span[] = [];
  /** The next hold fails: the memory is gone. */
  gone = false;
  wall = 1_800_000_000_000;
  readers = 0;
  lastWantedMs = 0;
  #slab = 0;
  #used = 0;
  #position = 0;
  #lastKey: number | undefined;
  #pending: FakeChunk | undefined;
  #reader: FakeReader | undefined;
  readonly clock = { nowNs: () => this.wall * 1e6, wallMs: () => this.wall };

  get host(): StreamHost {
    return this as unknown as StreamHost;
  }

  get held(): number {
    return [...this.holds.values()].reduce((sum, each) => sum + each, 0);
  }

  get lastKey(): number | undefined {
    return this.#lastKey;
  }

  info(): { tracks: { codec: string }[] } {
    return { tracks: [] };
  }

  shelf(): ShelfWriter {
    return this.shelfWriter;
  }

  read(): LaneReader {
    this.readers++;
    this.#reader = new FakeReader(this, () => this.readers--);
    return this.#reader as unknown as LaneReader;
  }

  holdSpan({ slab }: Span): boolean {
    if (this.gone) return false;
    this.holds.set(slab, (this.holds.get(slab) ?? 0) + 1);
    return true;
  }

  releaseSpan({ slab }: Span): void {
    this.holds.set(slab, (this.holds.get(slab) ?? 0) - 1);
  }

  /** The reader fell out of the window. */
  skip(): void {
    if (this.#reader !== undefined) this.#reader.skips++;
  }

  /** One more chunk, which the reader takes at once. */
  put(chunk: FakeChunk): void {
    const length = chunk.bytes ?? 500;
    if (this.#used + length > SLAB_BYTES) {
      this.#slab++;
      this.#used = 0;
    }
    this.spans.push({ arena: 1, slab: this.#slab, generation: 1, offset: this.#used, length });
    this.#used += length;
    if (chunk.key === true) this.#lastKey = this.spans.length - 1;
    this.#pending = chunk;
    this.#reader?.onReadable?.();
    this.#position += length;
  }

  take(): { chunk: FakeChunk; span: Span; position: number } | undefined {
    const chunk = this.#pending;
    this.#pending = undefined;
    if (chunk === undefined) return undefined;
    return { chunk, span: this.spans[this.spans.length - 1] as Span, position: this.#position };
  }
}

class FakeReader {
  readonly #host: FakeHost;
  readonly #onClose: () => void;
  readonly view;
  #current: { chunk: FakeChunk; span: Span; position: number } | undefined;
  skips = 0;
  onReadable: (() => void) | undefined;

  constructor(host: FakeHost, onClose: () => void) {
    this.#host = host;
    this.#onClose = onClose;
    this.view = { ring: host };
  }

  get chunk() {
    const { chunk, span, position } = this.#current as NonNullable<ReturnType<FakeHost["take"]>>;
    return { ...span, position, dts: chunk.ms * 90, wallMs: this.#host.wall };
  }

  get key(): boolean {
    return this.#current?.chunk.key === true;
  }

  get bare(): boolean {
    return this.#current?.chunk.bare === true;
  }

  get discontinuity(): boolean {
    return this.#current?.chunk.broken === true;
  }

  next(): boolean {
    this.#current = this.#host.take();
    return this.#current !== undefined;
  }

  span(): Span {
    return { ...(this.#current as { span: Span }).span };
  }

  tables(): Uint8Array {
    return this.#host.tables;
  }

  close(): void {
    this.onReadable = undefined;
    this.#onClose();
  }
}
