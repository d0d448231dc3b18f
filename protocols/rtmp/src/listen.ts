import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { Listener, Runtime, TlsServer } from "@millrace/engine";
import type { EndpointConfig, Options, ServerConfig } from "@millrace/model";
import { RtmpClientLink } from "./client-link.ts";
import { LEGACY_HEVC, RTMP_PORT, RTMPS_PORT } from "./options.ts";

interface OpenPort {
  readonly server: Server;
  readonly secure: TlsServer | undefined;
  readonly links: Set<RtmpClientLink>;
  /** As the file has them now. */
  options: Options;
}

interface WantedPort {
  readonly endpoint: EndpointConfig;
  readonly secure: boolean;
}

const TICK_MS = 1000;

/** The RTMP and RTMPS ports of one worker, and the clients that came to its HTTP ports. */
export class RtmpListener implements Listener {
  readonly #runtime: Runtime;
  readonly #open = new Map<string, OpenPort>();
  /** Of those that the HTTP ports handed over. */
  readonly #adopted = new Set<RtmpClientLink>();
  readonly #timer: NodeJS.Timeout;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  async apply(server: ServerConfig): Promise<readonly string[]> {
    const problems: string[] = [];
    const wanted = portsOf(server);
    for (const [key, port] of this.#open) {
      const still = wanted.get(key);
      if (still !== undefined) {
        port.options = still.endpoint.options;
        port.secure?.update(still.endpoint);
        wanted.delete(key);
        continue;
      }
      this.#open.delete(key);
      await shut(port);
    }
    for (const [key, port] of wanted) {
      try {
        this.#open.set(key, await this.#listen(port));
      } catch (error) {
        problems.push(`cannot listen on ${key}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return problems;
  }

  adopt(socket: Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    this.#welcome(socket, this.#adopted, {});
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const open = [...this.#open.values()];
    this.#open.clear();
    const links = [...this.#adopted, ...open.flatMap((port) => [...port.links])];
    await Promise.all([...links.map((link) => link.shutDown()), ...open.map(closeServer)]);
  }

  #listen({ endpoint, secure }: WantedPort): Promise<OpenPort> {
    const { host, port, options } = endpoint;
    const links = new Set<RtmpClientLink>();
    const welcome = (socket: Socket): void => this.#welcome(socket, links, opened.options);
    const tls = secure ? this.#runtime.tls.server(endpoint, welcome) : undefined;
    const server = tls?.server ?? createServer({ noDelay: true, keepAlive: true }, welcome);
    const opened: OpenPort = { server, secure: tls, links, options };
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void => {
        // What was begun for it, the reading of certificates, ends with it.
        server.close();
        reject(error);
      };
      server.once("error", onError);
      server.listen({ port, reusePort: true, ...(host === undefined ? {} : { host }) }, () => {
        server.off("error", onError);
        server.on("error", (error) => this.#runtime.log.error("rtmp port failed", { reason: error.message }));
        resolve(opened);
      });
    });
  }

  #welcome(socket: Socket, links: Set<RtmpClientLink>, options: Options): void {
    const link = new RtmpClientLink({
      runtime: this.#runtime,
      socket,
      random: (count) => randomBytes(count),
      legacyHevc: options[LEGACY_HEVC.name] === true,
    });
    links.add(link);
    socket.once("close", () => links.delete(link));
  }

  #tick(): void {
    for (const { links } of this.#open.values()) for (const link of links) link.tick();
    for (const link of this.#adopted) link.tick();
  }
}

function portsOf(server: ServerConfig): Map<string, WantedPort> {
  const wanted = new Map<string, WantedPort>();
  for (const { name } of [RTMP_PORT, RTMPS_PORT]) {
    for (const endpoint of server.ports?.[name] ?? []) {
      const key = `${name.toUpperCase()} port ${endpoint.host ?? "*"}:${endpoint.port}`;
      const secure = name === RTMPS_PORT.name;
      wanted.set(key, { endpoint: secure ? withTlsFor(endpoint, server.options) : endpoint, secure });
    }
  }
  return wanted;
}

/** librtmp with GnuTLS fails over the session tickets that TLS 1.3 begins with (RFC 8446 §4.6.1): 1.2 unless asked for. */
function withTlsFor(endpoint: EndpointConfig, server: Options): EndpointConfig {
  return { ...endpoint, options: { tls_max: server["tls_max"] ?? "1.2", ...endpoint.options } };
}

/** Of a port that the file no longer has: its clients have nothing to come back to. */
async function shut(port: OpenPort): Promise<void> {
  const closed = closeServer(port);
  for (const link of port.links) link.close();
  await closed;
}

/** Resolves when its clients are gone, too. */
function closeServer({ server }: OpenPort): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
