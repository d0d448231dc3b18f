import type { AccessUnit, LaneName, StreamConfig, StreamInfo, Track } from "@millrace/model";
import type {
  Logger,
  Packaging,
  Protocol,
  PublishOptions,
  Sink,
  Source,
  SourceContext,
  StreamHost,
} from "../api.ts";
import { messageOf } from "../errors.ts";
import type { LaneReader } from "../lane/reader.ts";
import { LaneWriter } from "../lane/writer.ts";
import type { ArenaTable, SlabPool } from "../memory/pool.ts";
import type { Span } from "../memory/span.ts";
import { SpanStore } from "../memory/span-store.ts";
import type { ExportedLane, LaneExchange } from "../worker/lane-exchange.ts";
import type { Ticker } from "../worker/ticker.ts";
import { Conversions } from "./conversions.ts";
import { describeTracks } from "./describe.ts";
import { differs } from "./differs.ts";
import { hidePassword, type Input, type InputHost } from "./input.ts";
import { planInputs } from "./input-plan.ts";
import { openSink, openSource } from "./open-url.ts";
import { PackagedLanes } from "./packaged-lanes.ts";
import { PackagedShelves } from "./packaged-shelves.ts";
import { PushOutputs } from "./push-outputs.ts";
import { Rate } from "./rate.ts";
import { Selector } from "./selector.ts";
import type { ShelfWriter } from "./shelf.ts";
import { TsOutput } from "./ts-output.ts";
import { UnitsOutput } from "./units-output.ts";

/** A reader may be this far behind before it is moved ahead, unless memory runs out first. */
const WINDOW_MS = 4000;
/** Most that one lane keeps, bytes: ten seconds at 25 Mbit/s. */
const LANE_MAX_BYTES = 32 * 1024 * 1024;

/** What a stream needs of the worker that owns it. */
export interface StreamSurroundings {
  readonly worker: number;
  readonly context: Omit<SourceContext, "stream" | "log">;
  readonly log: Logger;
  readonly pool: SlabPool;
  readonly arenas: ArenaTable;
  readonly exchange: LaneExchange;
  readonly ticker: Ticker;
  readonly protocols: readonly Protocol[];
  /** Makes lane ids unique over restarts. */
  readonly nextId: () => string;
  /** A shelf was opened or is gone. */
  onShelf(stream: string, name: string, shelf: ShelfWriter): void;
  /** An on-demand stream gave up or is no longer wanted. */
  onIdle(stream: Stream): void;
}

/** A running stream, in the worker that owns it. */
export class Stream implements InputHost, StreamHost {
  readonly name: string;
  readonly log: Logger;
  readonly #around: StreamSurroundings;
  readonly #selector: Selector;
  readonly #lanes: Record<LaneName, ExportedLane>;
  readonly #tsOutput: TsOutput;
  readonly #unitsOutput: UnitsOutput;
  readonly #conversions: Conversions;
  readonly #packaged: PackagedLanes;
  readonly #shelves: PackagedShelves;
  readonly #store: SpanStore;
  readonly #rate = new Rate();
  #config: StreamConfig;
  readonly #pushes: PushOutputs;
  #packagings: Packaging[] = [];
  #publisher: Input | undefined;
  #stopped = false;
  #everOnAir = false;
  #lastWantedNs: number;
  lastWantedMs = 0;
  viewers = 0;
  switches = 0;
  bytesIn = 0;

  constructor(config: StreamConfig, around: StreamSurroundings) {
    this.name = config.name;
    this.#config = config;
    this.#around = around;
    this.log = around.log.child({ stream: config.name });
    this.#lastWantedNs = this.nowNs();
    this.#selector = new Selector(() => this.nowNs());
    this.#lanes = { ts: this.#makeLane("ts"), units: this.#makeLane("units") };
    this.#tsOutput = new TsOutput(this.#lanes.ts.writer, around.ticker, around.context.clock);
    this.#unitsOutput = new UnitsOutput(this.#lanes.units.writer, around.ticker);
    const nowNs = (): number => this.nowNs();
    this.#conversions = new Conversions({
      lanes: this.#lanes,
      outputs: { ts: this.#tsOutput, units: this.#unitsOutput },
      serviceName: config.name,
      nowNs,
    });
    this.#packaged = new PackagedLanes({
      protocols: around.protocols,
      host: this,
      log: this.log,
      nowNs,
      makeLane: (kind) => this.#makeLane(kind),
      retire: (lane) => around.exchange.retire(lane),
    });
    this.#pushes = new PushOutputs({
      open: (push) => openSink(push, around.protocols, this.#context()),
      read: (sink) => this.#readFor(sink),
      log: this.log,
    });
    this.#store = new SpanStore(around.pool);
    this.#shelves = new PackagedShelves({
      protocols: around.protocols,
      host: this,
      nowNs,
      onShelf: (name, shelf) => around.onShelf(config.name, name, shelf),
    });
  }

  get config(): StreamConfig {
    return this.#config;
  }

  get clock(): SourceContext["clock"] {
    return this.#around.context.clock;
  }

  get onDemand(): boolean {
    return this.#config.kind === "ondemand";
  }

  nowNs(): number {
    return this.#around.context.clock.nowNs();
  }

  start(): void {
    this.#makeInputs();
    this.#attachPackagings();
    for (const push of this.#config.pushes) this.#pushes.start(push);
    this.#selector.tick();
  }

  /** A lane by name. Throws `not-found`, or `unavailable` when a packaging fails. */
  lane(name: string): ExportedLane {
    return name === "ts" || name === "units" ? this.#lanes[name] : this.#packaged.lane(name);
  }

  /** A reader that belongs to the stream itself: starts with what comes next unless told otherwise. */
  read(lane: LaneName, start: "live" | "key" = "live"): LaneReader {
    return this.#lanes[lane].view.read(start);
  }

  shelf(name: string): ShelfWriter {
    return this.#shelves.shelf(name);
  }

  /** Somebody asks for a shelf: opens it if a protocol makes it on demand. Throws `unavailable` when that fails. */
  wantShelf(name: string): void {
    this.touch();
    this.#shelves.want(name);
  }

  store(parts: readonly Uint8Array[]): Span[] {
    return this.#store.store(parts);
  }

  holdSpan(span: Span): boolean {
    return this.#around.arenas.hold(span) !== undefined;
  }

  releaseSpan(span: Span): void {
    this.#around.arenas.release(span);
  }

  /** Somebody wants the stream now. */
  touch(): void {
    this.#lastWantedNs = this.nowNs();
    this.lastWantedMs = this.clock.wallMs();
  }

  /** Several times a second. */
  tick(): void {
    if (this.#stopped) return;
    this.#selector.tick();
    this.#conversions.tick();
    this.#packaged.tick();
    this.#shelves.tick();
    this.#rate.tick(this.bytesIn, this.nowNs());
    if (this.viewers > 0) this.touch();
    if (this.onDemand) this.#tickOnDemand();
  }

  /** Takes a publisher in. False when there is one already, unless that is to be replaced. */
  publish(source: Source, options: PublishOptions): boolean {
    const input = this.#publisher;
    if (input === undefined || (input.live && options.replace !== true)) return false;
    if (input.live) {
      this.log.info("publisher replaced");
      input.replace(source);
    } else input.start(source);
    return true;
  }

  get acceptsPublish(): boolean {
    return this.#publisher !== undefined;
  }

  /** Applies what differs from the configuration in force. Viewers stay. */
  async update(config: StreamConfig): Promise<void> {
    const before = this.#config;
    this.#config = config;
    if (differs(before.options, config.options)) {
      for (const packaging of this.#packagings.splice(0)) packaging.dispose();
      this.#attachPackagings();
      this.#packaged.reopen();
      this.#shelves.endOnDemand();
    }
    if (
      differs(
        [before.inputs, before.backup, before.publishEnabled],
        [config.inputs, config.backup, config.publishEnabled],
      )
    ) {
      const old = this.#makeInputs();
      await Promise.all(old.map((input) => input.stop()));
    }
    await this.#pushes.update(config.pushes);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#around.ticker.run();
    await Promise.all([...this.#selector.inputs.map((input) => input.stop()), this.#pushes.stop()]);
    this.#conversions.close();
    for (const packaging of this.#packagings) packaging.dispose();
    this.#packaged.close();
    this.#shelves.close();
    this.#store.close();
    for (const lane of Object.values(this.#lanes)) this.#around.exchange.retire(lane);
  }

  info(): StreamInfo {
    const { scanner } = this.#tsOutput;
    const lanes = [...Object.values(this.#lanes), ...this.#packaged.lanes()];
    return {
      name: this.name,
      kind: this.#config.kind,
      running: !this.#stopped && this.#selector.active !== undefined,
      worker: this.#around.worker,
      bytesIn: this.bytesIn,
      bitrate: this.#rate.bitrate,
      viewers: this.viewers,
      switches: this.switches,
      inputs: this.#selector.inputs.map((input) => input.describe()),
      tracks: describeTracks(this.#lanes.units.writer.tracks, scanner?.programs ?? []),
      memoryBytes: lanes.reduce((sum, lane) => sum + lane.writer.windowBytes, 0),
      pushes: this.#pushes.describe(),
    };
  }

  // What the inputs say.

  offer(input: Input): boolean {
    if (this.#stopped || !this.#selector.mayGoOnAir(input)) return false;
    const before = this.#selector.active;
    this.#selector.active = input;
    input.goOnAir(this.#everOnAir);
    if (this.#everOnAir) {
      this.switches++;
      this.#splice(input.lane);
    }
    const instead = before && hidePassword(before.config.url);
    this.log.info("input on air", { input: hidePassword(input.config.url), instead });
    this.#everOnAir = true;
    if (before !== undefined && before !== input) void before.stop();
    this.#conversions.setPrimary(input.lane);
    return true;
  }

  onTs(input: Input, buf: Uint8Array, start: number, count: number, first: number): void {
    this.bytesIn += count * 188;
    this.#tsOutput.write(input.scanner, buf, start, count, first);
  }

  onTracks(_input: Input, tracks: readonly Track[]): void {
    this.#unitsOutput.setTracks(tracks);
  }

  onUnit(_input: Input, unit: AccessUnit): void {
    for (const part of unit.data) this.bytesIn += part.length;
    this.#unitsOutput.write(unit);
  }

  onBreak(input: Input): void {
    this.#splice(input.lane);
  }

  onStopped(input: Input): void {
    if (this.#selector.active === input) this.#selector.active = undefined;
    if (!this.#stopped) this.#selector.tick();
  }

  #makeLane(kind: string): ExportedLane {
    const { pool, exchange, context } = this.#around;
    const id = `${this.name}#${kind}#${this.#around.nextId()}`;
    const writer = new LaneWriter({
      id,
      kind,
      pool,
      clock: context.clock,
      windowMs: WINDOW_MS,
      maxBytes: LANE_MAX_BYTES,
    });
    const lane = exchange.export(writer);
    lane.onDemand = () => this.#conversions.check();
    return lane;
  }

  /** Makes the inputs that the configuration names, keeping those that did not change; returns those left over. */
  #makeInputs(): readonly Input[] {
    const { inputs, publisher, left } = planInputs(this.#config, {
      before: this.#selector.inputs,
      host: this,
      open: (config) => openSource(config, this.#around.protocols, this.#context()),
    });
    this.#publisher = publisher;
    this.#selector.setInputs(inputs);
    return left;
  }

  #context(): SourceContext {
    return { ...this.#around.context, stream: this.name, log: this.log };
  }

  #readFor(sink: Sink): LaneReader {
    const lane = sink.accepts[0] ?? "ts";
    // A packaged lane makes sense from a header on.
    return this.lane(lane).view.read(lane === "ts" || lane === "units" ? "live" : "key");
  }

  #attachPackagings(): void {
    for (const protocol of this.#around.protocols) {
      try {
        const packaging = protocol.attach?.(this);
        if (packaging !== undefined) this.#packagings.push(packaging);
      } catch (error) {
        this.log.error("packaging failed", { protocol: protocol.name, reason: messageOf(error) });
      }
    }
  }

  /**
   * Joins what follows to what was. The lane that the input fills is spliced; the other one follows through the
   * conversion, unless it was filled by an input itself until now.
   */
  #splice(lane: LaneName): void {
    const changed = this.#conversions.primary !== lane;
    if (lane === "ts" || changed) this.#tsOutput.switch();
    if (lane === "units" || changed) this.#unitsOutput.switch();
  }

  #tickOnDemand(): void {
    const idleMs = (this.nowNs() - this.#lastWantedNs) / 1e6;
    const tries = this.#selector.inputs.reduce((sum, input) => sum + input.retries, 0);
    const gaveUp = this.#selector.active === undefined && tries > this.#config.retryLimit;
    const publishing = this.#publisher?.live === true;
    if (!publishing && (gaveUp || idleMs > this.#config.clientsTimeoutMs)) this.#around.onIdle(this);
  }
}
