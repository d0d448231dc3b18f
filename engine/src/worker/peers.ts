import type { PublishOptions, Source } from "../api.ts";
import { refusal } from "../errors.ts";
import type { LaneHandle } from "../lane/writer.ts";
import type { ArenaHandle } from "../memory/arena.ts";
import type { ArenaTable, SlabPool } from "../memory/pool.ts";
import type { Stream } from "../stream/stream.ts";
import { Peer, type PeerLink } from "./bus.ts";
import type { LaneExchange, TracksNews } from "./lane-exchange.ts";
import { PipeSource } from "./pipe.ts";
import type { Publications } from "./publications.ts";
import type { ShelfNews, Shelves } from "./shelves.ts";
import type { Viewers } from "./viewers.ts";

/** The worker, as far as its peers are concerned. */
export interface PeersHost {
  /** A stream of this worker, started if it is on demand; throws a refusal. */
  obtain(stream: string): Stream;
  /** Makes a source the publisher of a stream of this worker; throws a refusal. */
  takePublisher(stream: string, source: Source, options: PublishOptions): void;
  touch(stream: string): void;
  /** A reader in another worker still wants a shelf of this stream. */
  wantShelf(stream: string, name: string): void;
  /** Another worker has more or fewer viewers of the stream than before. */
  onRemoteViewers(stream: string): void;
}

export interface PeersOptions {
  readonly arenas: ArenaTable;
  readonly pool: SlabPool;
  readonly exchange: LaneExchange;
  readonly shelves: Shelves;
  readonly publications: Publications;
  readonly viewers: Viewers;
  readonly host: PeersHost;
}

interface ViewerNews {
  readonly stream: string;
  readonly count: number;
}

/** What the worker of a publisher asks that of its stream: to read this lane. */
export interface PipeOffer {
  readonly stream: string;
  readonly handle: LaneHandle;
  readonly options: PublishOptions;
}

/** The lines to the other workers: what they ask and tell, and how many viewers they serve. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<number, Peer>();
  readonly #viewers = new Map<number, Map<string, number>>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get(index: number): Peer | undefined {
    return this.#peers.get(index);
  }

  connect(index: number, link: PeerLink): void {
    const { exchange, pool, viewers } = this.#options;
    this.#peers.get(index)?.close();
    const peer: Peer = new Peer(index, link, {
      onAsk: (method, argument) => this.#onAsk(peer, method, argument),
      onTell: (topic, value) => this.#onTell(peer, topic, value),
      onBell: () => exchange.poll(index),
      onClose: () => this.#disconnect(peer),
    });
    this.#peers.set(index, peer);
    this.#viewers.set(index, new Map());
    for (const arena of pool.arenas) peer.tell("arena", arena.handle);
    for (const [stream, count] of viewers.counts()) {
      peer.tell("viewers", { stream, count } satisfies ViewerNews);
    }
  }

  tellAll(topic: string, value: unknown): void {
    for (const peer of this.#peers.values()) peer.tell(topic, value);
  }

  /** Tells the stream's owner how many viewers this worker serves. */
  tellViewers(owner: number, stream: string, count: number): void {
    this.#peers.get(owner)?.tell("viewers", { stream, count } satisfies ViewerNews);
  }

  /** Viewers of a stream in all other workers. */
  viewersOf(stream: string): number {
    let sum = 0;
    for (const counts of this.#viewers.values()) sum += counts.get(stream) ?? 0;
    return sum;
  }

  close(): void {
    for (const peer of this.#peers.values()) peer.close();
  }

  #disconnect(peer: Peer): void {
    const { arenas, exchange, host, shelves } = this.#options;
    exchange.forget(peer);
    shelves.forget(peer);
    arenas.dropOwner(peer.incarnation);
    if (this.#peers.get(peer.index) !== peer) return;
    this.#peers.delete(peer.index);
    const counted = this.#viewers.get(peer.index);
    this.#viewers.delete(peer.index);
    for (const stream of counted?.keys() ?? []) host.onRemoteViewers(stream);
  }

  #onAsk(peer: Peer, method: string, argument: unknown): unknown {
    const { host, shelves } = this.#options;
    if (method === "lane") {
      const { stream, lane } = argument as { stream: string; lane: string };
      return host.obtain(stream).lane(lane).attach(peer);
    }
    if (method === "shelf") {
      const { stream, name } = argument as { stream: string; name: string };
      host.obtain(stream).wantShelf(name);
      const entries = shelves.subscribe(peer, stream, name);
      if (entries === undefined) throw refusal("not-found", `stream "${stream}" has no ${name}`);
      return entries;
    }
    if (method === "publish") {
      this.#takePipe(peer, argument as PipeOffer);
      return true;
    }
    throw refusal("unavailable", `unknown question "${method}"`);
  }

  #takePipe(peer: Peer, { stream, handle, options }: PipeOffer): void {
    const { exchange, host } = this.#options;
    const reader = exchange.import(peer, handle).read("live");
    try {
      host.takePublisher(stream, new PipeSource(reader), options);
    } catch (error) {
      reader.close();
      throw error;
    }
    reader.onClose = () => peer.tell("unpublish", handle.id);
  }

  #onTell(peer: Peer, topic: string, value: unknown): void {
    const { arenas, exchange, host, publications, shelves } = this.#options;
    if (topic === "arena") {
      arenas.add(value as ArenaHandle);
      exchange.wakeAll(peer.index);
    } else if (topic === "arena-gone") arenas.drop(value as number);
    else if (topic === "tracks") exchange.applyTracks(peer.index, value as TracksNews);
    else if (topic === "shelf") shelves.apply(peer.index, value as ShelfNews);
    else if (topic === "shelf-wanted") {
      const { stream, name } = value as { stream: string; name: string };
      host.wantShelf(stream, name);
    } else if (topic === "touch") host.touch(value as string);
    else if (topic === "unpublish") publications.cancel(value as string);
    else if (topic === "demand") {
      const { id, wanted } = value as { id: string; wanted: boolean };
      exchange.exported(id)?.setWanted(peer, wanted);
    } else if (topic === "viewers") this.#onViewers(peer, value as ViewerNews);
  }

  #onViewers(peer: Peer, { stream, count }: ViewerNews): void {
    if (count === 0) this.#viewers.get(peer.index)?.delete(stream);
    else this.#viewers.get(peer.index)?.set(stream, count);
    this.#options.host.onRemoteViewers(stream);
  }
}
