import type {
  AccessRequest,
  AccessUnit,
  Clock,
  Details,
  InputConfig,
  LaneName,
  OptionSpec,
  PushConfig,
  RefusalReason,
  ServerConfig,
  StreamConfig,
  StreamInfo,
  Track,
} from "@millrace/model";
import type { HttpRoute } from "./http/route.ts";
import type { LaneReader } from "./lane/reader.ts";
import type { Span } from "./memory/span.ts";
import type { ShelfReader, ShelfWriter } from "./stream/shelf.ts";

/** Fields of one log line, besides its message. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

/** Where a source puts what it receives. Every call copies before it returns, so buffers may be reused. */
export interface StreamWriter {
  /** Transport-stream bytes: any length, any alignment; rubbish is counted and skipped. */
  ts(bytes: Uint8Array): void;
  /** The tracks of a source that delivers access units; before the first unit, and again when they change. */
  setTracks(tracks: readonly Track[]): void;
  unit(unit: AccessUnit): void;
  /** The timeline broke here (reconnected, sought): the next media is not a continuation. */
  discontinuity(): void;
  /** Adds to one of the input's counters (`lost`, `reordered`…), shown wherever the input is described. */
  count(name: string, by?: number): void;
}

export interface SourceContext {
  readonly stream: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Folder that the server may write to. */
  readonly dataDir: string;
  readonly server: ServerConfig;
}

/**
 * An input. `run` lasts as long as the connection: it resolves when the input ended by itself or `signal` was
 * aborted, and rejects with a `MillraceError` when it failed. It holds nothing open after it settled.
 */
export interface Source {
  readonly lane: LaneName;
  run(into: StreamWriter, signal: AbortSignal): Promise<void>;
  /** Numbers worth showing with the input; asked for only when somebody looks. */
  describe?(): Details;
}

/** A push output. It owns `from` until `run` settles; same rules as `Source.run`. */
export interface Sink {
  readonly accepts: readonly LaneName[];
  run(from: LaneReader, signal: AbortSignal): Promise<void>;
  /** Numbers worth showing; asked for only when somebody looks. */
  describe?(): Details;
}

/** What a packaging sees of the stream it is attached to, in the worker that owns the stream. */
export interface StreamHost {
  readonly name: string;
  readonly config: StreamConfig;
  readonly log: Logger;
  readonly clock: Clock;
  /** A new reader at the live edge. Close it when the packaging is disposed. */
  read(lane: LaneName): LaneReader;
  /** A named set of documents, readable in every worker. */
  shelf(name: string): ShelfWriter;
  /** Keeps the memory under a span from being reused until `releaseSpan`. False when it is gone already. */
  holdSpan(span: Span): boolean;
  releaseSpan(span: Span): void;
  /** When somebody last asked for the stream in any worker, UTC in milliseconds. */
  readonly lastWantedMs: number;
  /** Current description. */
  info(): StreamInfo;
}

/** Something made once per stream for all viewers of a format (segments, playlists). */
export interface Packaging {
  dispose(): void;
}

export type Verdict =
  | {
      readonly ok: true;
      /** The stream that is meant, where it is another than `request.stream`: what to read or publish. */
      readonly stream?: string;
    }
  | { readonly ok: false; readonly reason: RefusalReason; readonly text?: string };

/** What a service has to say about who may publish and play. Runs in every worker. */
export interface AccessPolicy {
  /** Undefined when the request is none of its business. */
  judge(request: AccessRequest, runtime: Pick<Runtime, "server" | "ask">): Promise<Verdict> | undefined;
}

/** A publisher that was let in. */
export interface Publication {
  readonly writer: Pick<StreamWriter, "ts">;
  /** Aborted when the server ends the publication (stream stopped, replaced). */
  readonly signal: AbortSignal;
  /** Set by the protocol: further numbers (rtt, loss…), asked for only when somebody looks. */
  describe?: (() => Details | undefined) | undefined;
  /** The publisher went away. */
  end(): void;
}

/** A viewer as its worker counts it. The protocol adds to the public numbers; `close` takes it off the books. */
export interface ViewerSession {
  readonly id: string;
  bytes: number;
  skips: number;
  lagBytes: number;
  /** Set by the protocol: further numbers (rtt, loss…), asked for only when somebody looks. */
  describe?: (() => Details | undefined) | undefined;
  close(): void;
}

/** What a protocol may ask of the worker that it runs in. */
export interface Runtime {
  readonly workerIndex: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dataDir: string;
  readonly server: ServerConfig;
  /** Asks the services. Never rejects. */
  authorize(request: AccessRequest): Promise<Verdict>;
  /**
   * A reader on a stream's lane, wherever the stream lives, starting at its last key frame. Starts an on-demand
   * stream. Rejects with codes `not-found`, `unavailable`.
   */
  read(stream: string, lane: LaneName): Promise<LaneReader>;
  /** The documents that a packaging puts on a shelf. Rejects like `read`. */
  shelf(stream: string, name: string): Promise<ShelfReader>;
  /** Opens a publication. Rejects with `not-found`, `forbidden`, `busy`. Authorization is asked before, by the caller. */
  publish(request: AccessRequest): Promise<Publication>;
  /** Whether the configuration knows the stream, or would make it on request. */
  knows(stream: string): boolean;
  /** Memory under a span of another worker's stream; undefined when it was reused. Pair with `releaseSpan`. */
  holdSpan(span: Span): Uint8Array | undefined;
  releaseSpan(span: Span): void;
  openSession(request: AccessRequest): ViewerSession;
  /** Notes that a viewer asked something of the stream: keeps an on-demand stream running. */
  touch(stream: string): void;
  /** Asks the control thread (API documents). */
  ask(question: string, argument?: string): Promise<unknown>;
}

/** What a protocol with ports of its own (SRT, RTMP, RTSP…) runs in every worker. */
export interface Listener {
  /**
   * Opens and closes ports until they are those that the configuration asks for. Called at start and after every
   * reload, never twice at once. Resolves to problems in plain words (a port in use); what works goes on working. A
   * viewer or publisher on a port that stays does not notice. Every worker opens the same ports with `reusePort`.
   */
  apply(server: ServerConfig): Promise<readonly string[]>;
  /** Ends every session and leaves no handle open. No `apply` is under way or follows. */
  close(): Promise<void>;
}

/** One protocol or packaging format, in one folder. All parts are optional but the name. */
export interface Protocol {
  readonly name: string;
  /** URL schemes it pulls from. */
  readonly schemes: readonly string[];
  /** URL schemes it pushes to. */
  readonly pushSchemes?: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Throws a `MillraceError` with code `bad-url` when the URL or options make no sense. */
  pull?(input: InputConfig, context: SourceContext): Source;
  push?(push: PushConfig, context: SourceContext): Sink;
  /** What it serves on the public HTTP ports. Called once in every worker. */
  routes?(runtime: Runtime): readonly HttpRoute[];
  /** The ports of its own. Called once in every worker when it opens. */
  listen?(runtime: Runtime): Listener;
  /** Called in the owner's worker for each stream that starts. */
  attach?(stream: StreamHost): Packaging | undefined;
}
