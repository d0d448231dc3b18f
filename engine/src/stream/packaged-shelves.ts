import type { PackagedShelf, Packaging, Protocol, StreamHost } from "../api.ts";
import { messageOf, refusal } from "../errors.ts";
import { ShelfWriter } from "./shelf.ts";

/** A shelf that nobody asked for goes on this long: clients of long segments ask seldom. */
const IDLE_MS = 60_000;

export interface PackagedShelvesOptions {
  readonly protocols: readonly Protocol[];
  readonly host: StreamHost;
  readonly nowNs: () => number;
  /** A shelf was opened. */
  readonly onShelf: (name: string, shelf: ShelfWriter) => void;
}

interface OpenShelf {
  readonly packaging: Packaging;
  wantedNs: number;
}

/**
 * The shelves of one stream. Those of `Protocol.shelves` are filled on demand, each from the first who asks until some time
 * after the last; others stay as long as the stream.
 */
export class PackagedShelves {
  readonly #options: PackagedShelvesOptions;
  readonly #shelves = new Map<string, ShelfWriter>();
  readonly #open = new Map<string, OpenShelf>();

  constructor(options: PackagedShelvesOptions) {
    this.#options = options;
  }

  /** The shelf of this name, opened if there is none. */
  shelf(name: string): ShelfWriter {
    let shelf = this.#shelves.get(name);
    if (shelf === undefined) {
      shelf = new ShelfWriter();
      this.#shelves.set(name, shelf);
      this.#options.onShelf(name, shelf);
    }
    return shelf;
  }

  /** Somebody asks. Other names than those of `Protocol.shelves` are none of its business. Throws `unavailable`. */
  want(name: string): void {
    const { protocols, host, nowNs } = this.#options;
    const open = this.#open.get(name);
    if (open !== undefined) {
      open.wantedNs = nowNs();
      return;
    }
    const format = protocols.flatMap((each) => each.shelves ?? []).find((each) => each.shelf === name);
    if (format === undefined) return;
    try {
      this.#open.set(name, { packaging: this.#make(format), wantedNs: nowNs() });
    } catch (error) {
      this.#closeShelf(name);
      const reason = messageOf(error);
      host.log.error("packaging failed", { shelf: name, reason });
      throw refusal("unavailable", `the shelf "${name}" cannot be made: ${reason}`);
    }
  }

  /** Several times a second. */
  tick(): void {
    const idle = this.#options.nowNs() - IDLE_MS * 1e6;
    for (const [name, open] of this.#open) if (open.wantedNs < idle) this.#end(name, open);
  }

  /** Ends those that were filled on demand: the stream's options are others. */
  endOnDemand(): void {
    for (const [name, open] of [...this.#open]) this.#end(name, open);
  }

  close(): void {
    this.endOnDemand();
    for (const name of [...this.#shelves.keys()]) this.#closeShelf(name);
  }

  #make(format: PackagedShelf): Packaging {
    const { host } = this.#options;
    return format.open(host, this.shelf(format.shelf));
  }

  #end(name: string, open: OpenShelf): void {
    this.#open.delete(name);
    open.packaging.dispose();
    this.#closeShelf(name);
  }

  #closeShelf(name: string): void {
    const shelf = this.#shelves.get(name);
    this.#shelves.delete(name);
    shelf?.close();
  }
}
