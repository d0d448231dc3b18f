import { type InputConfig, type OptionSpec, type Options, readOption } from "@millrace/model";
import { badUrl } from "./errors.ts";

/** URL schemes of HTTP audio inputs. */
export const SCHEMES: readonly string[] = ["shout", "shouts"];

function inputOption(option: Omit<OptionSpec, "scope" | "schemes">): OptionSpec {
  return { ...option, scope: ["input"], schemes: SCHEMES };
}

const HEADER = inputOption({
  name: "header.*",
  type: "text",
  doc: "A header to be sent with the request.",
  example: "url shout://radio:8000/live header.Referer=https://example.com;",
});
const USER_AGENT = inputOption({
  name: "user_agent",
  type: "text",
  default: "Millrace",
  doc: "The User-Agent header.",
});
const INSECURE = inputOption({
  name: "insecure",
  type: "flag",
  default: false,
  doc: "Does not verify the server's TLS certificate.",
});
const CONNECT_TIMEOUT = inputOption({
  name: "connect_timeout",
  type: "seconds",
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long connecting may take, TLS included.",
});
const RESPONSE_TIMEOUT = inputOption({
  name: "response_timeout",
  type: "seconds",
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long the server may take to answer the request.",
});
const PACED = inputOption({
  name: "paced",
  type: "flag",
  default: true,
  doc: "Delivers in real time what the server sends in advance. Off: whatever arrived at once.",
});

/** Options of `shout://` and `shouts://` inputs. */
export const OPTIONS: readonly OptionSpec[] = [
  HEADER,
  USER_AGENT,
  INSECURE,
  CONNECT_TIMEOUT,
  RESPONSE_TIMEOUT,
  PACED,
];

export interface ShoutSettings {
  /** `http:` or `https:`, without user and password. */
  readonly url: URL;
  /** Value of the Authorization header, for the first server only. */
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly paced: boolean;
}

/** Reads an input. Throws `bad-url`. */
export function readSettings(input: InputConfig): ShoutSettings {
  const { options } = input;
  const url = readUrl(input.url);
  const authorization = basicAuthorization(url, input.url);
  url.username = "";
  url.password = "";
  url.hash = "";
  return {
    url,
    authorization,
    headers: readHeaders(input.url, options),
    insecure: readOption(INSECURE, options) === true,
    connectTimeoutMs: readMilliseconds(CONNECT_TIMEOUT, options, input.url),
    responseTimeoutMs: readMilliseconds(RESPONSE_TIMEOUT, options, input.url),
    paced: readOption(PACED, options) === true,
  };
}

function readUrl(text: string): URL {
  const match = /^shout(s?):\/\/([^/?#].*)$/is.exec(text);
  const url = match === null ? null : URL.parse(`http${match[1]?.toLowerCase()}://${match[2]}`);
  if (url === null || url.hostname === "") throw badUrl(text, "expected shout://HOST[:PORT]/PATH");
  return url;
}

/** RFC 7617. */
function basicAuthorization(url: URL, text: string): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
  } catch {
    throw badUrl(text, "user or password is not percent-encoded as it should be");
  }
}

function readHeaders(url: string, options: Options): Record<string, string> {
  const headers: Record<string, string> = {
    "User-Agent": String(readOption(USER_AGENT, options)),
    Accept: "*/*",
  };
  for (const [name, value] of Object.entries(options)) {
    if (!name.startsWith("header.")) continue;
    const header = name.slice("header.".length);
    const same = Object.keys(headers).find((it) => it.toLowerCase() === header.toLowerCase());
    headers[same ?? header] = String(value);
  }
  for (const [name, value] of Object.entries(headers)) {
    // RFC 9110 §5.1, §5.5: what would end the line could begin another request.
    const isFine = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
    if (!isFine) throw badUrl(url, `"${name}" cannot be sent as a header`);
  }
  return headers;
}

function readMilliseconds(spec: OptionSpec, options: Options, url: string): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const value = readOption(spec, options);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw badUrl(url, `${spec.name} must be ${min} to ${max} milliseconds, not "${String(value)}"`);
}
