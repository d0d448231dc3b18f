import type { LaneReader } from "@millrace/engine";
import { Batch } from "./batch.ts";
import type { Round, Viewer } from "./viewer.ts";

/** Fewer and larger writes: viewers get what gathered in this time, or earlier when it is much. */
const FLUSH_MS = 40;
const FLUSH_BYTES = 64 * 1024;
/** How often stalled viewers are looked for. */
const CHECK_MS = 1000;

/**
 * All viewers of one lane in one worker. What arrives is gathered once and written to everybody at the live edge; a
 * viewer whose socket is full drops out of the round, catches up with a cursor of its own, and joins again.
 */
export class Fanout implements Round {
  readonly #reader: LaneReader;
  readonly #viewers = new Set<Viewer>();
  readonly #onEmpty: () => void;
  readonly #timer: NodeJS.Timeout;
  #batch: Batch;
  #flushTimer: NodeJS.Timeout | undefined;
  readonly #flush = (): void => this.flush();

  constructor(reader: LaneReader, onEmpty: () => void) {
    this.#reader = reader;
    this.#onEmpty = onEmpty;
    reader.seek(reader.view.ring.head);
    this.#batch = new Batch(reader);
    reader.onReadable = () => this.#gather();
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** Where a viewer that has everything flushed so far stands. */
  get edge(): number {
    return this.#batch.firstSeq;
  }

  /** A cursor of its own for a viewer that cannot keep up. */
  cursor(): LaneReader {
    return this.#reader.view.read("live");
  }

  add(viewer: Viewer): void {
    this.#viewers.add(viewer);
  }

  remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
    this.#close();
  }

  #gather(): void {
    const reader = this.#reader;
    const batch = this.#batch;
    while (reader.next()) batch.add();
    if (batch.bytes >= FLUSH_BYTES) this.flush();
    else if (batch.bytes > 0 && this.#flushTimer === undefined) {
      this.#flushTimer = setTimeout(this.#flush, FLUSH_MS);
    }
    if (reader.ended) this.#end();
  }

  flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const batch = this.#batch;
    if (batch.bytes === 0) return;
    this.#batch = new Batch(this.#reader);
    for (const viewer of this.#viewers) viewer.send(batch);
    batch.done();
  }

  #check(): void {
    for (const viewer of this.#viewers) viewer.check();
  }

  #end(): void {
    this.flush();
    this.#close();
    const viewers = [...this.#viewers];
    this.#viewers.clear();
    for (const viewer of viewers) viewer.laneEnded();
  }

  #close(): void {
    clearTimeout(this.#flushTimer);
    clearInterval(this.#timer);
    this.#batch.done();
    this.#reader.close();
    this.#onEmpty();
  }
}
