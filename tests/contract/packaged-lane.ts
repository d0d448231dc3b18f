import type { LaneReader, PackagedMessage } from "@millrace/engine";
import type { Clock } from "@millrace/model";
import { LaneView } from "../../engine/src/lane/reader.ts";
import { LaneWriter } from "../../engine/src/lane/writer.ts";
import { SLAB_BYTES } from "../../engine/src/memory/arena.ts";
import { ArenaTable, SlabPool } from "../../engine/src/memory/pool.ts";
import { PackagedOutput } from "../../engine/src/stream/packaged-output.ts";

/** A packaged lane of its own, without a stream around it. Its clock moves only when told, and readers are woken at once. */
export class TestPackagedLane {
  readonly #table = new ArenaTable();
  readonly #pool = new SlabPool(this.#table, 1);
  readonly #writer: LaneWriter;
  readonly #output: PackagedOutput;
  readonly view: LaneView;
  #nowNs = 1e9;

  constructor(options: { readonly windowMs?: number; readonly maxBytes?: number } = {}) {
    const clock: Clock = { nowNs: () => this.#nowNs, wallMs: () => this.#nowNs / 1e6 };
    this.#writer = new LaneWriter({
      id: "contract/packaged",
      kind: "packaged",
      pool: this.#pool,
      clock,
      windowMs: options.windowMs ?? 4000,
      maxBytes: options.maxBytes ?? 2 ** 26,
    });
    this.#output = new PackagedOutput(this.#writer);
    this.view = new LaneView(this.#writer.handle, this.#table);
  }

  /** What its chunks are stamped with from now on. */
  advanceMs(ms: number): void {
    this.#nowNs += ms * 1e6;
  }

  read(start: "live" | "key" = "key"): LaneReader {
    return this.view.read(start);
  }

  setHeader(bytes: Uint8Array): void {
    this.#output.setHeader(bytes);
  }

  put(data: Uint8Array, fields: Partial<PackagedMessage> = {}): void {
    const plain = { track: 1, dts: 0, pts: 0, key: false, disposable: false, discontinuity: false };
    this.#output.put({ ...plain, ...fields, data: [data] });
    this.view.wake();
  }

  /** Slabs that somebody still holds; the window of the lane itself counts until `free`. */
  get heldSlabs(): number {
    return (this.#pool.totalBytes - this.#pool.freeBytes) / SLAB_BYTES;
  }

  /** No more will come; readers get to the end. */
  end(): void {
    this.#writer.end();
    this.view.wake();
  }

  /** Gives the memory back, after `end`. */
  free(): void {
    this.#writer.free();
  }
}
