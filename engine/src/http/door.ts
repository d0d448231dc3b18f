import type { EndpointConfig, ListenConfig, ServerConfig } from "@millrace/model";
import type { Listener, Logger } from "../api.ts";
import { messageOf } from "../errors.ts";
import type { Adopter } from "./first-bytes.ts";
import { HttpPort } from "./http-port.ts";
import type { HttpRoute } from "./route.ts";
import { Router } from "./router.ts";
import type { Certificates } from "./tls/certificates.ts";

export interface HttpDoorOptions {
  readonly log: Logger;
  readonly certificates: Certificates;
  /** Asked for once, with the first request. */
  readonly makeRoutes: () => readonly HttpRoute[];
  /** Protocols that share the ports. */
  readonly adopters: readonly Adopter[];
}

/** A line that opens a port: `http` lines have no options. */
interface PortLine {
  readonly listen: ListenConfig;
  readonly secure: EndpointConfig | undefined;
}

/**
 * The public HTTP listeners of one worker. Every worker listens on the same ports (`reusePort`) and serves what the
 * kernel hands it, by the routes that the protocols brought.
 */
export class HttpDoor implements Listener {
  readonly #options: HttpDoorOptions;
  readonly #router: Router;
  readonly #ports = new Map<string, HttpPort>();

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    this.#router = new Router(options.log, options.makeRoutes);
  }

  /** Opens and closes listeners until they are the wanted ones. Resolves with what could not be opened. */
  async apply(server: ServerConfig): Promise<readonly string[]> {
    const wanted = linesOf(server);
    const problems: string[] = [];
    for (const [name, port] of this.#ports) {
      if (wanted.has(name)) continue;
      this.#ports.delete(name);
      await port.close();
    }
    for (const [name, line] of wanted) {
      const open = this.#ports.get(name);
      if (open !== undefined) {
        if (line.secure !== undefined) open.update(line.secure);
        continue;
      }
      const port = this.#makePort(line);
      try {
        await port.listen(line.listen);
        this.#ports.set(name, port);
      } catch (error) {
        await port.close();
        problems.push(`cannot listen on ${name}: ${messageOf(error)}`);
      }
    }
    return problems;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#ports.values()].map((port) => port.close()));
    this.#ports.clear();
  }

  #makePort({ secure }: PortLine): HttpPort {
    const { log, certificates, adopters } = this.#options;
    const options = { log, router: this.#router, adopters };
    return new HttpPort(options, secure === undefined ? undefined : { certificates, endpoint: secure });
  }
}

function linesOf({ http, ports }: ServerConfig): ReadonlyMap<string, PortLine> {
  const lines = new Map<string, PortLine>();
  for (const listen of http) lines.set(nameOf(listen), { listen, secure: undefined });
  for (const secure of ports?.["https"] ?? [])
    lines.set(`HTTPS ${nameOf(secure)}`, { listen: secure, secure });
  return lines;
}

function nameOf({ host, port }: ListenConfig): string {
  return host === undefined ? `port ${port}` : `${host}:${port}`;
}
