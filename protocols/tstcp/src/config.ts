import { isIP } from "node:net";
import { badUrl, readNumber } from "@millrace/engine";
import { type InputConfig, type OptionSpec, readOption } from "@millrace/model";
import { readTsFilter, TS_FILTER_OPTIONS, type TsFilterOptions } from "@millrace/mpegts";

const MODE: OptionSpec = {
  name: "mode",
  scope: ["input"],
  type: "word",
  choices: ["caller", "listener"],
  default: "caller",
  doc: "`caller` connects to the address, `listener` waits there for one sender at a time.",
  example: "url tstcp://0.0.0.0:5000?mode=listener;",
};
const CONNECT_TIMEOUT = {
  name: "connect_timeout",
  scope: ["input"],
  type: "seconds",
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long connecting may take.",
} as const satisfies OptionSpec;
const TIMEOUT: OptionSpec = {
  name: "timeout",
  scope: ["input"],
  type: "seconds",
  min: 100,
  max: 86_400_000,
  doc: "The connection is given up when nothing came for this long; `source_timeout` applies all the same.",
};

/** What may follow a `tstcp://` URL, or stand in its query. */
export const TSTCP_OPTIONS: readonly OptionSpec[] = [MODE, CONNECT_TIMEOUT, TIMEOUT, ...TS_FILTER_OPTIONS];

export interface TcpSettings {
  readonly host: string;
  readonly port: number;
  readonly mode: "caller" | "listener";
  readonly connectTimeoutMs: number;
  /** Undefined: the stream's own `source_timeout` is enough. */
  readonly timeoutMs: number | undefined;
  readonly filter: TsFilterOptions | undefined;
}

const URL_FORM = /^tstcp:\/\/(\[[^\]]+\]|[^:/?[\]]*):(\d{1,5})\/?(?:\?.*)?$/i;

/** Reads an input. Throws `bad-url`. */
export function readSettings(input: InputConfig): TcpSettings {
  const { url, options } = input;
  const match = URL_FORM.exec(url);
  if (match === null) throw badUrl(url, "expected tstcp://HOST:PORT");
  const port = Number(match[2]);
  if (port < 1 || port > 65535) throw badUrl(url, "the port must be 1 to 65535");
  const mode = readOption(MODE, options) === "listener" ? "listener" : "caller";
  return {
    host: readHost(url, match[1] as string, mode),
    port,
    mode,
    connectTimeoutMs: readNumber(CONNECT_TIMEOUT, options, url),
    timeoutMs: readNumber(TIMEOUT, options, url),
    filter: readTsFilter(options),
  };
}

function readHost(url: string, text: string, mode: TcpSettings["mode"]): string {
  const bracketed = text.startsWith("[");
  const host = bracketed ? text.slice(1, -1) : text;
  if (host === "" || host === "*") {
    if (mode === "listener") return "::";
    throw badUrl(url, "there is no host to connect to");
  }
  if (bracketed ? isIP(host) !== 6 : !/^[\w.-]+$/.test(host)) throw badUrl(url, `"${text}" is no host`);
  return host;
}
