import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { RefusalReason } from "@millrace/model";
import type { Logger } from "../api.ts";
import { codeOf, messageOf } from "../errors.ts";
import { STATUS_OF_REFUSAL } from "./access.ts";
import { answerPortOf } from "./answering.ts";
import { answer, preflight } from "./answers.ts";
import type { DirectRequest } from "./direct/direct-connection.ts";
import type { DocumentExchange, HttpRoute } from "./route.ts";
import { type DocumentTarget, RouteTable } from "./route-table.ts";
import { parseTarget } from "./target.ts";
import { acceptUpgrade, refuseUpgrade, type UpgradeSocket, wantsWebSocket } from "./upgrade.ts";
import type { WebSocketLink } from "./websocket-link.ts";

/** Gives each request to the first route that takes it, whichever port and version of HTTP it came by. */
export class Router {
  readonly #log: Logger;
  readonly #makeRoutes: () => readonly HttpRoute[];
  #made: RouteTable | undefined;
  /** The last answer on each HTTP/1 connection, and the connections on which a request waits for its end. */
  readonly #answering = new WeakMap<Duplex, ServerResponse>();
  readonly #queued = new WeakSet<Socket>();

  constructor(log: Logger, makeRoutes: () => readonly HttpRoute[]) {
    this.#log = log;
    this.#makeRoutes = makeRoutes;
  }

  /**
   * One request of an HTTP/1 connection at a time, as an endless answer writes to the socket itself. One that was
   * pipelined (RFC 9112 §9.3.2) waits for the answer before it; a client that sends yet more is cut off.
   */
  accept(request: IncomingMessage, response: ServerResponse): void {
    if (request.httpVersionMajor > 1) {
      void this.#serve(request, response);
      return;
    }
    const { socket } = request;
    const before = this.#answering.get(socket);
    if (before === undefined || before.writableEnded || before.closed) {
      this.#answering.set(socket, response);
      void this.#serve(request, response);
    } else if (this.#queued.has(socket)) {
      socket.destroy();
    } else {
      this.#queued.add(socket);
      before.once("close", () => {
        this.#queued.delete(socket);
        if (!socket.destroyed) this.accept(request, response);
      });
    }
  }

  /** What a request that has no body asks for, where that is a document. */
  findDocument(method: "GET" | "HEAD", target: string): DocumentTarget | undefined {
    return this.#table().findDocument(method, target);
  }

  /** Answers a request for a document that did not come by Node's HTTP server. */
  serveDocument(
    { route, path, query, match }: DocumentTarget,
    { request, response, ip }: DirectRequest,
  ): void {
    const exchange = { request, response, path, query, match, ip };
    try {
      const answered = route.handle(exchange);
      if (answered instanceof Promise) answered.catch((error) => this.#fail(exchange, error));
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  /** Whether a request leaves HTTP; anything else than a WebSocket on a route that has them is answered as it stands. */
  wantsUpgrade(request: IncomingMessage): boolean {
    if (!wantsWebSocket(request)) return false;
    const path = parseTarget(request.url ?? "/")?.path;
    return (
      path !== undefined &&
      this.#table().routes.some((each) => each.upgrade !== undefined && each.pattern.test(path))
    );
  }

  async upgrade(wanted: UpgradeSocket, onOpen: (link: WebSocketLink) => void): Promise<void> {
    const { request, socket } = wanted;
    const before = this.#answering.get(socket);
    if (before !== undefined && !before.writableEnded && !before.closed) {
      socket.destroy();
      return;
    }
    socket.on("error", () => socket.destroy());
    const url = parseTarget(request.url ?? "/");
    try {
      for (const route of this.#table().routes) {
        const match = route.upgrade === undefined ? null : route.pattern.exec(url?.path ?? "");
        if (url === undefined || match === null) continue;
        await route.upgrade?.({
          request,
          ...url,
          match,
          ip: addressOf(request),
          accept: (options = {}) => acceptUpgrade(wanted, options, onOpen),
          refuse: (status, text) => refuseUpgrade(socket, status, text),
        });
        return;
      }
      refuseUpgrade(socket, 404, "not found");
    } catch (error) {
      const status = this.#statusOf(request, error);
      refuseUpgrade(socket, status ?? 500, status === undefined ? "internal error" : messageOf(error));
    }
  }

  // No accessor: those that are private are slow.
  #table(): RouteTable {
    return (this.#made ??= new RouteTable(this.#makeRoutes()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => response.destroy());
    try {
      const url = parseTarget(request.url ?? "/");
      if (url === undefined) return answer({ request, response }, 400, "bad path");
      const allowed = new Set<string>();
      for (const route of this.#table().routes) {
        const match = route.pattern.exec(url.path);
        if (match === null) continue;
        if (!route.methods.includes(request.method ?? "GET")) {
          for (const method of route.methods) allowed.add(method);
          continue;
        }
        if (route.rawSocket === true && request.httpVersionMajor > 1) return sendBack(request);
        await route.handle({ request, response, ...url, match, ip: addressOf(request) });
        return;
      }
      if (allowed.size === 0) return answer({ request, response }, 404, "not found");
      if (request.method === "OPTIONS") return preflight(response, allowed);
      response.setHeader("Allow", [...allowed].join(", "));
      answer({ request, response }, 405, "method not allowed");
    } catch (error) {
      this.#fail({ request, response }, error);
    }
  }

  #fail(exchange: Pick<DocumentExchange, "request" | "response">, error: unknown): void {
    const status = this.#statusOf(exchange.request, error);
    const port = answerPortOf(exchange);
    if (port.begun) port.breakOff();
    else answer(exchange, status ?? 500, status === undefined ? "internal error" : messageOf(error));
  }

  /** Undefined, and logged, for what nobody expected. */
  #statusOf(request: { readonly url?: string | undefined }, error: unknown): number | undefined {
    const status: number | undefined = STATUS_OF_REFUSAL[(codeOf(error) ?? "") as RefusalReason];
    if (status === undefined) {
      this.#log.error("request failed", {
        url: request.url,
        reason: error instanceof Error ? error.stack : error,
      });
    }
    return status;
  }
}

/** The client asks again over HTTP/1.1 (RFC 9113 §7). */
function sendBack(request: IncomingMessage | Http2ServerRequest): void {
  if ("stream" in request) request.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED);
}

function addressOf({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}
