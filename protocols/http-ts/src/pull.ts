import { type IncomingMessage, request as requestHttp, STATUS_CODES } from "node:http";
import { request as requestHttps } from "node:https";
import {
  followRedirects,
  headersFor,
  httpUrl,
  REDIRECTS,
  type Source,
  type SourceContext,
  type StreamWriter,
} from "@millrace/engine";
import type { InputConfig } from "@millrace/model";
import { filterTs } from "@millrace/mpegts";
import { PULL_SCHEMES, type PullSettings, readPull } from "./pull-config.ts";
import { badAnswer, connectionFailed, timedOut } from "./pull-errors.ts";

/** An input that reads transport stream from the body of an HTTP answer. Throws `bad-url`. */
export function pullTsHttp(input: InputConfig, context: SourceContext): Source {
  return new HttpTsSource(readPull(input), context);
}

class HttpTsSource implements Source {
  readonly lane = "ts";
  readonly #settings: PullSettings;
  readonly #context: SourceContext;

  constructor(settings: PullSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const settings = this.#settings;
    const target = filterTs(into, settings.filter);
    const onBytes = (bytes: Uint8Array): void => target.ts(bytes);
    await followRedirects({
      first: settings.url,
      what: settings.url.host,
      badAnswer,
      ask: async (url) => (signal.aborted ? undefined : await fetchTs({ settings, url, signal, onBytes })),
      onRedirect: (from, to) => this.#context.log.debug("redirected", { from: from.href, to: to.href }),
    });
  }
}

interface Fetch {
  readonly settings: PullSettings;
  readonly url: URL;
  readonly signal: AbortSignal;
  /** Valid until the call returns. */
  readonly onBytes: (bytes: Uint8Array) => void;
}

/** Hands on one answer's body to its end, or resolves with where the answer redirects to. */
function fetchTs(fetch: Fetch): Promise<URL | undefined> {
  const { settings, url, signal } = fetch;
  return new Promise((resolve, reject) => {
    let redirect: URL | undefined;
    let failure: Error | undefined;
    let answer: IncomingMessage | undefined;
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = send(url, {
      headers: headersFor(settings, url),
      agent: false,
      ...(settings.insecure ? { rejectUnauthorized: false } : {}),
    });
    const fail = (error: Error): void => {
      failure ??= error;
      request.destroy();
    };
    const { connectTimeoutMs, responseTimeoutMs } = settings;
    let deadline = setTimeout(
      () => fail(timedOut(`${url.host} did not answer`, connectTimeoutMs)),
      connectTimeoutMs,
    );
    request.once("socket", (socket) => {
      socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
        clearTimeout(deadline);
        deadline = setTimeout(
          () => fail(timedOut(`${url.host} did not answer the request`, responseTimeoutMs)),
          responseTimeoutMs,
        );
      });
    });
    request.once("response", (response) => {
      clearTimeout(deadline);
      answer = response;
      try {
        redirect = redirectOf(response, url);
        if (redirect === undefined) receive(response, fetch, fail);
        else request.destroy();
      } catch (error) {
        fail(error as Error);
      }
    });
    request.on("error", (cause) => fail(connectionFailed(url.host, cause)));
    const stop = (): void => void request.destroy();
    signal.addEventListener("abort", stop, { once: true });
    request.once("close", () => {
      clearTimeout(deadline);
      signal.removeEventListener("abort", stop);
      if (answer !== undefined && !answer.complete && redirect === undefined) {
        failure ??= connectionFailed(url.host, "the server broke the connection");
      }
      if (signal.aborted || failure === undefined) resolve(redirect);
      else reject(failure);
    });
    request.end();
  });
}

/** Where an answer redirects to; undefined if it carries a stream. Throws `http-ts.answer` for all others. */
function redirectOf(response: IncomingMessage, url: URL): URL | undefined {
  const status = response.statusCode ?? 0;
  const { location } = response.headers;
  if (REDIRECTS.has(status) && location !== undefined) {
    // A server of this kind may well redirect to a tshttp:// URL.
    const next = httpUrl(location, PULL_SCHEMES, url);
    if (next !== undefined) return next;
    throw badAnswer(`redirected to "${location}", which is not HTTP`);
  }
  if (status !== 200 && status !== 206) {
    throw badAnswer(`${url.host} answered ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd());
  }
  const type = response.headers["content-type"] ?? "";
  if (/mpegurl/i.test(type)) throw badAnswer(`${url.host} sends an HLS playlist: write hls:// in the URL`);
  if (/^text\/html/i.test(type)) throw badAnswer(`${url.host} sends a web page, not a transport stream`);
  return undefined;
}

function receive(response: IncomingMessage, fetch: Fetch, fail: (error: Error) => void): void {
  const { settings, url, onBytes } = fetch;
  const { timeoutMs } = settings;
  if (timeoutMs !== undefined) {
    response.socket.setTimeout(timeoutMs, () => fail(timedOut(`${url.host} sent nothing`, timeoutMs)));
  }
  response.on("data", onBytes);
  response.on("error", (cause) => fail(connectionFailed(url.host, cause)));
}
