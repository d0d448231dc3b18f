import type { Socket } from "node:net";
import type { DocumentTarget } from "../route-table.ts";
import type { Router } from "../router.ts";
import { DirectConnection, type DirectHost, type DirectRequest } from "./direct-connection.ts";
import { KEEP_ALIVE_MS } from "./tail.ts";

/** How often connections are looked at, milliseconds. */
const SWEEP_MS = 2000;

export interface DirectOptions {
  readonly router: Router;
  /** A client has this long to send its request's head, milliseconds. */
  readonly headersTimeoutMs: number;
  /** Takes connections that are not ours to answer; what was read of them is unread. */
  readonly toNode: (socket: Socket) => void;
}

/** The connections of one port that we serve ourselves. */
export class DirectConnections implements DirectHost<DocumentTarget> {
  readonly #options: DirectOptions;
  readonly #connections = new Set<DirectConnection<DocumentTarget>>();
  readonly #limits;
  #timer: NodeJS.Timeout | undefined;
  tick = 0;
  closing = false;

  constructor(options: DirectOptions) {
    this.#options = options;
    this.#limits = {
      headTicks: options.headersTimeoutMs / SWEEP_MS,
      keptTicks: KEEP_ALIVE_MS / SWEEP_MS,
    };
  }

  add(socket: Socket): void {
    // Of one that is closed nothing would be heard any more.
    if (socket.destroyed) return;
    this.#connections.add(new DirectConnection(socket, this));
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  find(method: "GET" | "HEAD", target: string): DocumentTarget | undefined {
    return this.#options.router.findDocument(method, target);
  }

  serve(found: DocumentTarget, request: DirectRequest): void {
    this.#options.router.serveDocument(found, request);
  }

  handOver(connection: DirectConnection<DocumentTarget>): void {
    this.forget(connection);
    this.#options.toNode(connection.socket);
  }

  forget(connection: DirectConnection<DocumentTarget>): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Idle ones are closed at once, the others behind their answers. */
  close(): void {
    this.closing = true;
    for (const connection of this.#connections) if (connection.idle) connection.socket.destroy();
  }

  #sweep(): void {
    this.tick++;
    for (const connection of this.#connections) connection.sweep(this.#limits);
  }
}
