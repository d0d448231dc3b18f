import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
  STATUS_CODES,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { followRedirects, type HttpClientSettings, headersFor, httpUrl } from "@millrace/engine";
import type { Clock } from "@millrace/model";
import type { ByteRange } from "@millrace/playlist";
import { PULL_SCHEMES } from "./config.ts";
import { CookieJar } from "./cookies.ts";
import { BadStatus, badAnswer, connectionFailed, timedOut, tooLarge } from "./errors.ts";

/** Connections to one server at once: playlists and segments of several renditions. */
const MOST_SOCKETS = 8;
const KEEP_ALIVE_MS = 30_000;

const DECODERS = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

export interface GetOptions {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** This stretch of the resource only. */
  readonly range?: ByteRange | undefined;
  /** How long the server may take to answer, where that is longer than usual. Milliseconds. */
  readonly responseTimeoutMs?: number;
  /** A text, that the server may compress. */
  readonly text?: boolean;
}

export interface Fetched {
  readonly bytes: Uint8Array;
  /** Where it was found in the end: what its own references are relative to. */
  readonly url: string;
}

interface Answer {
  readonly response: IncomingMessage;
  readonly body: Uint8Array;
}

/** Gets documents from HTTP servers, whole, over connections that are kept. */
export class HttpClient {
  readonly #settings: HttpClientSettings;
  readonly #clock: Clock;
  readonly #cookies = new CookieJar();
  readonly #plain = new HttpAgent({
    keepAlive: true,
    keepAliveMsecs: KEEP_ALIVE_MS,
    maxSockets: MOST_SOCKETS,
  });
  readonly #secure: HttpsAgent;
  requests = 0;
  bytes = 0;

  constructor(settings: HttpClientSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#secure = new HttpsAgent({
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      maxSockets: MOST_SOCKETS,
      ...(settings.insecure ? { rejectUnauthorized: false } : {}),
    });
  }

  /**
   * Follows up to five redirections. Rejects with `hls.connection`, `hls.timeout`, `hls.answer` (a `BadStatus` where the
   * server refuses), `hls.too-large`, and with the signal's reason when it is aborted.
   */
  async get(address: string, options: GetOptions): Promise<Fetched> {
    let fetched: Fetched | undefined;
    const ask = async (url: URL): Promise<URL | undefined> => {
      options.signal.throwIfAborted();
      const { response, body } = await this.#request(url, options);
      this.#cookies.take(url, response.headers["set-cookie"] ?? [], this.#clock.wallMs());
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (status >= 300 && status <= 399 && location !== undefined) return parseHttp(location, url);
      if (status !== 200 && status !== 206) throw new BadStatus(url.href, status, STATUS_CODES[status] ?? "");
      fetched = { bytes: await decoded(response, body, options, url), url: url.href };
      return undefined;
    };
    await followRedirects({ first: parseHttp(address), what: address, badAnswer, ask });
    return fetched as Fetched;
  }

  /** Closes every connection that is kept. */
  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #request(url: URL, options: GetOptions): Promise<Answer> {
    const secure = url.protocol === "https:";
    this.requests++;
    return new Promise((resolve, reject) => {
      const request = (secure ? requestHttps : requestHttp)(url, {
        headers: this.#headers(url, options),
        agent: secure ? this.#secure : this.#plain,
      });
      new Exchange(request, { settings: this.#settings, url, options }, (failure, answer) => {
        this.bytes += answer?.body.length ?? 0;
        if (answer === undefined) reject(failure as Error);
        else resolve(answer);
      });
    });
  }

  #headers(url: URL, { range, text }: GetOptions): Record<string, string> {
    const cookie = this.#cookies.header(url);
    return {
      "Accept-Encoding": text === true ? "gzip, deflate" : "identity",
      ...(cookie !== undefined && { Cookie: cookie }),
      ...headersFor(this.#settings, url),
      ...(range !== undefined && { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
    };
  }
}

/** One request and its answer. Calls `done` once, when the connection is done with it. */
class Exchange {
  readonly #request: ClientRequest;
  readonly #context: {
    readonly settings: HttpClientSettings;
    readonly url: URL;
    readonly options: GetOptions;
  };
  readonly #done: (failure: Error | undefined, answer?: Answer) => void;
  readonly #parts: Uint8Array[] = [];
  readonly #stop = (): void => this.#finish(this.#context.options.signal.reason as Error);
  #length = 0;
  #timer: NodeJS.Timeout | undefined;
  #finished = false;

  constructor(
    request: ClientRequest,
    context: { readonly settings: HttpClientSettings; readonly url: URL; readonly options: GetOptions },
    done: (failure: Error | undefined, answer?: Answer) => void,
  ) {
    this.#request = request;
    this.#context = context;
    this.#done = done;
    const { settings, url, options } = context;
    options.signal.addEventListener("abort", this.#stop, { once: true });
    this.#arm(settings.connectTimeoutMs, "did not answer");
    request.once("socket", (socket) => {
      const ready = (): void =>
        this.#arm(options.responseTimeoutMs ?? settings.responseTimeoutMs, "did not answer the request");
      if (!socket.connecting) ready();
      else socket.once(url.protocol === "https:" ? "secureConnect" : "connect", ready);
    });
    request.once("response", (response) => this.#receive(response));
    request.on("error", (cause) => this.#finish(connectionFailed(url.host, cause)));
    request.end();
  }

  #arm(timeoutMs: number, what: string): void {
    clearTimeout(this.#timer);
    if (this.#finished) return;
    const fail = (): void => this.#finish(timedOut(`${this.#context.url.host} ${what}`, timeoutMs));
    this.#timer = setTimeout(fail, timeoutMs);
  }

  #receive(response: IncomingMessage): void {
    const { settings, url, options } = this.#context;
    const idleMs = settings.responseTimeoutMs;
    const promised = Number(response.headers["content-length"] ?? 0);
    if (promised > options.maxBytes) {
      this.#finish(tooLarge(url.href, options.maxBytes));
      return;
    }
    this.#arm(idleMs, "sent nothing");
    response.on("data", (bytes: Uint8Array) => {
      this.#parts.push(bytes);
      this.#length += bytes.length;
      if (this.#length > options.maxBytes) this.#finish(tooLarge(url.href, options.maxBytes));
      else this.#timer?.refresh();
    });
    response.on("error", (cause) => this.#finish(connectionFailed(url.host, cause)));
    response.on("end", () => {
      if (!response.complete) this.#finish(connectionFailed(url.host, "the server broke the connection"));
      else this.#finish(undefined, { response, body: Buffer.concat(this.#parts, this.#length) });
    });
  }

  #finish(failure: Error | undefined, answer?: Answer): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    this.#context.options.signal.removeEventListener("abort", this.#stop);
    if (answer === undefined) this.#request.destroy();
    this.#done(failure, answer);
  }
}

/** Nothing but HTTP is fetched, whatever a playlist or a redirection says. */
function parseHttp(address: string, base?: URL): URL {
  const url = httpUrl(address, PULL_SCHEMES, base);
  if (url === undefined) throw badAnswer(`"${address}" is no HTTP address`);
  return url;
}

async function decoded(
  response: IncomingMessage,
  body: Uint8Array,
  { maxBytes, range }: GetOptions,
  url: URL,
): Promise<Uint8Array> {
  const coding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  let bytes = body;
  if (coding !== "identity" && coding !== "" && body.length > 0) {
    const decode = DECODERS[coding as keyof typeof DECODERS];
    if (decode === undefined) throw badAnswer(`${url.href}: the server answers in the coding "${coding}"`);
    try {
      bytes = await decode(body, { maxOutputLength: maxBytes });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
        throw tooLarge(url.href, maxBytes);
      throw badAnswer(`${url.href}: the answer is no ${coding}`);
    }
  }
  // A server without ranges sends it all.
  if (range !== undefined && response.statusCode === 200)
    return bytes.subarray(range.offset, range.offset + range.length);
  return bytes;
}
