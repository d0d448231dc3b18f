import type { LaneWriter } from "../lane/writer.ts";

/** A lane that others may watch. */
export interface Watched {
  readonly writer: LaneWriter;
  /** Wake whoever reads. */
  wake(): void;
}

/**
 * Once a turn of the event loop: commits what was written and wakes readers, so that a burst of datagrams costs one
 * chunk and one wake-up.
 */
export class Ticker {
  #open: LaneWriter[] = [];
  #dirty: Watched[] = [];
  readonly #inDirty = new Set<Watched>();
  #scheduled = false;
  readonly #run = (): void => this.run();

  /** The lane has bytes to be committed at the end of this turn. */
  commitLater(writer: LaneWriter): void {
    if (this.#open.includes(writer)) return;
    this.#open.push(writer);
    this.#schedule();
  }

  wakeLater(watched: Watched): void {
    if (this.#inDirty.has(watched)) return;
    this.#inDirty.add(watched);
    this.#dirty.push(watched);
    this.#schedule();
  }

  run(): void {
    this.#scheduled = false;
    const open = this.#open;
    this.#open = [];
    for (const writer of open) writer.commit();
    const dirty = this.#dirty;
    this.#dirty = [];
    this.#inDirty.clear();
    for (const watched of dirty) watched.wake();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }
}
