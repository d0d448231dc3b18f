import type { AccessRequest, Clock, LaneName, ServerConfig } from "@millrace/model";
import type {
  AccessPolicy,
  Awaitable,
  Protocol,
  Publication,
  PublishOptions,
  Runtime,
  Source,
  UnitsPublication,
  Verdict,
  ViewerSession,
} from "../api.ts";
import { messageOf, refusal } from "../errors.ts";
import { DocumentViewers } from "../http/document-viewers.ts";
import { Certificates } from "../http/tls/certificates.ts";
import type { LaneReader } from "../lane/reader.ts";
import type { LaneHandle } from "../lane/writer.ts";
import { ArenaTable, SlabPool } from "../memory/pool.ts";
import type { Span } from "../memory/span.ts";
import type { ShelfItem, ShelfReader } from "../stream/shelf.ts";
import { Stream } from "../stream/stream.ts";
import type { Peer } from "./bus.ts";
import { ControlLine } from "./control-line.ts";
import { Directory } from "./directory.ts";
import { Gauges } from "./gauges.ts";
import { judge } from "./judge.ts";
import { LaneExchange } from "./lane-exchange.ts";
import { Listeners } from "./listeners.ts";
import { Peers, type PipeOffer } from "./peers.ts";
import { DirectSource } from "./pipe.ts";
import type { ToWorker, WorkerReport, WorkerStart } from "./protocol.ts";
import { makeListeners } from "./public-listeners.ts";
import { directPublication, Publications, type PublicationWriter } from "./publications.ts";
import { Shelves } from "./shelves.ts";
import { Ticker } from "./ticker.ts";
import { Viewers } from "./viewers.ts";

const TICK_MS = 100;
const SHRINK_TICKS = 100;

const clock: Clock = {
  nowNs: () => performance.now() * 1e6,
  wallMs: () => Date.now(),
};

/** One media worker: the streams it owns, the connections the kernel hands it, and its lines to the others. */
export class MediaWorker implements Runtime {
  readonly workerIndex: number;
  readonly clock = clock;
  readonly log;
  readonly dataDir: string;
  server: ServerConfig;
  readonly tls: Certificates;
  readonly #control: ControlLine;
  readonly #protocols: readonly Protocol[];
  readonly #policies: readonly AccessPolicy[];
  readonly #arenas = new ArenaTable();
  readonly #pool: SlabPool;
  readonly #ticker = new Ticker();
  readonly #exchange: LaneExchange;
  readonly #peers: Peers;
  readonly #shelves = new Shelves();
  readonly #viewers: Viewers;
  readonly #documentViewers = new DocumentViewers(this);
  readonly #directory: Directory;
  readonly #streams = new Map<string, Stream>();
  readonly #publications: Publications;
  readonly #listeners: Listeners;
  readonly #timer: NodeJS.Timeout;
  readonly #gauges: Gauges;
  readonly #incarnation: number;
  #ids = 0;
  #ticks = 0;
  #stopping = false;

  /** Every policy has to agree before somebody is let in. */
  constructor(start: WorkerStart, protocols: readonly Protocol[], policies: readonly AccessPolicy[] = []) {
    this.workerIndex = start.index;
    this.#incarnation = start.incarnation;
    this.server = start.server;
    this.dataDir = start.dataDir;
    this.#protocols = protocols;
    this.#policies = policies;
    this.#control = new ControlLine(start.port, (message) => this.#onControl(message));
    this.log = this.#control.logger({ worker: start.index });
    this.#pool = new SlabPool(this.#arenas, start.incarnation);
    this.#gauges = new Gauges(this.#pool);
    this.#pool.onArena = (handle) => this.#peers.tellAll("arena", handle);
    this.#pool.onDrop = (id) => this.#peers.tellAll("arena-gone", id);
    this.#exchange = new LaneExchange(this.#arenas, this.#ticker);
    this.#publications = new Publications({
      pool: this.#pool,
      clock,
      exchange: this.#exchange,
      ticker: this.#ticker,
      nextId: () => this.#nextId(),
    });
    this.#directory = new Directory(start.server, start.entries);
    this.#viewers = new Viewers({
      prefix: `w${start.index}.${start.incarnation}`,
      wallMs: () => clock.wallMs(),
      onCount: (stream, count) => this.#onViewers(stream, count),
    });
    this.#peers = new Peers({
      arenas: this.#arenas,
      pool: this.#pool,
      exchange: this.#exchange,
      shelves: this.#shelves,
      publications: this.#publications,
      viewers: this.#viewers,
      host: {
        obtain: (stream) => this.#obtain(stream),
        takePublisher: (stream, source, options) => this.#takePublisher(stream, source, options),
        touch: (stream) => this.#streams.get(stream)?.touch(),
        wantShelf: (stream, name) => this.#streams.get(stream)?.wantShelf(name),
        onRemoteViewers: (stream) => this.#sumViewers(stream),
      },
    });
    this.tls = new Certificates({
      log: this.log,
      serverOptions: () => this.server.options,
      wallMs: () => clock.wallMs(),
    });
    const shared = { runtime: this, log: this.log, protocols, certificates: this.tls };
    this.#listeners = new Listeners(this.log, makeListeners(shared));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    void this.#open();
  }

  async #open(): Promise<void> {
    this.#applyDirectory();
    const problems = await this.#listeners.apply(this.server);
    this.#control.send({ t: "ready", problems });
  }

  // Runtime: what protocols ask.

  authorize(request: AccessRequest): Promise<Verdict> {
    return judge(request, {
      policies: this.#policies,
      runtime: this,
      configOf: (stream) => this.#directory.configOf(stream),
    });
  }

  knows(stream: string): boolean {
    return this.#directory.configOf(stream) !== undefined;
  }

  async read(stream: string, lane: string): Promise<LaneReader> {
    const owner = await this.#ownerOf(stream);
    if (owner === undefined) return this.#obtain(stream).lane(lane).view.read("key");
    const handle = (await owner.ask("lane", { stream, lane })) as LaneHandle;
    return this.#exchange.import(owner, handle).read("key");
  }

  shelf(stream: string, name: string): Awaitable<ShelfReader> {
    const owner = this.#directory.ownerOf(stream);
    if (owner === this.workerIndex) return this.#ownShelf(stream, name);
    const peer = owner === undefined ? undefined : this.#peers.get(owner);
    return (peer && this.#copyOf(peer, stream, name)) ?? this.#fetchShelf(stream, name);
  }

  #ownShelf(stream: string, name: string): ShelfReader {
    this.#obtain(stream).wantShelf(name);
    const shelf = this.#shelves.local(stream, name);
    if (shelf === undefined) throw refusal("not-found", `stream "${stream}" has no ${name}`);
    return shelf;
  }

  #copyOf(owner: Peer, stream: string, name: string): ShelfReader | undefined {
    const copy = this.#shelves.copy(owner.index, stream, name);
    if (copy !== undefined && this.#shelves.remind(copy, clock.nowNs()))
      owner.tell("shelf-wanted", { stream, name });
    return copy;
  }

  async #fetchShelf(stream: string, name: string): Promise<ShelfReader> {
    const owner = await this.#ownerOf(stream);
    if (owner === undefined) return this.#ownShelf(stream, name);
    const entries = (await owner.ask("shelf", { stream, name })) as [string, ShelfItem][];
    const known = this.#shelves.copy(owner.index, stream, name);
    return known ?? this.#shelves.keep(owner.index, { stream, name, entries });
  }

  publish(request: AccessRequest, options: PublishOptions = {}): Promise<Publication> {
    return this.#publish(request, "ts", options);
  }

  publishUnits(request: AccessRequest, options: PublishOptions = {}): Promise<UnitsPublication> {
    return this.#publish(request, "units", options);
  }

  async #publish(
    request: AccessRequest,
    kind: LaneName,
    options: PublishOptions,
  ): Promise<Publication<PublicationWriter>> {
    const { stream } = request;
    const owner = await this.#ownerOf(stream, true);
    const session = this.openSession(request);
    if (owner === undefined) {
      const source = new DirectSource(kind);
      const publication = directPublication(source, session);
      try {
        this.#takePublisher(stream, source, options);
      } catch (error) {
        session.close();
        throw error;
      }
      return publication;
    }
    const { lane, publication } = this.#publications.open(stream, kind, session);
    try {
      await owner.ask("publish", { stream, handle: lane.attach(owner), options } satisfies PipeOffer);
    } catch (error) {
      publication.end();
      throw error;
    }
    return publication;
  }

  holdSpan(span: Span): Uint8Array | undefined {
    return this.#arenas.hold(span);
  }

  releaseSpan(span: Span): void {
    this.#arenas.release(span);
  }

  openSession(request: AccessRequest): ViewerSession {
    return this.#viewers.open(request);
  }

  readonly admit: Runtime["admit"] = (exchange, protocol, stream) =>
    this.#documentViewers.admit(exchange, protocol, stream);

  touch(stream: string): void {
    const owner = this.#directory.ownerOf(stream);
    if (owner === this.workerIndex) this.#streams.get(stream)?.touch();
    else if (owner !== undefined) this.#peers.get(owner)?.tell("touch", stream);
  }

  ask(question: string, argument?: string): Promise<unknown> {
    return this.#control.ask(question, argument);
  }

  // Streams.

  /**
   * The peer that owns a stream; undefined when it is this worker. Makes wildcard streams on the way, but those that only
   * a publisher can fill for publishers only: asking for names at random must cost nothing.
   */
  async #ownerOf(stream: string, publishing = false): Promise<Peer | undefined> {
    let owner = this.#directory.ownerOf(stream);
    if (owner === undefined) {
      const config = this.#directory.configOf(stream);
      const fills = publishing || config?.inputs.some((input) => input.scheme !== "publish");
      if (config === undefined || fills !== true)
        throw refusal("not-found", `there is no stream "${stream}"`);
      owner = (await this.ask("ensure", stream)) as number;
    }
    if (owner === this.workerIndex) return undefined;
    const peer = this.#peers.get(owner);
    if (peer === undefined) throw refusal("unavailable", `stream "${stream}" is starting`);
    return peer;
  }

  /** A stream of this worker, started if it is on demand. */
  #obtain(name: string): Stream {
    if (this.#stopping) throw refusal("unavailable", "the server is stopping");
    const running = this.#streams.get(name);
    if (running !== undefined) {
      running.touch();
      return running;
    }
    const config = this.#directory.configOf(name);
    if (config === undefined) throw refusal("not-found", `there is no stream "${name}"`);
    if (config.disabled) throw refusal("unavailable", `stream "${name}" is disabled`);
    const stream = new Stream(config, {
      worker: this.workerIndex,
      context: { clock, dataDir: this.dataDir, server: this.server },
      log: this.log,
      pool: this.#pool,
      arenas: this.#arenas,
      exchange: this.#exchange,
      ticker: this.#ticker,
      protocols: this.#protocols,
      nextId: () => this.#nextId(),
      onShelf: (id, shelfName, shelf) => this.#shelves.own(id, shelfName, shelf),
      onIdle: (idle) => void this.#closeIdle(idle),
    });
    this.#streams.set(name, stream);
    stream.start();
    return stream;
  }

  async #closeIdle(stream: Stream): Promise<void> {
    this.#streams.delete(stream.name);
    this.log.info("stream closed: nobody watches", { stream: stream.name });
    await stream.stop();
    this.#control.send({ t: "idle", stream: stream.name });
  }

  #applyDirectory(): void {
    for (const [name, stream] of this.#streams) {
      const config =
        this.#directory.ownerOf(name) === this.workerIndex ? this.#directory.configOf(name) : undefined;
      if (config === undefined || config.disabled) {
        this.#streams.delete(name);
        void stream.stop();
      } else {
        void stream.update(config);
      }
    }
    for (const { config } of this.#directory.owned(this.workerIndex)) {
      if (config.kind === "static" && !config.disabled) this.#obtain(config.name);
    }
  }

  // Publishers.

  #takePublisher(name: string, source: Source, options: PublishOptions): void {
    const stream = this.#obtain(name);
    if (!stream.acceptsPublish) {
      throw refusal("forbidden", `stream "${name}" does not accept publishing: add "publish_enabled;" to it`);
    }
    if (!stream.publish(source, options)) throw refusal("busy", `somebody publishes "${name}" already`);
  }

  // Viewers.

  #onViewers(stream: string, count: number): void {
    const owner = this.#directory.ownerOf(stream);
    if (owner === undefined || owner === this.workerIndex) this.#sumViewers(stream);
    else this.#peers.tellViewers(owner, stream, count);
  }

  #sumViewers(name: string): void {
    const stream = this.#streams.get(name);
    if (stream === undefined) return;
    stream.viewers = this.#viewers.countOf(name) + this.#peers.viewersOf(name);
    stream.touch();
  }

  // Control thread.

  #onControl(message: ToWorker): void {
    if (message.t === "peer") this.#peers.connect(message.index, message.link);
    else if (message.t === "directory") {
      this.server = message.server;
      this.#directory.replace(message.server, message.entries);
      this.#applyDirectory();
      if (message.reloaded) void this.#applyPorts();
    } else if (message.t === "ask") {
      this.#control.send({ t: "answer", id: message.id, value: this.#report() });
    } else if (message.t === "stop") {
      void this.#stop();
    }
  }

  async #applyPorts(): Promise<void> {
    for (const problem of await this.#listeners.apply(this.server)) this.log.error(problem);
  }

  #report(): WorkerReport {
    return {
      worker: this.workerIndex,
      streams: [...this.#streams.values()].map((stream) => stream.info()),
      sessions: this.#viewers.describe(),
      ...this.#gauges.read(),
    };
  }

  #tick(): void {
    for (const stream of this.#streams.values()) stream.tick();
    if (++this.#ticks % SHRINK_TICKS === 0) this.#pool.shrink();
  }

  async #stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearInterval(this.#timer);
    this.#gauges.stop();
    try {
      await Promise.all([...this.#streams.values()].map((stream) => stream.stop()));
      await this.#listeners.close();
    } catch (error) {
      this.log.error("while stopping", { reason: messageOf(error) });
    }
    this.#peers.close();
    this.#control.send({ t: "stopped" });
    this.#control.close();
  }

  #nextId(): string {
    return `${this.#incarnation}.${this.#ids++}`;
  }
}
