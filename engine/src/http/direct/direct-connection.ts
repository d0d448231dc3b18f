import type { Socket } from "node:net";
import { STALL_MS } from "../response-end.ts";
import type { DocumentRequest } from "../route.ts";
import { type AnswerLine, DirectResponse } from "./direct-response.ts";
import { type HeaderFields, MOST_HEAD_BYTES, type RequestHead, readRequestHead } from "./request-head.ts";

const NOTHING = new Uint8Array(0);
const TIMED_OUT = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/** A request that is ours to answer, and who asks. */
export interface DirectRequest {
  readonly request: DocumentRequest;
  readonly response: DirectResponse;
  /** Remote address, without port. */
  readonly ip: string;
}

/** Times are in ticks of the sweep. */
export interface IdleLimits {
  /** For a request's head, from its first byte or the beginning of the connection. */
  readonly headTicks: number;
  /** Between two requests. */
  readonly keptTicks: number;
}

/** What a connection asks of the port that it came by. */
export interface DirectHost<Found> {
  /** Counts sweeps. */
  readonly tick: number;
  readonly closing: boolean;
  /** Whether we answer it ourselves. */
  find(method: "GET" | "HEAD", target: string): Found | undefined;
  serve(found: Found, request: DirectRequest): void;
  /** The connection is Node's from now on; what was not answered is unread again. */
  handOver(connection: DirectConnection<Found>): void;
  /** It is closed. */
  forget(connection: DirectConnection<Found>): void;
}

/**
 * One connection on which documents are asked for by simple requests, one after the other (RFC 9112 §9.3). With the first
 * request that is something else, it goes to Node's server for good.
 */
export class DirectConnection<Found> implements AnswerLine {
  readonly socket: Socket;
  readonly #host: DirectHost<Found>;
  readonly #ip: string;
  /** What was read and not answered, from `#at` on. */
  #bytes: Buffer | undefined;
  #text: string | undefined;
  #at = 0;
  #fields: HeaderFields | undefined;
  #response: DirectResponse | undefined;
  /** When it began to wait for the client. */
  #sinceTick: number;
  #isFresh = true;
  #isWorking = false;
  #isPaused = false;
  #hasEnded = false;
  #stallWatched = false;

  constructor(socket: Socket, host: DirectHost<Found>) {
    this.socket = socket;
    this.#host = host;
    this.#ip = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    this.#sinceTick = host.tick;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    socket.on("timeout", this.#onTimeout);
  }

  /** Nothing is being answered, and nothing was begun to be asked. */
  get idle(): boolean {
    return this.#response === undefined && this.#bytes === undefined;
  }

  /** Closes what has waited for the client for too long. */
  sweep({ headTicks, keptTicks }: IdleLimits): void {
    if (this.#response !== undefined) return;
    const ticks = this.#host.tick - this.#sinceTick;
    const isReading = this.#isFresh || this.#bytes !== undefined;
    if (isReading && ticks > headTicks) {
      this.socket.write(TIMED_OUT, "latin1");
      this.socket.destroySoon();
    } else if (ticks > keptTicks) this.socket.destroy();
  }

  wrote(): void {
    if (this.socket.writableLength === 0 || this.#stallWatched) return;
    this.#stallWatched = true;
    this.socket.setTimeout(STALL_MS);
  }

  ended(): void {
    if (this.socket.writableLength === 0) {
      this.#onWritten();
      return;
    }
    this.wrote();
    // Comes back when all before it is with the system.
    this.socket.write(NOTHING, this.#onWritten);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#bytes === undefined) {
      this.#bytes = chunk;
      this.#sinceTick = this.#host.tick;
    } else this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#text = undefined;
    this.#at = 0;
    if (this.#response === undefined) {
      this.#work();
    } else if (this.#bytes.length > MOST_HEAD_BYTES) {
      // The client asks faster than it takes answers.
      this.#isPaused = true;
      this.socket.pause();
    }
  };

  /** Answers what was read, one request at a time. */
  #work(): void {
    this.#isWorking = true;
    while (this.#bytes !== undefined && this.#response === undefined && !this.socket.destroyed) {
      this.#text ??= this.#bytes.toString("latin1");
      const head = readRequestHead(this.#text, this.#at, this.#fields);
      if (head === "more") break;
      const found = head === "other" ? undefined : this.#host.find(head.method, head.target);
      if (head === "other" || found === undefined) {
        this.#handOver(this.#bytes.subarray(this.#at));
        break;
      }
      this.#answer(head, found);
    }
    this.#isWorking = false;
  }

  #answer({ method, target, fields, end }: RequestHead, found: Found): void {
    this.#isFresh = false;
    this.#fields = fields;
    if (end === this.#bytes?.length) {
      this.#bytes = undefined;
      this.#text = undefined;
    }
    this.#at = this.#bytes === undefined ? 0 : end;
    const close = fields.close || this.#host.closing;
    const response = new DirectResponse(this, { headOnly: method === "HEAD", close });
    this.#response = response;
    const { socket } = this;
    const request = { method, url: target, headers: fields.headers, socket };
    this.#host.serve(found, { request, response, ip: this.#ip });
  }

  /** The answer is with the system: it is the next request's turn. */
  readonly #onWritten = (): void => {
    const response = this.#response;
    if (response === undefined || this.socket.destroyed) return;
    this.#response = undefined;
    this.#sinceTick = this.#host.tick;
    response.settle();
    if (response.close || this.#host.closing || (this.#hasEnded && this.#bytes === undefined)) {
      this.socket.destroySoon();
      return;
    }
    if (this.#isPaused) {
      this.#isPaused = false;
      this.socket.resume();
    }
    if (this.#bytes !== undefined && !this.#isWorking) this.#work();
  };

  #handOver(rest: Buffer): void {
    const { socket } = this;
    // What comes behind the client's last byte cannot be unread.
    if (this.#hasEnded) {
      socket.destroySoon();
      return;
    }
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    socket.off("timeout", this.#onTimeout);
    if (this.#stallWatched) socket.setTimeout(0);
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    this.#bytes = undefined;
    this.#host.handOver(this);
    socket.resume();
  }

  /** The client sends nothing more; what it asked for is answered. */
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#response === undefined) this.socket.destroySoon();
  };

  readonly #onTimeout = (): void => {
    if (this.socket.writableLength > 0) this.socket.destroy();
  };

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    const response = this.#response;
    this.#response = undefined;
    this.#bytes = undefined;
    this.#host.forget(this);
    response?.settle();
  };
}
