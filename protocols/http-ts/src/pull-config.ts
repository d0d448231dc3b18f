import { validateHeaderName, validateHeaderValue } from "node:http";
import { type InputConfig, type OptionSpec, type Options, readOption } from "@millrace/model";
import { readTsFilter, TS_FILTER_OPTIONS, type TsFilterOptions } from "@millrace/mpegts";
import { badUrl } from "./pull-errors.ts";

const SCHEMES = ["tshttp", "tshttps"];

const HEADER: OptionSpec = {
  name: "header.*",
  scope: ["input"],
  type: "text",
  schemes: SCHEMES,
  doc: "A header to be sent with the request.",
  example: "url tshttp://source:8080/stream header.Referer=https://example.com;",
};
const USER_AGENT: OptionSpec = {
  name: "user_agent",
  scope: ["input"],
  type: "text",
  schemes: SCHEMES,
  default: "Millrace",
  doc: "The User-Agent header.",
  example: 'url tshttp://source:8080/stream user_agent="VLC";',
};
const INSECURE: OptionSpec = {
  name: "insecure",
  scope: ["input"],
  type: "flag",
  schemes: SCHEMES,
  default: false,
  doc: "Does not verify the server's TLS certificate.",
};
const CONNECT_TIMEOUT: OptionSpec = {
  name: "connect_timeout",
  scope: ["input"],
  type: "seconds",
  schemes: SCHEMES,
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long connecting may take, TLS included.",
};
const RESPONSE_TIMEOUT: OptionSpec = {
  name: "response_timeout",
  scope: ["input"],
  type: "seconds",
  schemes: SCHEMES,
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long the server may take to answer the request.",
};
const TIMEOUT: OptionSpec = {
  name: "timeout",
  scope: ["input"],
  type: "seconds",
  schemes: SCHEMES,
  min: 100,
  max: 86_400_000,
  doc: "The connection is given up when nothing came for this long; `source_timeout` applies all the same.",
};

/** Options of `tshttp://` and `tshttps://` inputs. */
export const pullOptions: readonly OptionSpec[] = [
  HEADER,
  USER_AGENT,
  INSECURE,
  CONNECT_TIMEOUT,
  RESPONSE_TIMEOUT,
  TIMEOUT,
  ...TS_FILTER_OPTIONS.map((option) => ({ ...option, schemes: SCHEMES })),
];

export interface PullSettings {
  /** `http:` or `https:`, without user and password. */
  readonly url: URL;
  /** Value of the Authorization header, for the first server only. */
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  /** Undefined: the stream's own `source_timeout` is enough. */
  readonly timeoutMs: number | undefined;
  readonly filter: TsFilterOptions | undefined;
}

/** Reads an input. Throws `bad-url`. */
export function readPull(input: InputConfig): PullSettings {
  const { options } = input;
  const url = readUrl(input.url);
  const authorization = basicAuthorization(url);
  url.username = "";
  url.password = "";
  url.hash = "";
  return {
    url,
    authorization,
    headers: readHeaders(input.url, options),
    insecure: options[INSECURE.name] === true,
    connectTimeoutMs: readMilliseconds(CONNECT_TIMEOUT, options, input.url),
    responseTimeoutMs: readMilliseconds(RESPONSE_TIMEOUT, options, input.url),
    timeoutMs:
      options[TIMEOUT.name] === undefined ? undefined : readMilliseconds(TIMEOUT, options, input.url),
    filter: readTsFilter(options),
  };
}

function readUrl(text: string): URL {
  const plain = /^tshttps?:\/\/[^/?#]/i.test(text) ? text.slice(2) : "";
  const url = URL.parse(plain);
  if (url === null || url.hostname === "") throw badUrl(text, "expected tshttp://HOST[:PORT]/PATH");
  return url;
}

/** RFC 7617. */
function basicAuthorization(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}

function readHeaders(url: string, options: Options): Record<string, string> {
  const headers: Record<string, string> = {
    "User-Agent": String(readOption(USER_AGENT, options)),
    Accept: "*/*",
    "Accept-Encoding": "identity",
  };
  for (const [name, value] of Object.entries(options)) {
    if (!name.startsWith("header.")) continue;
    const header = name.slice("header.".length);
    try {
      validateHeaderName(header);
      validateHeaderValue(header, String(value));
    } catch (cause) {
      throw badUrl(url, `"${header}" cannot be sent as a header: ${(cause as Error).message}`);
    }
    const same = Object.keys(headers).find((it) => it.toLowerCase() === header.toLowerCase());
    headers[same ?? header] = String(value);
  }
  return headers;
}

function readMilliseconds(spec: OptionSpec, options: Options, url: string): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const value = readOption(spec, options);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw badUrl(url, `${spec.name} must be ${min} to ${max} milliseconds, not "${String(value)}"`);
}
