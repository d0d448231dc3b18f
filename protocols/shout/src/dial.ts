import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { headersFor } from "@millrace/engine";
import type { ShoutSettings } from "./config.ts";
import { connectionFailed, timedOut } from "./errors.ts";
import { ChunkedBody } from "./wire/chunked.ts";
import { type ResponseHead, ResponseHeadReader } from "./wire/response-head.ts";

export interface Request {
  readonly settings: ShoutSettings;
  readonly url: URL;
  readonly signal: AbortSignal;
  /** What to do with the body; undefined to have none of it. May throw. */
  readonly onHead: (head: ResponseHead) => ((bytes: Uint8Array) => void) | undefined;
}

/**
 * One request and its answer, to the end of its body. Resolves when the body ended, was not wanted, or the signal was
 * aborted; rejects with `shout.*` errors. The connection is closed by then.
 */
export function request({ settings, url, signal, onHead }: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange({ settings, url, signal, onHead }, (failure) => {
      if (failure === undefined) resolve();
      else reject(failure);
    });
    exchange.begin();
  });
}

class Exchange {
  readonly #request: Request;
  readonly #done: (failure?: Error) => void;
  readonly #socket: Socket;
  readonly #head = new ResponseHeadReader();
  readonly #stop = (): void => this.#finish();
  #onBody: ((bytes: Uint8Array) => void) | undefined;
  #chunked: ChunkedBody | undefined;
  #left = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #finished = false;
  #failure: Error | undefined;

  constructor(request: Request, done: (failure?: Error) => void) {
    this.#request = request;
    this.#done = done;
    const { url, settings } = request;
    const secure = url.protocol === "https:";
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(url.port) || (secure ? 443 : 80);
    this.#socket = secure
      ? connectTls({
          host,
          port,
          rejectUnauthorized: !settings.insecure,
          // A name only: addresses are no server names (RFC 6066 §3).
          ...(/[a-z]/i.test(host) && !host.includes(":") && { servername: host }),
        })
      : connectPlain({ host, port });
  }

  begin(): void {
    const { url, settings, signal } = this.#request;
    const socket = this.#socket;
    signal.addEventListener("abort", this.#stop, { once: true });
    this.#arm(settings.connectTimeoutMs, "did not answer");
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
      this.#arm(settings.responseTimeoutMs, "did not answer the request");
      socket.write(requestText(this.#request));
    });
    socket.on("data", (bytes: Uint8Array) => {
      try {
        this.#take(bytes);
      } catch (error) {
        this.#finish(error as Error);
      }
    });
    socket.on("error", (cause) => this.#finish(connectionFailed(url.host, cause)));
    socket.once("end", () => this.#atEnd());
    socket.once("close", () => {
      this.#atEnd();
      this.#done(this.#failure);
    });
  }

  #arm(timeoutMs: number, what: string): void {
    clearTimeout(this.#timer);
    if (this.#finished) return;
    this.#timer = setTimeout(
      () => this.#finish(timedOut(`${this.#request.url.host} ${what}`, timeoutMs)),
      timeoutMs,
    );
  }

  #take(bytes: Uint8Array): void {
    if (this.#finished) return;
    let body = bytes;
    if (this.#onBody === undefined) {
      const whole = this.#head.push(bytes);
      if (whole === undefined) return;
      clearTimeout(this.#timer);
      const onBody = this.#request.onHead(whole.head);
      if (onBody === undefined) {
        this.#finish();
        return;
      }
      this.#open(whole.head, onBody);
      body = whole.rest;
    }
    const wanted = body.length > this.#left ? body.subarray(0, this.#left) : body;
    this.#left -= wanted.length;
    if (wanted.length > 0) this.#onBody?.(wanted);
    if (this.#left === 0 || this.#chunked?.ended === true) this.#finish();
  }

  #open({ headers }: ResponseHead, onBody: (bytes: Uint8Array) => void): void {
    this.#onBody = onBody;
    if (/\bchunked\b/i.test(headers.get("transfer-encoding") ?? "")) {
      const chunked = new ChunkedBody(onBody);
      this.#chunked = chunked;
      this.#onBody = (bytes) => chunked.push(bytes);
      return;
    }
    const length = headers.get("content-length") ?? "";
    // Some servers of streams promise a length that no one ever gets to the end of.
    if (/^\d{1,15}$/.test(length)) this.#left = Number(length);
  }

  /** The server has said all it will. */
  #atEnd(): void {
    const { host } = this.#request.url;
    if (this.#finished) return;
    const isWhole =
      this.#onBody !== undefined && this.#left === Number.POSITIVE_INFINITY && this.#chunked === undefined;
    this.#finish(isWhole ? undefined : connectionFailed(host, "the server broke the connection"));
  }

  #finish(failure?: Error): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#failure = failure;
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener("abort", this.#stop);
    this.#socket.destroy();
  }
}

/** HTTP/1.0, so that the body comes as it is. */
function requestText({ settings, url }: Request): string {
  const headers = Object.entries({
    Host: url.host,
    "Icy-MetaData": "1",
    Connection: "close",
    ...headersFor(settings, url),
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${url.pathname}${url.search} HTTP/1.0\r\n${lines.join("")}\r\n`;
}
