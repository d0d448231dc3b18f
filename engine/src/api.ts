import type { Socket } from "node:net";
import type { TLSSocket, Server as TlsSocketServer } from "node:tls";
import type {
  AccessRequest,
  AccessUnit,
  Clock,
  Details,
  EndpointConfig,
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
import type { DocumentExchange, HttpRoute } from "./http/route.ts";
import type { LaneReader } from "./lane/reader.ts";
import type { Span } from "./memory/span.ts";
import type { ShelfReader, ShelfWriter } from "./stream/shelf.ts";

/** What is at hand already, or comes later. */
export type Awaitable<T> = T | Promise<T>;

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
  /** What it brings. A source that learns this from its other side knows it before it hands on the first media. */
  readonly lane: LaneName;
  run(into: StreamWriter, signal: AbortSignal): Promise<void>;
  /** Numbers worth showing with the input; asked for only when somebody looks. */
  describe?(): Details;
}

/** A push output. It owns `from` until `run` settles; same rules as `Source.run`. */
export interface Sink {
  /** The lanes it can read, best first; those of packagings among them. */
  readonly accepts: readonly string[];
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
  /** A new reader, at the live edge unless told to start at the last key frame. Close it when the packaging is disposed. */
  read(lane: LaneName, start?: "live" | "key"): LaneReader;
  /** A named set of documents, readable in every worker. */
  shelf(name: string): ShelfWriter;
  /** Keeps the memory under a span from being reused until `releaseSpan`. False when it is gone already. */
  holdSpan(span: Span): boolean;
  releaseSpan(span: Span): void;
  /**
   * Copies what was made of the stream (parts of a segment) into shared memory. The spans are held for the caller, who
   * releases each with `releaseSpan` when no reader can want it any more.
   */
  store(parts: readonly Uint8Array[]): Span[];
  /** When somebody last asked for the stream in any worker, UTC in milliseconds. */
  readonly lastWantedMs: number;
  /** Current description. */
  info(): StreamInfo;
}

/** Something made once per stream for all viewers of a format (segments, playlists). */
export interface Packaging {
  dispose(): void;
}

/** One message of a packaged lane: what a player gets whole or not at all. */
export interface PackagedMessage {
  /** Its bytes are those of all parts, one after the other. */
  readonly data: readonly Uint8Array[];
  /** The packaging's own: which track, or which type of message. A 32-bit integer. */
  readonly track: number;
  /** Ticks of 90 kHz. */
  readonly dts: number;
  readonly pts: number;
  /**
   * A new player may start here, and one that fell behind goes on here. The header is stored in front of each of them: where
   * there is no video, one a second is enough.
   */
  readonly key: boolean;
  /** No other message needs it: the first to be left out for a slow player. */
  readonly disposable: boolean;
  /** The timeline broke before it. */
  readonly discontinuity: boolean;
}

/** Where a packaged lane is filled. Every call copies before it returns, so buffers and messages may be reused. */
export interface PackagedWriter {
  /**
   * What a player needs first: it stands before every key message from now on, for those who start there. Players that
   * run get it once, in front of the next message, if it differs from the one before. Any length; empty for none.
   */
  setHeader(bytes: Uint8Array): void;
  put(message: PackagedMessage): void;
}

/** A lane that a protocol makes of the others, once per stream for all players in all workers. */
export interface PackagedLane {
  /** What `Runtime.read` calls it: not `ts`, not `units`, and no other protocol's. */
  readonly lane: string;
  /**
   * Called in the owner's worker when somebody reads the lane and nobody did; the packaging is disposed some seconds after
   * the last reader left. Fill the lane at once with what follows the last key frame (`host.read(…, "key")`).
   */
  open(host: StreamHost, into: PackagedWriter): Packaging;
}

/** Documents that a protocol makes of a stream when somebody asks for them, and stops making some time after. */
export interface PackagedShelf {
  /** What `Runtime.shelf` calls it: no other protocol's. */
  readonly shelf: string;
  /** Called in the owner's worker. The shelf closes when the packaging is disposed: readers ask for it anew. */
  open(host: StreamHost, shelf: ShelfWriter): Packaging;
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
export interface Publication<Writer = Pick<StreamWriter, "ts">> {
  /** What is written after the publication ended goes nowhere. */
  readonly writer: Writer;
  /** Aborted when the server ends the publication (stream stopped, replaced). */
  readonly signal: AbortSignal;
  /** Set by the protocol: further numbers (rtt, loss…), asked for only when somebody looks. */
  describe?: (() => Details | undefined) | undefined;
  /** The publisher went away. */
  end(): void;
}

/** One that delivers access units: tracks first, and again whenever they change. */
export type UnitsPublication = Publication<Pick<StreamWriter, "setTracks" | "unit" | "discontinuity">>;

export interface PublishOptions {
  /** Ends whoever publishes the stream now, where the default is to be refused as `busy`. */
  readonly replace?: boolean;
}

/** A viewer as its worker counts it. The protocol adds to the public numbers; `close` takes it off the books. */
export interface ViewerSession {
  readonly id: string;
  /** What is watched: another name than was asked for, if the verdict said so. */
  readonly stream: string;
  bytes: number;
  skips: number;
  lagBytes: number;
  /** Set by the protocol: further numbers (rtt, loss…), asked for only when somebody looks. */
  describe?: (() => Details | undefined) | undefined;
  close(): void;
}

/** A server for a port with TLS. */
export interface TlsServer {
  /** Listen on it, and close it: that ends the reading of certificates, too. */
  readonly server: TlsSocketServer;
  /** Call it after a reload for a port that stays. Whoever is connected does not notice. */
  readonly update: (endpoint: EndpointConfig) => void;
}

/**
 * TLS for ports of protocols. A port's certificates are those of the options `certificate`, `certificate_key` and
 * `certificate_password` behind it, or else those at the top of the file; declare the port's name in the `under` of these
 * options. They are chosen by the name that the client asks for, and read again when their files change. What is wrong with
 * them is logged: the port opens without, and serves once they are good.
 */
export interface TlsPorts {
  server(endpoint: EndpointConfig, onConnection: (socket: TLSSocket) => void): TlsServer;
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
   * A reader on a stream's lane, wherever the stream lives, starting at its last key frame. `lane` is `ts`, `units` or
   * one of `Protocol.packagings`, which `PackagedReader` reads. Starts an on-demand stream. Rejects with codes
   * `not-found`, `unavailable`.
   */
  read(stream: string, lane: string): Promise<LaneReader>;
  /**
   * The documents that a packaging puts on a shelf; one of `Protocol.shelves` is opened by the first who asks. Ask again
   * for every request: that is what keeps it open. Throws, or rejects, like `read`.
   */
  shelf(stream: string, name: string): Awaitable<ShelfReader>;
  /** Opens a publication. Rejects with `not-found`, `forbidden`, `busy`. Authorization is asked before, by the caller. */
  publish(request: AccessRequest, options?: PublishOptions): Promise<Publication>;
  /** The same for a publisher of access units. */
  publishUnits(request: AccessRequest, options?: PublishOptions): Promise<UnitsPublication>;
  /** Whether the configuration knows the stream, or would make it on request. */
  knows(stream: string): boolean;
  /** Memory under a span of another worker's stream; undefined when it was reused. Pair with `releaseSpan`. */
  holdSpan(span: Span): Uint8Array | undefined;
  releaseSpan(span: Span): void;
  openSession(request: AccessRequest): ViewerSession;
  /**
   * The viewer behind a request for a document (playlist, segment…), let in if it was not before: one session per stream,
   * address, credentials and user agent in a worker, whichever protocol it asks. It ends 30 s after the last request. Touches
   * the stream. Undefined when the request was refused and answered. `stream` is `match[1]` when absent; what is meant is
   * `ViewerSession.stream`. Rejects with `not-found`.
   */
  admit(exchange: DocumentExchange, protocol: string, stream?: string): Awaitable<ViewerSession | undefined>;
  readonly tls: TlsPorts;
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
  /**
   * Takes a connection to an HTTP port, or a decrypted one to an HTTPS port, whose first bytes `Protocol.recognise` knew. They
   * are still to be read, and flow once somebody listens for data. It is cut off soon after its port was closed.
   */
  adopt?(socket: Socket): void;
}

/** How connections of a protocol begin. */
export interface Recognition {
  /** As many bytes are needed, at most. */
  readonly bytes: number;
  /** `first` is at least so long. No HTTP method may match (RFC 9110 §9.1). */
  matches(first: Uint8Array): boolean;
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
  /** Where its connections may come to the public HTTP ports as well: how they begin. Needs `Listener.adopt`. */
  readonly recognise?: Recognition;
  /** Called in the owner's worker for each stream that starts. */
  attach?(stream: StreamHost): Packaging | undefined;
  /** Lanes that it makes when somebody wants them. */
  readonly packagings?: readonly PackagedLane[];
  /** Documents that it makes when somebody wants them. */
  readonly shelves?: readonly PackagedShelf[];
}
