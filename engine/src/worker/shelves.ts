import { type ShelfChange, type ShelfItem, ShelfReader, type ShelfWriter } from "../stream/shelf.ts";
import type { Peer } from "./bus.ts";

export interface ShelfNews {
  readonly id: string;
  /** Absent when the shelf is closed. */
  readonly changes?: readonly ShelfChange[];
}

function idOf(stream: string, name: string): string {
  return `${name}:${stream}`;
}

/** The owner of a shelf that is read here is reminded of that so often. */
const REMIND_NS = 2e9;

/** The shelves of this worker's streams, and copies of those of other workers. */
export class Shelves {
  readonly #own = new Map<string, { writer: ShelfWriter; peers: Set<Peer> }>();
  readonly #copies = new Map<number, Map<string, ShelfReader>>();
  readonly #remindedNs = new WeakMap<ShelfReader, number>();

  own(stream: string, name: string, writer: ShelfWriter): void {
    const id = idOf(stream, name);
    const entry = { writer, peers: new Set<Peer>() };
    this.#own.set(id, entry);
    writer.onChange = (changes) => {
      for (const peer of entry.peers) peer.tell("shelf", { id, changes } satisfies ShelfNews);
    };
    writer.onClose = () => {
      if (this.#own.get(id) === entry) this.#own.delete(id);
      for (const peer of entry.peers) peer.tell("shelf", { id } satisfies ShelfNews);
    };
  }

  local(stream: string, name: string): ShelfReader | undefined {
    return this.#own.get(idOf(stream, name))?.writer.local;
  }

  /** The peer wants a copy, and news from now on. */
  subscribe(peer: Peer, stream: string, name: string): [string, ShelfItem][] | undefined {
    const entry = this.#own.get(idOf(stream, name));
    entry?.peers.add(peer);
    return entry?.writer.local.entries();
  }

  copy(peer: number, stream: string, name: string): ShelfReader | undefined {
    return this.#copies.get(peer)?.get(idOf(stream, name));
  }

  /** Somebody reads the copy: whether it is time to tell the owner, who stops making what nobody wants. */
  remind(copy: ShelfReader, nowNs: number): boolean {
    if (nowNs - (this.#remindedNs.get(copy) ?? Number.NEGATIVE_INFINITY) < REMIND_NS) return false;
    this.#remindedNs.set(copy, nowNs);
    return true;
  }

  keep(
    peer: number,
    shelf: { stream: string; name: string; entries: readonly [string, ShelfItem][] },
  ): ShelfReader {
    const reader = new ShelfReader(shelf.entries);
    let copies = this.#copies.get(peer);
    if (copies === undefined) this.#copies.set(peer, (copies = new Map()));
    copies.set(idOf(shelf.stream, shelf.name), reader);
    return reader;
  }

  apply(peer: number, news: ShelfNews): void {
    const copies = this.#copies.get(peer);
    const copy = copies?.get(news.id);
    if (news.changes !== undefined) {
      copy?.apply(news.changes);
    } else {
      copies?.delete(news.id);
      copy?.close();
    }
  }

  forget(peer: Peer): void {
    for (const entry of this.#own.values()) entry.peers.delete(peer);
    for (const copy of this.#copies.get(peer.index)?.values() ?? []) copy.close();
    this.#copies.delete(peer.index);
  }
}
