import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ListenConfig, ServerConfig } from "@millrace/model";
import type { Listener, Logger } from "../api.ts";
import { codeOf, messageOf } from "../errors.ts";
import type { HttpRoute } from "./route.ts";

const STATUS: Readonly<Record<string, number>> = {
  "bad-request": 400,
  "not-found": 404,
  unauthorized: 401,
  forbidden: 403,
  busy: 409,
  unavailable: 503,
};

/** A client has this long to send its request's headers, milliseconds. */
const HEADERS_TIMEOUT_MS = 15_000;
/** How often that is looked at, milliseconds. */
const CHECK_MS = 2000;
const KEEP_ALIVE_MS = 30_000;
const CLOSE_GRACE_MS = 300;

/**
 * The public HTTP listeners of one worker. Every worker listens on the same ports (`reusePort`) and serves what the
 * kernel hands it, by the routes that the protocols brought.
 */
export class HttpDoor implements Listener {
  readonly #log: Logger;
  readonly #makeRoutes: () => readonly HttpRoute[];
  readonly #servers = new Map<string, Server>();
  #routes: readonly HttpRoute[] | undefined;
  /** The last answer on each connection, and the connections on which a request waits for its end. */
  readonly #answering = new WeakMap<Socket, ServerResponse>();
  readonly #queued = new WeakSet<Socket>();

  constructor(log: Logger, makeRoutes: () => readonly HttpRoute[]) {
    this.#log = log;
    this.#makeRoutes = makeRoutes;
  }

  /** Opens and closes listeners until they are the wanted ones. Resolves with what could not be opened. */
  async apply({ http: wanted }: ServerConfig): Promise<readonly string[]> {
    const names = new Set(wanted.map(nameOf));
    const problems: string[] = [];
    for (const [name, server] of this.#servers) {
      if (names.has(name)) continue;
      this.#servers.delete(name);
      await closeServer(server);
    }
    for (const config of wanted) {
      if (this.#servers.has(nameOf(config))) continue;
      const server = this.#makeServer();
      this.#servers.set(nameOf(config), server);
      try {
        await open(server, config);
      } catch (error) {
        this.#servers.delete(nameOf(config));
        problems.push(`cannot listen on ${nameOf(config)}: ${messageOf(error)}`);
      }
    }
    return problems;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(closeServer));
    this.#servers.clear();
  }

  #makeServer(): Server {
    const server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        connectionsCheckingInterval: CHECK_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        requestTimeout: 0,
        noDelay: true,
      },
      (request, response) => this.#accept(request, response),
    );
    server.on("error", (error) => this.#log.error("http listener", { reason: messageOf(error) }));
    return server;
  }

  /**
   * One request of a connection at a time, as an endless answer writes to the socket itself. One that was pipelined
   * (RFC 9112 §9.3.2) waits for the answer before it; a client that sends yet more is cut off.
   */
  #accept(request: IncomingMessage, response: ServerResponse): void {
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
        if (!socket.destroyed) this.#accept(request, response);
      });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => response.destroy());
    try {
      const url = parseTarget(request.url ?? "/");
      if (url === undefined) return answer(response, 400, "bad path");
      this.#routes ??= this.#makeRoutes();
      const allowed = new Set<string>();
      for (const route of this.#routes) {
        const match = route.pattern.exec(url.path);
        if (match === null) continue;
        if (!route.methods.includes(request.method ?? "GET")) {
          for (const method of route.methods) allowed.add(method);
          continue;
        }
        const ip = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
        await route.handle({ request, response, path: url.path, query: url.query, match, ip });
        return;
      }
      if (allowed.size === 0) return answer(response, 404, "not found");
      if (request.method === "OPTIONS") return preflight(response, allowed);
      response.setHeader("Allow", [...allowed].join(", "));
      answer(response, 405, "method not allowed");
    } catch (error) {
      this.#fail(request, response, error);
    }
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const status = STATUS[codeOf(error) ?? ""];
    if (status === undefined) {
      this.#log.error("request failed", {
        url: request.url,
        reason: error instanceof Error ? error.stack : error,
      });
    }
    if (response.headersSent) response.destroy();
    else answer(response, status ?? 500, status === undefined ? "internal error" : messageOf(error));
  }
}

/** Path and query of a request target; undefined when it cannot be decoded or climbs out. */
export function parseTarget(target: string): { path: string; query: Record<string, string> } | undefined {
  const [rawPath = "/", rawQuery = ""] = splitOnce(target.replace(/^https?:\/\/[^/]*/i, "") || "/", "?");
  let path: string;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    return undefined;
  }
  const parts = path.split("/");
  if (!path.startsWith("/") || path.includes("\0") || path.includes("\\")) return undefined;
  if (parts.some((part) => part === "." || part === "..")) return undefined;
  return { path, query: Object.fromEntries(new URLSearchParams(rawQuery)) };
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    ...(status === 503 ? { "Retry-After": "1" } : {}),
  });
  response.end(`${text}\n`);
}

/** CORS pre-flight (Fetch standard §3.2.2): media is readable from any page. */
function preflight(response: ServerResponse, methods: ReadonlySet<string>): void {
  response.writeHead(204, {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": [...methods].join(", "),
    "Access-Control-Allow-Headers": "Range, Content-Type, Authorization",
    "Access-Control-Max-Age": "86400",
  });
  response.end();
}

function nameOf({ host, port }: ListenConfig): string {
  return host === undefined ? `port ${port}` : `${host}:${port}`;
}

function open(server: Server, config: ListenConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const host = config.host === undefined ? {} : { host: config.host };
    server.listen({ port: config.port, ...host, reusePort: true, backlog: 1024 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
  });
}
