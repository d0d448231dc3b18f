/**
 * The index of a lane: a ring of fixed-size descriptors in shared memory, one for each chunk. One thread writes, any
 * number read. Sequence numbers are 32-bit and wrap; compare them by signed difference only.
 */

/** Descriptors in a ring: at 400 commits a second ten seconds. */
export const RING_ENTRIES = 4096;

const HEADER_WORDS = 16;
const ENTRY_WORDS = 18;

/** Header words. */
const HEAD = 0;
const TAIL = 1;
const LAST_KEY = 2;
const HAS_KEY = 3;
const ENDED = 4;
const TABLES_VERSION = 5;
const TABLES_LENGTH = 6;

/** Entry words; the doubles stand at even words. */
const SEQ = 0;
const ARENA = 1;
const SLAB = 2;
const GENERATION = 3;
const OFFSET = 4;
const LENGTH = 5;
const FLAGS = 6;
const TRACK = 7;
const DTS = 4; // as index of doubles: word 8
const PTS_OFFSET = 10;
const TRACKS_VERSION = 11;
const WALL = 6; // word 12
const ARRIVAL = 7; // word 14
const POSITION = 8; // word 16

/** Room for the packets that a new reader gets before its first chunk (PAT and PMTs), bytes. */
export const TABLES_BYTES = 188 * 64;

/** A new reader may start here. */
export const CHUNK_KEY = 1;
export const CHUNK_DISCONTINUITY = 2;
/** A key chunk that does not itself begin with the tables a decoder needs. */
export const CHUNK_BARE = 4;
/** The unit goes on in the next chunk. */
export const CHUNK_MORE = 8;
/** The unit stands alone for its own track, whether or not readers start at it. */
export const CHUNK_UNIT_KEY = 16;
/** Of a publisher's pipe: its timeline begins anew with this unit. */
export const CHUNK_BREAK = 32;
/** Of a packaged lane: no other message needs this one. */
export const CHUNK_DISPOSABLE = 64;
/** Of a packaged lane: whoever read the lane up to here has it already. */
export const CHUNK_REPEAT = 128;

/** One descriptor, as plain numbers. Reused: copy what must outlive the next read. */
export interface Chunk {
  seq: number;
  arena: number;
  slab: number;
  generation: number;
  offset: number;
  length: number;
  flags: number;
  track: number;
  tracksVersion: number;
  dts: number;
  pts: number;
  wallMs: number;
  arrivalNs: number;
  /** Bytes of the lane before this chunk. */
  position: number;
}

export function emptyChunk(): Chunk {
  return {
    seq: 0,
    arena: 0,
    slab: 0,
    generation: 0,
    offset: 0,
    length: 0,
    flags: 0,
    track: 0,
    tracksVersion: 0,
    dts: 0,
    pts: 0,
    wallMs: 0,
    arrivalNs: 0,
    position: 0,
  };
}

export class Ring {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #tables: Uint8Array;
  /** Writer only: chunks behind the head, parts of a unit that readers do not see before it is whole. */
  #hidden = 0;
  /** Writer only: a key chunk among them. */
  #hiddenKey: number | undefined;

  constructor(shared?: SharedArrayBuffer) {
    const ringBytes = (HEADER_WORDS + RING_ENTRIES * ENTRY_WORDS) * 4;
    this.shared = shared ?? new SharedArrayBuffer(ringBytes + TABLES_BYTES);
    this.#words = new Int32Array(this.shared, 0, ringBytes / 4);
    this.#doubles = new Float64Array(this.shared, 0, ringBytes / 8);
    this.#tables = new Uint8Array(this.shared, ringBytes, TABLES_BYTES);
  }

  /** Number of the next chunk to be written. */
  get head(): number {
    return Atomics.load(this.#words, HEAD);
  }

  /** Writer only: the number that the next `append` gives. */
  get next(): number {
    return (this.head + this.#hidden) | 0;
  }

  /** Number of the oldest chunk that may still be read. */
  get tail(): number {
    return Atomics.load(this.#words, TAIL);
  }

  /** Number of the newest key chunk; undefined before the first. */
  get lastKey(): number | undefined {
    return Atomics.load(this.#words, HAS_KEY) === 1 ? Atomics.load(this.#words, LAST_KEY) : undefined;
  }

  get ended(): boolean {
    return Atomics.load(this.#words, ENDED) === 1;
  }

  end(): void {
    Atomics.store(this.#words, ENDED, 1);
  }

  setTail(seq: number): void {
    Atomics.store(this.#words, TAIL, seq);
    const key = this.lastKey;
    if (key !== undefined && ((key - seq) | 0) < 0) Atomics.store(this.#words, HAS_KEY, 0);
  }

  /**
   * Writer only. `chunk.seq` is ignored: the next number is used. A chunk that goes on in the next one is shown together
   * with that.
   */
  append(chunk: Chunk): void {
    const words = this.#words;
    const seq = this.next;
    if (((seq - this.tail) | 0) >= RING_ENTRIES) this.setTail((seq - RING_ENTRIES + 1) | 0);
    const base = this.#base(seq);
    // The slot's number changes first, so that a reader still copying the old entry notices.
    Atomics.store(words, base + SEQ, (seq + 1) | 0);
    words[base + ARENA] = chunk.arena;
    words[base + SLAB] = chunk.slab;
    words[base + GENERATION] = chunk.generation;
    words[base + OFFSET] = chunk.offset;
    words[base + LENGTH] = chunk.length;
    words[base + FLAGS] = chunk.flags;
    words[base + TRACK] = chunk.track;
    words[base + PTS_OFFSET] = chunk.pts - chunk.dts;
    words[base + TRACKS_VERSION] = chunk.tracksVersion;
    const at = base / 2;
    this.#doubles[at + DTS] = chunk.dts;
    this.#doubles[at + WALL] = chunk.wallMs;
    this.#doubles[at + ARRIVAL] = chunk.arrivalNs;
    this.#doubles[at + POSITION] = chunk.position;
    Atomics.store(words, base + SEQ, seq);
    if ((chunk.flags & CHUNK_KEY) !== 0) this.#hiddenKey = seq;
    if ((chunk.flags & CHUNK_MORE) !== 0) {
      this.#hidden++;
      return;
    }
    if (this.#hiddenKey !== undefined) {
      Atomics.store(words, LAST_KEY, this.#hiddenKey);
      Atomics.store(words, HAS_KEY, 1);
      this.#hiddenKey = undefined;
    }
    this.#hidden = 0;
    Atomics.store(words, HEAD, (seq + 1) | 0);
  }

  /** Copies the entry `seq`; false when it is not there (any more). */
  read(seq: number, into: Chunk): boolean {
    const words = this.#words;
    const base = this.#base(seq);
    if (Atomics.load(words, base + SEQ) !== seq) return false;
    into.seq = seq;
    into.arena = (words[base + ARENA] as number) >>> 0;
    into.slab = words[base + SLAB] as number;
    into.generation = words[base + GENERATION] as number;
    into.offset = words[base + OFFSET] as number;
    into.length = words[base + LENGTH] as number;
    into.flags = words[base + FLAGS] as number;
    into.track = words[base + TRACK] as number;
    into.tracksVersion = words[base + TRACKS_VERSION] as number;
    const at = base / 2;
    into.dts = this.#doubles[at + DTS] as number;
    into.pts = into.dts + (words[base + PTS_OFFSET] as number);
    into.wallMs = this.#doubles[at + WALL] as number;
    into.arrivalNs = this.#doubles[at + ARRIVAL] as number;
    into.position = this.#doubles[at + POSITION] as number;
    return Atomics.load(words, base + SEQ) === seq;
  }

  /** Writer only: the packets a new reader gets first. An odd version means "being written". */
  setTables(bytes: Uint8Array): void {
    const version = Atomics.load(this.#words, TABLES_VERSION);
    Atomics.store(this.#words, TABLES_VERSION, (version + 1) | 0);
    this.#tables.set(bytes);
    Atomics.store(this.#words, TABLES_LENGTH, bytes.length);
    Atomics.store(this.#words, TABLES_VERSION, (version + 2) | 0);
  }

  /** A copy of those packets; empty before the first. */
  tables(): Uint8Array {
    for (let tries = 0; tries < 1000; tries++) {
      const version = Atomics.load(this.#words, TABLES_VERSION);
      if ((version & 1) !== 0) continue;
      const copy = new Uint8Array(Atomics.load(this.#words, TABLES_LENGTH));
      copy.set(this.#tables.subarray(0, copy.length));
      if (Atomics.load(this.#words, TABLES_VERSION) === version) return copy;
    }
    return new Uint8Array(0);
  }

  #base(seq: number): number {
    return HEADER_WORDS + (seq & (RING_ENTRIES - 1)) * ENTRY_WORDS;
  }
}
