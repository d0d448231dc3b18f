import { Arena, type ArenaHandle, SLAB_BYTES, SLABS_PER_ARENA } from "./arena.ts";
import type { Span } from "./span.ts";

/** Slabs by place; `use` is the generation that was given out. */
export interface SlabUse {
  readonly arena: Arena;
  readonly slab: number;
  readonly generation: number;
}

/** Every arena that this worker can see, its own and those of others. */
export class ArenaTable {
  readonly #arenas = new Map<number, Arena>();

  add(handle: ArenaHandle): Arena {
    const arena = this.#arenas.get(handle.id) ?? new Arena(handle);
    this.#arenas.set(handle.id, arena);
    return arena;
  }

  get(id: number): Arena | undefined {
    return this.#arenas.get(id);
  }

  drop(id: number): void {
    this.#arenas.delete(id);
  }

  /** Forgets the arenas of a worker that is gone; memory under views that are still queued stays alive by itself. */
  dropOwner(owner: number): void {
    for (const id of this.#arenas.keys()) if (arenaOwner(id) === owner % OWNERS) this.#arenas.delete(id);
  }

  hold(span: Span): Uint8Array | undefined {
    const arena = this.#arenas.get(span.arena);
    if (arena === undefined || !arena.hold(span.slab, span.generation)) return undefined;
    const start = span.slab * SLAB_BYTES + span.offset;
    return arena.bytes.subarray(start, start + span.length);
  }

  release(span: Span): void {
    this.#arenas.get(span.arena)?.release(span.slab);
  }
}

/** Arena ids carry their owner, so that two workers never give out the same one. */
const IDS_PER_OWNER = 1 << 20;
/** Ids fit 32 bits; a number that comes again after 4096 starts of workers belongs to nobody alive. */
const OWNERS = 1 << 12;

export function arenaOwner(id: number): number {
  return Math.floor(id / IDS_PER_OWNER);
}

interface RetiredSlab {
  readonly arena: Arena;
  readonly slab: number;
}

/** Hands out slabs of this worker's arenas and takes them back when nobody holds them any more. */
export class SlabPool {
  readonly #table: ArenaTable;
  readonly #owner: number;
  readonly #arenas: Arena[] = [];
  /** Slabs whose last owner's reference was dropped; readers may still hold them. */
  readonly #retired: RetiredSlab[] = [];
  /** Where the next search goes on: most of a long list is held for long, and need not be looked at every time. */
  #hand = 0;
  #nextId = 0;
  /** Told of each new arena before any slab of it is used, and of each one given back. */
  onArena: ((handle: ArenaHandle) => void) | undefined;
  onDrop: ((id: number) => void) | undefined;

  constructor(table: ArenaTable, owner: number, firstId = 0) {
    this.#table = table;
    this.#owner = owner;
    this.#nextId = firstId;
  }

  get arenas(): readonly Arena[] {
    return this.#arenas;
  }

  /** Bytes asked of the system. */
  get totalBytes(): number {
    return this.#arenas.length * SLAB_BYTES * SLABS_PER_ARENA;
  }

  /** Bytes that could be given out without asking for more. */
  get freeBytes(): number {
    let free = 0;
    for (const { arena, slab } of this.#retired) if (arena.refs(slab) === 0) free++;
    return free * SLAB_BYTES;
  }

  /** A slab with one reference, for the caller. */
  take(): SlabUse {
    for (let tries = this.#retired.length; tries > 0; tries--) {
      if (this.#hand >= this.#retired.length) this.#hand = 0;
      const { arena, slab } = this.#retired[this.#hand] as RetiredSlab;
      if (!arena.recycle(slab)) {
        this.#hand++;
        continue;
      }
      this.#remove(this.#hand);
      return { arena, slab, generation: arena.generation(slab) };
    }
    this.#grow();
    return this.take();
  }

  /** Drops the caller's reference; the slab is reused when the last reader let go. */
  give(use: SlabUse): void {
    use.arena.release(use.slab);
    this.#retired.push({ arena: use.arena, slab: use.slab });
  }

  /** Gives whole arenas that nobody uses back to the system, but for `keep` free ones. */
  shrink(keep = 1): void {
    const free = this.#arenas.filter((arena) => this.#isIdle(arena));
    for (const arena of free.slice(keep)) {
      this.#arenas.splice(this.#arenas.indexOf(arena), 1);
      for (let i = this.#retired.length - 1; i >= 0; i--) {
        if (this.#retired[i]?.arena === arena) this.#retired.splice(i, 1);
      }
      this.#table.drop(arena.handle.id);
      this.onDrop?.(arena.handle.id);
    }
  }

  /** Their order says nothing, so the last one fills the gap. */
  #remove(at: number): void {
    const last = this.#retired.pop() as RetiredSlab;
    if (at < this.#retired.length) this.#retired[at] = last;
  }

  #isIdle(arena: Arena): boolean {
    let retired = 0;
    for (const entry of this.#retired) if (entry.arena === arena && arena.refs(entry.slab) === 0) retired++;
    return retired === SLABS_PER_ARENA;
  }

  #grow(): void {
    const arena = Arena.create((this.#owner % OWNERS) * IDS_PER_OWNER + (this.#nextId++ % IDS_PER_OWNER));
    this.#arenas.push(arena);
    this.#table.add(arena.handle);
    this.onArena?.(arena.handle);
    this.#hand = this.#retired.length;
    for (let slab = 0; slab < SLABS_PER_ARENA; slab++) this.#retired.push({ arena, slab });
  }
}
