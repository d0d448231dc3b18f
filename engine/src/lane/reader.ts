import type { Track } from "@millrace/model";
import type { ArenaTable } from "../memory/pool.ts";
import type { Span } from "../memory/span.ts";
import {
  CHUNK_BARE,
  CHUNK_DISCONTINUITY,
  CHUNK_DISPOSABLE,
  CHUNK_KEY,
  CHUNK_MORE,
  CHUNK_REPEAT,
  type Chunk,
  emptyChunk,
  Ring,
} from "./ring.ts";
import { EARLIER_TRACKS, type LaneHandle, type TracksVersion } from "./writer.ts";

/** A lane as one worker sees it: its ring, its tracks and this worker's readers. */
export class LaneView {
  readonly id: string;
  readonly kind: string;
  readonly ring: Ring;
  readonly arenas: ArenaTable;
  readonly #readers = new Set<LaneReader>();
  #tracks: readonly Track[];
  #tracksVersion: number;
  readonly #earlierTracks: TracksVersion[];
  #seenHead: number;
  #lost = false;
  /** The last reader left, or the first came. */
  onDemand: ((wanted: boolean) => void) | undefined;

  constructor(handle: LaneHandle, arenas: ArenaTable) {
    this.id = handle.id;
    this.kind = handle.kind;
    this.ring = new Ring(handle.ring);
    this.arenas = arenas;
    this.#tracks = handle.tracks;
    this.#tracksVersion = handle.tracksVersion;
    this.#earlierTracks = [...handle.earlierTracks];
    this.#seenHead = this.ring.head;
  }

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  get tracksVersion(): number {
    return this.#tracksVersion;
  }

  /** The tracks of chunks with this number; the oldest that are remembered for those before them. */
  tracksOf(version: number): readonly Track[] {
    for (const each of this.#earlierTracks) if (((version - each.version) | 0) <= 0) return each.tracks;
    return this.#tracks;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** The writer is gone without an end: its worker died. */
  get lost(): boolean {
    return this.#lost;
  }

  setTracks(tracks: readonly Track[], version: number): void {
    if (version === this.#tracksVersion) return;
    this.#earlierTracks.push({ version: this.#tracksVersion, tracks: this.#tracks });
    if (this.#earlierTracks.length > EARLIER_TRACKS) this.#earlierTracks.shift();
    this.#tracks = tracks;
    this.#tracksVersion = version;
    for (const reader of this.#readers) reader.onTracks?.();
  }

  /** A new reader; `live` starts at the head, `key` at the last key frame. */
  read(start: "live" | "key"): LaneReader {
    const reader = new LaneReader(this, start);
    this.#readers.add(reader);
    if (this.#readers.size === 1) this.onDemand?.(true);
    return reader;
  }

  leave(reader: LaneReader): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.onDemand?.(false);
  }

  /** Wakes the readers if there is something new. */
  poll(): void {
    const head = this.ring.head;
    if (head === this.#seenHead && !this.ring.ended) return;
    this.#seenHead = head;
    this.wake();
  }

  wake(): void {
    for (const reader of this.#readers) reader.onReadable?.();
  }

  markLost(): void {
    this.#lost = true;
    this.wake();
  }
}

/**
 * A cursor on a lane. `next` moves to the next chunk; the fields then describe it until the next call. A reader that
 * fell out of the window is put on the newest key frame and `skips` counts it.
 */
export class LaneReader {
  readonly view: LaneView;
  readonly chunk: Chunk = emptyChunk();
  /** Any other chunk, when numbers of it are asked for. */
  readonly #other: Chunk = emptyChunk();
  #next: number;
  #closed = false;
  #waitKey: boolean;
  /** Times that the reader had fallen out of the window. */
  skips = 0;
  /** Something new may be there. Called at most once a turn of the event loop. */
  onReadable: (() => void) | undefined;
  onTracks: (() => void) | undefined;
  /** Released together with the reader. */
  onClose: (() => void) | undefined;

  constructor(view: LaneView, start: "live" | "key") {
    this.view = view;
    const key = start === "key" ? view.ring.lastKey : undefined;
    this.#next = key ?? view.ring.head;
    this.#waitKey = false;
  }

  /** `ts`, `units`, or the name of a packaged lane. */
  get lane(): string {
    return this.view.kind;
  }

  get tracks(): readonly Track[] {
    return this.view.tracks;
  }

  /** The writer ended the lane and everything was read, or the writer's worker is gone. */
  get ended(): boolean {
    return this.view.lost || (this.view.ring.ended && this.#next === this.view.ring.head);
  }

  get key(): boolean {
    return (this.chunk.flags & CHUNK_KEY) !== 0;
  }

  get discontinuity(): boolean {
    return (this.chunk.flags & CHUNK_DISCONTINUITY) !== 0;
  }

  /** A decoder that starts at this chunk needs `tables()` first. */
  get bare(): boolean {
    return (this.chunk.flags & CHUNK_BARE) !== 0;
  }

  /** The unit goes on in the next chunk, which is there as well. */
  get more(): boolean {
    return (this.chunk.flags & CHUNK_MORE) !== 0;
  }

  /** Of a packaged lane: no other message needs the one that the chunk is of. */
  get disposable(): boolean {
    return (this.chunk.flags & CHUNK_DISPOSABLE) !== 0;
  }

  /** Of a packaged lane: a header for those who start here; whoever read the lane up to here leaves it out. */
  get repeat(): boolean {
    return (this.chunk.flags & CHUNK_REPEAT) !== 0;
  }

  /** Number of the chunk that `next` will try. */
  get position(): number {
    return this.#next;
  }

  /** Chunks between the reader and the head. */
  get lag(): number {
    return (this.view.ring.head - this.#next) | 0;
  }

  /** Bytes that wait to be read; those that already fell out of the window are not counted. */
  get lagBytes(): number {
    const { ring } = this.view;
    const { tail, head } = ring;
    const oldest = ((this.#next - tail) | 0) < 0 ? tail : this.#next;
    if (((head - oldest) | 0) <= 0 || !ring.read((head - 1) | 0, this.#other)) return 0;
    const end = this.#other.position + this.#other.length;
    return ring.read(oldest, this.#other) ? Math.max(0, end - this.#other.position) : 0;
  }

  /** PAT and PMT packets for a decoder that starts at a bare key chunk. */
  tables(): Uint8Array {
    return this.view.ring.tables();
  }

  /** Moves to the next chunk; false when there is none yet. */
  next(): boolean {
    const ring = this.view.ring;
    for (;;) {
      const seq = this.#next;
      if (seq === ring.head || this.#closed) return false;
      if (((seq - ring.tail) | 0) < 0 || !ring.read(seq, this.chunk)) {
        this.skip();
        continue;
      }
      // Memory or tracks that were not announced to this worker yet: the announcement rings again.
      if (this.view.arenas.get(this.chunk.arena) === undefined) return false;
      if (((this.chunk.tracksVersion - this.view.tracksVersion) | 0) > 0) return false;
      this.#next = (seq + 1) | 0;
      if (this.#waitKey && !this.key) continue;
      this.#waitKey = false;
      return true;
    }
  }

  /** Gives up what lies behind: on to the newest key frame, or the live edge to wait for one. */
  skip(): void {
    this.skips++;
    const { lastKey, head } = this.view.ring;
    const ahead = lastKey !== undefined && ((lastKey - this.#next) | 0) > 0;
    this.#next = ahead ? lastKey : head;
    this.#waitKey = !ahead && lastKey !== undefined;
  }

  /** Puts the cursor on a chunk number of this lane; it reads on from there, key frame or not. */
  seek(seq: number): void {
    this.#next = seq;
    this.#waitKey = false;
  }

  /** The current chunk as plain numbers. */
  span(): Span {
    const { arena, slab, generation, offset, length } = this.chunk;
    return { arena, slab, generation, offset, length };
  }

  /**
   * The current chunk's bytes, held: they cannot be reused until `release`. Undefined when they are gone already
   * (the reader was too slow); go on with `next`.
   */
  hold(): Uint8Array | undefined {
    return this.view.arenas.hold(this.chunk);
  }

  /** Ends the hold on the current chunk. To end it later, keep `span()` and use `releaseSpan`. */
  release(): void {
    this.view.arenas.release(this.chunk);
  }

  holdSpan(span: Span): Uint8Array | undefined {
    return this.view.arenas.hold(span);
  }

  releaseSpan(span: Span): void {
    this.view.arenas.release(span);
  }

  /**
   * Calls `use` with each chunk's bytes until none is left, holding each one meanwhile. For readers that copy or
   * finish with the bytes before they return.
   */
  drain(use: (bytes: Uint8Array, reader: LaneReader) => void): void {
    while (this.next()) {
      const bytes = this.hold();
      if (bytes === undefined) {
        this.skip();
        continue;
      }
      try {
        use(bytes, this);
      } finally {
        this.release();
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onReadable = undefined;
    this.view.leave(this);
    this.onClose?.();
  }
}
