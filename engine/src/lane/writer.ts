import type { Clock, Track } from "@millrace/model";
import { SLAB_BYTES } from "../memory/arena.ts";
import type { SlabPool, SlabUse } from "../memory/pool.ts";
import { type Chunk, emptyChunk, Ring } from "./ring.ts";

/** What another worker needs to read a lane. */
export interface LaneHandle {
  readonly id: string;
  /** `ts`, `units`, or the name of a packaged lane. */
  readonly kind: string;
  readonly ring: SharedArrayBuffer;
  readonly tracks: readonly Track[];
  readonly tracksVersion: number;
  /** Tracks of chunks that were written before the last changes, oldest first. */
  readonly earlierTracks: readonly TracksVersion[];
}

/** Tracks, and the number by which chunks name them. */
export interface TracksVersion {
  readonly version: number;
  readonly tracks: readonly Track[];
}

/** Changes of tracks that are remembered for units that lie before them. */
export const EARLIER_TRACKS = 8;

export interface LaneWriterOptions {
  readonly id: string;
  readonly kind: string;
  readonly pool: SlabPool;
  readonly clock: Clock;
  /** How far back a reader may always go, milliseconds; the last key frame is kept beyond that. */
  readonly windowMs: number;
  /** Never keep more than this, bytes, even if no key frame is inside. */
  readonly maxBytes: number;
}

interface WindowSlab {
  use: SlabUse;
  firstSeq: number;
  /** Time of the last commit into it. */
  lastNs: number;
}

/**
 * The one writer of a lane. Bytes go straight into a slab: ask for `room`, write at `bytes[at]`, `advance`; a chunk is
 * what was advanced between two commits.
 */
export class LaneWriter {
  readonly id: string;
  readonly kind: string;
  readonly ring = new Ring();
  readonly #options: LaneWriterOptions;
  readonly #window: WindowSlab[] = [];
  readonly #chunk: Chunk = emptyChunk();
  #used = 0;
  #chunkStart = 0;
  #position = 0;
  #tracks: readonly Track[] = [];
  #tracksVersion = 0;
  readonly #earlierTracks: TracksVersion[] = [];
  /** Called after commits; the owner coalesces. */
  onCommit: (() => void) | undefined;
  onTracks: (() => void) | undefined;

  constructor(options: LaneWriterOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.#options = options;
  }

  /** Bytes written since the lane began. */
  get position(): number {
    return this.#position;
  }

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  get handle(): LaneHandle {
    return {
      id: this.id,
      kind: this.kind,
      ring: this.ring.shared,
      tracks: this.#tracks,
      tracksVersion: this.#tracksVersion,
      earlierTracks: this.#earlierTracks,
    };
  }

  /** Memory in the lane's window. */
  get windowBytes(): number {
    return this.#window.length * SLAB_BYTES;
  }

  /** Units written after this belong to these tracks; readers learn of them before they get such a unit. */
  setTracks(tracks: readonly Track[]): void {
    this.commit();
    this.#earlierTracks.push({ version: this.#tracksVersion, tracks: this.#tracks });
    if (this.#earlierTracks.length > EARLIER_TRACKS) this.#earlierTracks.shift();
    this.#tracks = tracks;
    this.#tracksVersion++;
    this.onTracks?.();
  }

  /**
   * Makes room for at least `unit` bytes and returns how many whole units fit in one run. A chunk that is open is
   * committed when the slab changes.
   */
  room(unit: number): number {
    let left = SLAB_BYTES - this.#used;
    if (this.#window.length === 0 || left < unit) {
      this.commit();
      this.#nextSlab();
      left = SLAB_BYTES;
    }
    return left - (left % unit);
  }

  /** The memory that `room` speaks of. */
  get bytes(): Uint8Array {
    return this.#current.use.arena.bytes;
  }

  /** Index in `bytes` of the next byte to be written. */
  get at(): number {
    return this.#current.use.slab * SLAB_BYTES + this.#used;
  }

  advance(length: number): void {
    this.#used += length;
  }

  /** Whether bytes wait for `commit`. */
  get open(): boolean {
    return this.#used > this.#chunkStart;
  }

  /** Says what the open chunk is; call before its first byte is advanced, or at any time before its commit. */
  mark(flags: number, time?: { dts: number; pts: number; track?: number }): void {
    this.#chunk.flags |= flags;
    if (time === undefined) return;
    this.#chunk.dts = time.dts;
    this.#chunk.pts = time.pts;
    this.#chunk.track = time.track ?? 0;
  }

  /** Ends the open chunk and shows it to readers. */
  commit(): void {
    const length = this.#used - this.#chunkStart;
    if (length <= 0) return;
    const { use } = this.#current;
    const chunk = this.#chunk;
    chunk.arena = use.arena.handle.id;
    chunk.slab = use.slab;
    chunk.generation = use.generation;
    chunk.offset = this.#chunkStart;
    chunk.length = length;
    chunk.tracksVersion = this.#tracksVersion;
    chunk.position = this.#position;
    chunk.arrivalNs = this.#options.clock.nowNs();
    chunk.wallMs = this.#options.clock.wallMs();
    this.ring.append(chunk);
    this.#current.lastNs = chunk.arrivalNs;
    this.#position += length;
    this.#chunkStart = this.#used;
    chunk.flags = 0;
    this.onCommit?.();
  }

  /** No more will come. Readers get to the end and then see it; what the window holds stays until `free`. */
  end(): void {
    this.commit();
    this.ring.end();
    this.onCommit?.();
  }

  /** After `end`: gives the memory back. A reader that has not come to the end by now loses the rest. */
  free(): void {
    this.ring.setTail(this.ring.head);
    for (const slab of this.#window.splice(0)) this.#options.pool.give(slab.use);
    this.#used = 0;
    this.#chunkStart = 0;
  }

  get #current(): WindowSlab {
    return this.#window[this.#window.length - 1] as WindowSlab;
  }

  #nextSlab(): void {
    this.#trim();
    const use = this.#options.pool.take();
    const nowNs = this.#options.clock.nowNs();
    this.#window.push({ use, firstSeq: this.ring.next, lastNs: nowNs });
    this.#used = 0;
    this.#chunkStart = 0;
  }

  /** Lets go of slabs that neither the window nor the last key frame needs. */
  #trim(): void {
    const { pool, clock, windowMs, maxBytes } = this.#options;
    const oldestNs = clock.nowNs() - windowMs * 1e6;
    while (this.#window.length > 1) {
      const first = this.#window[0] as WindowSlab;
      const nextSeq = (this.#window[1] as WindowSlab).firstSeq;
      const lastKey = this.ring.lastKey;
      const needed = first.lastNs >= oldestNs || (lastKey !== undefined && ((lastKey - nextSeq) | 0) < 0);
      const overrun = ((nextSeq - this.ring.tail) | 0) <= 0;
      if (needed && !overrun && this.windowBytes < maxBytes) return;
      if (!overrun) this.ring.setTail(nextSeq);
      this.#window.shift();
      pool.give(first.use);
    }
  }
}
