import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { Listener, Runtime } from "@millrace/engine";
import type { EndpointConfig, ServerConfig } from "@millrace/model";
import { RtmpClientLink } from "./client-link.ts";

interface OpenPort {
  readonly server: Server;
  readonly links: Set<RtmpClientLink>;
}

const TICK_MS = 1000;

/** The RTMP ports of one worker. */
export class RtmpListener implements Listener {
  readonly #runtime: Runtime;
  readonly #open = new Map<string, OpenPort>();
  readonly #timer: NodeJS.Timeout;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  async apply(server: ServerConfig): Promise<readonly string[]> {
    const problems: string[] = [];
    const wanted = new Map<string, EndpointConfig>();
    for (const line of server.ports?.["rtmp"] ?? []) wanted.set(`${line.host ?? "*"}:${line.port}`, line);
    for (const [key, port] of this.#open) {
      if (wanted.delete(key)) continue;
      this.#open.delete(key);
      await shut(port);
    }
    for (const [key, line] of wanted) {
      try {
        this.#open.set(key, await this.#listen(line));
      } catch (error) {
        problems.push(
          `cannot listen on RTMP port ${key}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    return problems;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(shut));
  }

  #listen({ host, port }: EndpointConfig): Promise<OpenPort> {
    return new Promise((resolve, reject) => {
      const links = new Set<RtmpClientLink>();
      const server = createServer({ noDelay: true, keepAlive: true }, (socket) =>
        this.#welcome(socket, links),
      );
      server.once("error", reject);
      server.listen({ port, reusePort: true, ...(host === undefined ? {} : { host }) }, () => {
        server.off("error", reject);
        server.on("error", (error) => this.#runtime.log.error("rtmp port failed", { reason: error.message }));
        resolve({ server, links });
      });
    });
  }

  #welcome(socket: Socket, links: Set<RtmpClientLink>): void {
    const link = new RtmpClientLink(this.#runtime, socket, (count) => randomBytes(count));
    links.add(link);
    socket.once("close", () => links.delete(link));
  }

  #tick(): void {
    for (const { links } of this.#open.values()) for (const link of links) link.tick();
  }
}

function shut({ server, links }: OpenPort): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const link of links) link.close();
  });
}
