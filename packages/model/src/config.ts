/** Values that an option of the configuration file can have once it is read. */
export type OptionValue = string | number | boolean | readonly string[];

/**
 * Where in the file an option may stand. `input` and `push` options follow the URL or stand in its query, `endpoint`
 * options stand behind a port or in its block.
 */
export type OptionScope = "server" | "stream" | "input" | "push" | "endpoint";

/**
 * One option: the unit in which it is written is part of its type, the value stored is always the unit named in
 * parentheses: `seconds` (milliseconds), `milliseconds` (milliseconds), `kbit` (bits a second), `bytes` (bytes),
 * `integers` (words in decimal, whatever base the file uses), `address` ("PORT" or "HOST:PORT"), `path` (a file's absolute
 * name; a relative one counts from the directory of the configuration file). Lines of type `endpoint` open ports of a
 * protocol and are kept apart, as `Ports`.
 */
export type OptionType =
  | "flag"
  | "integer"
  | "seconds"
  | "milliseconds"
  | "kbit"
  | "bytes"
  | "word"
  | "text"
  | "words"
  | "integers"
  | "url"
  | "address"
  | "path"
  | "endpoint";

export interface OptionSpec {
  /** `header.*` stands for every name with that beginning. */
  readonly name: string;
  /** Other spellings that mean the same. */
  readonly aliases?: readonly string[];
  readonly scope: readonly OptionScope[];
  readonly type: OptionType;
  /** In the unit that is stored, like `min` and `max`. */
  readonly default?: OptionValue;
  readonly min?: number;
  readonly max?: number;
  /** It may be given several times; the values make one list of words. */
  readonly repeat?: boolean;
  /** The words allowed, for `word`. */
  readonly choices?: readonly string[];
  /** URL schemes it applies to, for `input` and `push` options; all of the declaring protocol's when absent. */
  readonly schemes?: readonly string[];
  /** Names of the `endpoint` lines it applies to, for `endpoint` options; all of the declaring protocol's when absent. */
  readonly under?: readonly string[];
  /** What an `endpoint` line opens; `tcp` when absent. A port that somebody else has is found before the server starts. */
  readonly transport?: "tcp" | "udp";
  /** One line for the reference. */
  readonly doc: string;
  readonly example?: string;
}

export type Options = Readonly<Record<string, OptionValue>>;

/** One line of type `endpoint`: a port of a protocol, with the options behind it or in its block. */
export interface EndpointConfig extends ListenConfig {
  readonly options: Options;
}

/** Lines of type `endpoint`, by the name of their option, in the order of the file. No address stands twice in a list. */
export type Ports = Readonly<Record<string, readonly EndpointConfig[]>>;

/** One `url`/`input` line, or one source of `urls`. */
export interface InputConfig {
  /** As written, query included. */
  readonly url: string;
  readonly scheme: string;
  /** 1 is best. Equal numbers are not checked against each other. */
  readonly priority: number;
  /** After this long without media the input counts as lost. Milliseconds. */
  readonly sourceTimeoutMs: number;
  /** Options after the URL and from its query, by name (`header.Referer` keeps its dot). */
  readonly options: Options;
}

/** One `push` (or `udp`) line. */
export interface PushConfig {
  readonly url: string;
  readonly scheme: string;
  readonly options: Options;
}

/** `static` runs always, `ondemand` while somebody watches, `publish` waits for publishers only. */
export type StreamKind = "static" | "ondemand";

export interface StreamConfig {
  readonly name: string;
  readonly kind: StreamKind;
  readonly inputs: readonly InputConfig[];
  readonly pushes: readonly PushConfig[];
  /** Played while no input delivers. A URL (`file:///…`) after path resolution. */
  readonly backup?: InputConfig;
  readonly publishEnabled: boolean;
  /** Publishers must give it (query `password`). */
  readonly password?: string;
  readonly disabled: boolean;
  /** On-demand: attempts before the stream is closed. */
  readonly retryLimit: number;
  /** On-demand: how long the stream goes on after its last client, milliseconds. */
  readonly clientsTimeoutMs: number;
  readonly sourceTimeoutMs: number;
  /** Every other stream option, by name, read by whoever declared it. */
  readonly options: Options;
  /** Ports for this stream alone; absent when there are none. */
  readonly ports?: Ports;
}

export interface ListenConfig {
  readonly host?: string;
  readonly port: number;
}

export interface ServerConfig {
  readonly http: readonly ListenConfig[];
  /** Media workers; 0 runs the engine in the control thread. */
  readonly workers: number;
  readonly streams: readonly StreamConfig[];
  /** Publish prefixes (`live mylive { … }`): a publisher may create PREFIX/anything. The name is the prefix. */
  readonly livePrefixes: readonly StreamConfig[];
  /** `rewrite nsk/* { url …%s; }`: streams made on first request. The name is the pattern's prefix without `*`. */
  readonly rewrites: readonly StreamConfig[];
  /** `file vod { path /storage; }` and the like. */
  readonly fileLocations: readonly { readonly name: string; readonly paths: readonly string[] }[];
  readonly options: Options;
  /** Ports of protocols for all streams; absent when there are none. HTTP's are in `http`. */
  readonly ports?: Ports;
}

/** The value of an option, or its default. */
export function readOption(spec: OptionSpec, options: Options): OptionValue | undefined {
  return options[spec.name] ?? spec.default;
}
