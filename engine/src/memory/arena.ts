/** Bytes in one slab. A stream of 4 Mbit/s fills four of them in a second. */
export const SLAB_BYTES = 128 * 1024;
/** Slabs in one arena: the unit in which memory is asked of the system and announced to other workers. */
export const SLABS_PER_ARENA = 16;

const REFS = 0;
const GENERATION = 1;
const WORDS = 2;
/** Stands in the reference count while a slab is between two uses: any hold sees a negative count and backs off. */
const RECYCLING = -0x4000_0000;

/** What is needed to see an arena from another worker. */
export interface ArenaHandle {
  readonly id: number;
  readonly data: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

/**
 * Shared memory cut into slabs, each with a reference count and a generation. Any thread may hold and release; only
 * the owner recycles. A hold names the generation it wants, so it can never get bytes of a later use.
 */
export class Arena {
  readonly handle: ArenaHandle;
  readonly bytes: Uint8Array;
  readonly #control: Int32Array;

  constructor(handle: ArenaHandle) {
    this.handle = handle;
    this.bytes = new Uint8Array(handle.data);
    this.#control = new Int32Array(handle.control);
  }

  static create(id: number): Arena {
    return new Arena({
      id,
      data: new SharedArrayBuffer(SLAB_BYTES * SLABS_PER_ARENA),
      control: new SharedArrayBuffer(SLABS_PER_ARENA * WORDS * 4),
    });
  }

  generation(slab: number): number {
    return Atomics.load(this.#control, slab * WORDS + GENERATION);
  }

  refs(slab: number): number {
    return Atomics.load(this.#control, slab * WORDS + REFS);
  }

  /** Adds `count` references if the slab is still in the use that `generation` names. */
  hold(slab: number, generation: number, count = 1): boolean {
    const refs = slab * WORDS + REFS;
    if (Atomics.add(this.#control, refs, count) > 0 && Atomics.load(this.#control, refs + 1) === generation) {
      return true;
    }
    Atomics.sub(this.#control, refs, count);
    return false;
  }

  release(slab: number, count = 1): void {
    Atomics.sub(this.#control, slab * WORDS + REFS, count);
  }

  /**
   * Owner only: starts the next use of a free slab, with one reference for the caller. False while anybody still
   * holds the slab.
   */
  recycle(slab: number): boolean {
    const refs = slab * WORDS + REFS;
    if (Atomics.compareExchange(this.#control, refs, 0, RECYCLING) !== 0) return false;
    Atomics.add(this.#control, refs + 1, 1);
    // Holders that backed off meanwhile add and take away the same count, so adding keeps the sum right.
    Atomics.add(this.#control, refs, 1 - RECYCLING);
    return true;
  }
}
