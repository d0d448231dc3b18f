import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { EndpointConfig, ListenConfig } from "@millrace/model";
import type { Logger } from "../api.ts";
import { messageOf } from "../errors.ts";
import { DirectConnections } from "./direct/direct-connections.ts";
import { KEEP_ALIVE_MS } from "./direct/tail.ts";
import { type Adopter, lookAtFirstBytes } from "./first-bytes.ts";
import type { Router } from "./router.ts";
import type { Certificates, FollowedCertificate } from "./tls/certificates.ts";
import type { WebSocketLink } from "./websocket-link.ts";

/** A client has this long to send its request's headers, milliseconds. */
const HEADERS_TIMEOUT_MS = 15_000;
/** How often that is looked at, milliseconds. */
const CHECK_MS = 2000;
/** An HTTP/2 session on which nothing happens for so long is closed once its streams are over. */
const IDLE_SESSION_MS = 60_000;
const CLOSE_GRACE_MS = 300;
/** Close code of WebSockets whose server goes away (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001;

const HTTP1_OPTIONS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: CHECK_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  requestTimeout: 0,
  noDelay: true,
};

/**
 * What one HTTP/2 client may use of us. Floods of pings, of settings and of streams that are opened and reset at once end
 * the session by limits that Node has itself (RFC 9113 §10.5).
 */
const HTTP2_OPTIONS = {
  settings: { maxConcurrentStreams: 128, maxHeaderListSize: 16 * 1024, enablePush: false },
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxSettings: 32,
  maxHeaderListPairs: 100,
  maxOutstandingPings: 4,
  /** MB. What waits to be sent counts, though it lies in shared memory: some large segments must fit. */
  maxSessionMemory: 256,
  /** Streams that a client may reset at once, and then each second. */
  streamResetBurst: 200,
  streamResetRate: 33,
};

export interface HttpPortOptions {
  readonly log: Logger;
  readonly router: Router;
  readonly adopters: readonly Adopter[];
}

/**
 * One public port: HTTP/1.1, or HTTP/1.1 and HTTP/2 over TLS, and whatever protocols share it. Connections on which nothing
 * but documents are asked for are our own; Node's servers have the others.
 */
export class HttpPort {
  readonly #options: HttpPortOptions;
  readonly #server: Server | Http2SecureServer;
  readonly #certificate: FollowedCertificate | undefined;
  readonly #direct: DirectConnections;
  readonly #sockets = new Set<Duplex>();
  readonly #links = new Set<WebSocketLink>();

  /** With certificates it speaks TLS. */
  constructor(options: HttpPortOptions, tls?: { certificates: Certificates; endpoint: EndpointConfig }) {
    this.#options = options;
    this.#certificate = tls?.certificates.follow(tls.endpoint);
    const server =
      this.#certificate === undefined ? createServer(HTTP1_OPTIONS) : secureServer(this.#certificate);
    this.#server = server;
    server.on("connection", (socket: Duplex) => this.#track(socket));
    this.#direct = this.#intercept(this.#certificate === undefined ? "connection" : "secureConnection");
    this.#serve();
    this.#certificate?.attach(server as Http2SecureServer);
  }

  #serve(): void {
    const { router, log } = this.#options;
    const server = this.#server as Server;
    server.on("request", (request: IncomingMessage, response: ServerResponse) =>
      router.accept(request, response),
    );
    Object.assign(server, {
      shouldUpgradeCallback: (request: IncomingMessage) => router.wantsUpgrade(request),
    });
    server.on("upgrade", (request, socket, head) => {
      void router.upgrade({ request, socket, head }, (link) => this.#keep(link, socket));
    });
    server.on("error", (error) => log.error("http listener", { reason: messageOf(error) }));
    // What a client does to its own session is its own business.
    server.on("sessionError", () => {});
    server.on("session", (session: ServerHttp2Session) => {
      session.setTimeout(IDLE_SESSION_MS, () => session.close());
    });
  }

  /** Puts a look at the first bytes, and our own reading of requests, in front of what the server does with a connection. */
  #intercept(event: "connection" | "secureConnection"): DirectConnections {
    const { router, adopters } = this.#options;
    const server = this.#server as Server;
    const handlers = server.listeners(event).slice(0, 1);
    for (const handler of handlers) server.off(event, handler as () => void);
    const toNode = (socket: Socket): void => {
      for (const handler of handlers) handler.call(server, socket);
    };
    const direct = new DirectConnections({ router, headersTimeoutMs: HEADERS_TIMEOUT_MS, toNode });
    server.on(event, (socket: Socket) => {
      if ((socket as TLSSocket).alpnProtocol === "h2") toNode(socket);
      else if (adopters.length === 0) direct.add(socket);
      else {
        lookAtFirstBytes(socket, {
          adopters,
          timeoutMs: HEADERS_TIMEOUT_MS,
          onKnown: (adopter) => {
            if (adopter === undefined) direct.add(socket);
            else adopter.adopt(socket);
          },
        });
      }
    });
    return direct;
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #keep(link: WebSocketLink, socket: Duplex): void {
    this.#links.add(link);
    socket.once("close", () => this.#links.delete(link));
  }

  /** Rejects when the port cannot be opened. */
  listen({ host, port }: ListenConfig): Promise<void> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      const where = host === undefined ? { port } : { port, host };
      server.listen({ ...where, reusePort: true, backlog: 1024 }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  /** The same port with other options: whoever is connected does not notice. */
  update(endpoint: EndpointConfig): void {
    this.#certificate?.update(endpoint);
  }

  /** Lets go of the port at once, of idle connections at once, and of the others soon. */
  close(): Promise<void> {
    this.#certificate?.close();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#direct.close();
      for (const link of this.#links) link.close(GOING_AWAY);
      setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy();
      }, CLOSE_GRACE_MS).unref();
    });
  }
}

function secureServer(certificate: FollowedCertificate): Http2SecureServer {
  return createSecureServer({
    ...HTTP1_OPTIONS,
    ...HTTP2_OPTIONS,
    ...certificate.serverOptions,
    allowHTTP1: true,
  });
}
