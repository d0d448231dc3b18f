import { validateHeaderName, validateHeaderValue } from "node:http";
import { type InputConfig, type Options, readOption } from "@millrace/model";
import { badUrl } from "../../errors.ts";
import { readNumber } from "../../read-number.ts";
import { type HttpSchemes, httpUrl } from "./http-url.ts";
import { CONNECT_TIMEOUT, HEADER_PREFIX, INSECURE, RESPONSE_TIMEOUT, USER_AGENT } from "./options.ts";

/** What an input asks HTTP servers with. */
export interface HttpClientSettings {
  /** `http:` or `https:`, without user and password. */
  readonly url: URL;
  /** Value of the Authorization header, for the first server only. */
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

export interface HttpClientKind {
  /** The first one is what is expected, where something else is found. */
  readonly schemes: HttpSchemes;
  /** Sent unless an option says otherwise, besides `User-Agent` and `Accept`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reads the URL of an input and `httpClientOptions`. Throws `bad-url`. */
export function readHttpClient(input: InputConfig, kind: HttpClientKind): HttpClientSettings {
  const { options } = input;
  const url = readUrl(input.url, kind.schemes);
  const authorization = basicAuthorization(url, input.url);
  url.username = "";
  url.password = "";
  url.hash = "";
  return {
    url,
    authorization,
    headers: readHeaders(input.url, options, kind.headers ?? {}),
    insecure: readOption(INSECURE, options) === true,
    connectTimeoutMs: readNumber(CONNECT_TIMEOUT, options, input.url),
    responseTimeoutMs: readNumber(RESPONSE_TIMEOUT, options, input.url),
  };
}

/**
 * Headers of a request to `url`, which the first server may have redirected to: credentials are for the server that they
 * were given for alone (RFC 9110 §15.4).
 */
export function headersFor(settings: HttpClientSettings, url: URL): Record<string, string> {
  const { headers, authorization } = settings;
  if (url.origin === settings.url.origin)
    return authorization === undefined ? { ...headers } : { Authorization: authorization, ...headers };
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)),
  );
}

function readUrl(text: string, schemes: HttpSchemes): URL {
  const [expected] = Object.keys(schemes);
  const scheme = /^([a-z0-9]+):\/\/[^/?#]/i.exec(text)?.[1]?.toLowerCase() ?? "";
  const url = Object.hasOwn(schemes, scheme) ? httpUrl(text, schemes) : undefined;
  if (url === undefined) throw badUrl(text, `expected ${expected}://HOST[:PORT]/PATH`);
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

function readHeaders(
  url: string,
  options: Options,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {
    "User-Agent": String(readOption(USER_AGENT, options)),
    Accept: "*/*",
    ...own,
  };
  for (const [name, value] of Object.entries(options)) {
    if (!name.startsWith(HEADER_PREFIX)) continue;
    const header = name.slice(HEADER_PREFIX.length);
    const same = Object.keys(headers).find((it) => it.toLowerCase() === header.toLowerCase());
    headers[same ?? header] = String(value);
  }
  for (const [header, value] of Object.entries(headers)) {
    try {
      // What would end the line could begin another request (RFC 9110 §5.1, §5.5).
      validateHeaderName(header);
      validateHeaderValue(header, value);
    } catch (cause) {
      throw badUrl(url, `"${header}" cannot be sent as a header: ${(cause as Error).message}`);
    }
  }
  return headers;
}
