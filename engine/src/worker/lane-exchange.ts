import type { Track } from "@millrace/model";
import { LaneView } from "../lane/reader.ts";
import type { LaneHandle, LaneWriter } from "../lane/writer.ts";
import type { ArenaTable } from "../memory/pool.ts";
import type { Peer } from "./bus.ts";
import type { Ticker, Watched } from "./ticker.ts";

/** What an ended lane still holds can be read for so long. */
const LINGER_MS = 2000;

/** A lane that this worker writes: its local view, and the other workers that read it. */
export class ExportedLane implements Watched {
  readonly writer: LaneWriter;
  readonly view: LaneView;
  readonly #peers = new Set<Peer>();
  /** Other workers with at least one reader. */
  readonly #wanted = new Set<Peer>();
  /** The number of workers with readers changed between none and some. */
  onDemand: ((wanted: boolean) => void) | undefined;

  constructor(writer: LaneWriter, arenas: ArenaTable, ticker: Ticker) {
    this.writer = writer;
    this.view = new LaneView(writer.handle, arenas);
    writer.onCommit = () => ticker.wakeLater(this);
    writer.onTracks = () => this.#announceTracks();
    this.view.onDemand = () => this.onDemand?.(this.wanted);
  }

  get wanted(): boolean {
    return this.view.readers > 0 || this.#wanted.size > 0;
  }

  wake(): void {
    this.view.poll();
    for (const peer of this.#peers) peer.ring();
  }

  attach(peer: Peer): LaneHandle {
    this.#peers.add(peer);
    this.setWanted(peer, true);
    return this.writer.handle;
  }

  setWanted(peer: Peer, wanted: boolean): void {
    const before = this.wanted;
    if (wanted) this.#wanted.add(peer);
    else this.#wanted.delete(peer);
    if (before !== this.wanted) this.onDemand?.(this.wanted);
  }

  detach(peer: Peer): void {
    this.#peers.delete(peer);
    this.setWanted(peer, false);
  }

  #announceTracks(): void {
    const { id, tracks, tracksVersion } = this.writer.handle;
    this.view.setTracks(tracks, tracksVersion);
    for (const peer of this.#peers) peer.tell("tracks", { id, tracks, version: tracksVersion });
  }
}

export interface TracksNews {
  readonly id: string;
  readonly tracks: readonly Track[];
  readonly version: number;
}

/** All lanes this worker writes, and those of other workers that it reads. */
export class LaneExchange {
  readonly #arenas: ArenaTable;
  readonly #ticker: Ticker;
  readonly #exported = new Map<string, ExportedLane>();
  /** By peer index, then lane id. */
  readonly #imported = new Map<number, Map<string, LaneView>>();

  constructor(arenas: ArenaTable, ticker: Ticker) {
    this.#arenas = arenas;
    this.#ticker = ticker;
  }

  export(writer: LaneWriter): ExportedLane {
    const lane = new ExportedLane(writer, this.#arenas, this.#ticker);
    this.#exported.set(writer.id, lane);
    return lane;
  }

  /** The lane is over: readers see its end. Its memory stays a while, for readers in other workers come later. */
  retire(lane: ExportedLane): void {
    lane.writer.end();
    lane.wake();
    this.#exported.delete(lane.writer.id);
    setTimeout(() => lane.writer.free(), LINGER_MS).unref();
  }

  exported(id: string): ExportedLane | undefined {
    return this.#exported.get(id);
  }

  /** The view of another worker's lane; made on first use, kept while somebody reads or the lane lives. */
  import(peer: Peer, handle: LaneHandle): LaneView {
    let views = this.#imported.get(peer.index);
    if (views === undefined) this.#imported.set(peer.index, (views = new Map()));
    let view = views.get(handle.id);
    if (view === undefined) {
      const made = new LaneView(handle, this.#arenas);
      made.onDemand = (wanted) => peer.tell("demand", { id: handle.id, wanted });
      views.set(handle.id, made);
      view = made;
    }
    return view;
  }

  /** The peer announced memory: readers that were shown a chunk in it too early can go on. */
  wakeAll(peer: number): void {
    for (const view of this.#imported.get(peer)?.values() ?? []) view.wake();
  }

  /** The peer's bell rang. */
  poll(peer: number): void {
    const views = this.#imported.get(peer);
    if (views === undefined) return;
    for (const [id, view] of views) {
      view.poll();
      if (view.ring.ended && view.readers === 0) views.delete(id);
    }
  }

  applyTracks(peer: number, news: TracksNews): void {
    const view = this.#imported.get(peer)?.get(news.id);
    view?.setTracks(news.tracks, news.version);
    view?.wake();
  }

  /** The peer is gone: its lanes will not go on, and it reads none of ours. */
  forget(peer: Peer): void {
    for (const lane of this.#exported.values()) lane.detach(peer);
    const views = this.#imported.get(peer.index);
    this.#imported.delete(peer.index);
    for (const view of views?.values() ?? []) view.markLost();
  }
}
