import { Agent, type IncomingMessage, request } from "node:http";
import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { type LogFields, type Logger, Supervisor, type WorkerReport } from "@millrace/engine";
import type { ServerConfig, StreamConfig, StreamInfo } from "@millrace/model";
import { freePort, until } from "./server.ts";

const TICKS = { url: "ticks://", scheme: "ticks", priority: 1, sourceTimeoutMs: 5000, options: {} };

/** A stream fed by the test protocol's generator. */
export function ticking(name: string, changes: Partial<StreamConfig> = {}): StreamConfig {
  return {
    name,
    kind: "static",
    inputs: [TICKS],
    pushes: [],
    publishEnabled: false,
    disabled: false,
    retryLimit: 10,
    clientsTimeoutMs: 1000,
    sourceTimeoutMs: 5000,
    options: {},
    ...changes,
  };
}

/** A supervisor in the test's own process, whose workers have the test protocol besides HTTP-TS and HLS. */
export class Cluster {
  readonly supervisor: Supervisor;
  readonly port: number;
  readonly log: { level: string; message: string; fields: LogFields }[] = [];

  private constructor(port: number, streams: readonly StreamConfig[], workers: number) {
    this.port = port;
    const rest = { livePrefixes: [], rewrites: [], fileLocations: [], options: {} };
    const server: ServerConfig = { http: [{ port }], workers, streams, ...rest };
    this.supervisor = new Supervisor({
      server,
      dataDir: "/nonexistent",
      log: this.#logger({}),
      spawn: (start) => {
        const file = new URL("./crash-worker.ts", import.meta.url);
        const worker = new Worker(file, { workerData: start, transferList: [start.port] });
        let failure: Error | undefined;
        worker.on("error", (error: Error) => {
          failure = error;
        });
        return {
          terminate: () => void worker.terminate(),
          onExit: (callback) => worker.on("exit", () => callback(failure)),
        };
      },
    });
  }

  static async start(t: TestContext, streams: readonly StreamConfig[], workers = 2): Promise<Cluster> {
    const cluster = new Cluster(await freePort(), streams, workers);
    t.after(() => cluster.supervisor.stop());
    await cluster.supervisor.start();
    return cluster;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  reports(): Promise<WorkerReport[]> {
    return this.supervisor.report();
  }

  async stream(name: string): Promise<StreamInfo | undefined> {
    return (await this.reports()).flatMap((report) => report.streams).find((info) => info.name === name);
  }

  /** A connection that the kernel gave to this worker. */
  async connectionTo(worker: number): Promise<Connection> {
    return until(`a connection to worker ${worker}`, 8000, async () => {
      const connection = new Connection(this.port);
      if ((await connection.text("GET", "/-/worker")) === String(worker)) return connection;
      connection.close();
      return undefined;
    });
  }

  async crash(worker: number): Promise<void> {
    const { restarts } = this.supervisor;
    const connection = await this.connectionTo(worker);
    await connection.text("POST", "/-/crash");
    await until("the worker to be replaced", 5000, () => this.supervisor.restarts > restarts || undefined);
    connection.close();
  }

  #logger(fields: LogFields): Logger {
    const line =
      (level: string) =>
      (message: string, more: LogFields = {}): void =>
        void this.log.push({ level, message, fields: { ...fields, ...more } });
    return {
      debug: line("debug"),
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
      child: (more) => this.#logger({ ...fields, ...more }),
    };
  }
}

/** Requests that all go over one connection. */
export class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #parts: Buffer[] = [];
  ended = false;

  constructor(port: number) {
    this.#port = port;
  }

  async text(method: string, path: string): Promise<string> {
    const response = await this.#ask(method, path);
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  }

  /** Gathers an endless body in `bytes`. */
  async watch(path: string): Promise<this> {
    const response = await this.#ask("GET", path);
    response.on("data", (part: Buffer) => this.#parts.push(part));
    response.on("error", () => {});
    response.on("close", () => {
      this.ended = true;
    });
    return this;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: string, path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { method, path, port: this.#port, host: "127.0.0.1", agent: this.#agent };
      request(options, resolve).on("error", reject).end();
    });
  }
}
