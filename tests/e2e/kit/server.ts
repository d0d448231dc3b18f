import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionInfo, StreamInfo } from "@millrace/model";
import { repoRoot } from "./paths.ts";

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5000;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A real server in a process of its own, with a configuration file of its own. */
export class TestServer {
  readonly port: number;
  readonly folder: string;
  readonly configFile: string;
  readonly log: LogLine[] = [];
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  #stderr = "";

  private constructor(port: number, folder: string, configFile: string, child: ChildProcess) {
    this.port = port;
    this.folder = folder;
    this.configFile = configFile;
    this.#process = child;
    this.#exited = new Promise((resolve) => child.on("exit", resolve));
    let rest = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") this.log.push(JSON.parse(line) as LogLine);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  /** Starts a server whose file is `http PORT;` and the given text; it ends with the test. */
  static async start(
    t: { after(stop: () => Promise<unknown>): void },
    text: string,
    options: { workers?: number } = {},
  ): Promise<TestServer> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
    const configFile = join(folder, "millrace.conf");
    const head = `http ${port};\nworkers ${options.workers ?? 2};\n`;
    writeFileSync(configFile, head + text);
    const args = [join(repoRoot, "apps/server/bin/millrace.js"), "serve", "--config", configFile];
    const child = spawn(process.execPath, [...args, "--data", join(folder, "data"), "--log-format", "json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const server = new TestServer(port, folder, configFile, child);
    t.after(() => server.stop());
    await server.waitFor("is running", START_TIMEOUT_MS);
    return server;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** The exit status, once it has ended; null when a signal ended it. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  get stderr(): string {
    return this.#stderr;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Replaces everything behind the head of the configuration file. */
  rewrite(text: string, options: { workers?: number } = {}): void {
    writeFileSync(this.configFile, `http ${this.port};\nworkers ${options.workers ?? 2};\n${text}`);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Waits for a log line that contains the text, from line `from` on. */
  async waitFor(text: string, timeoutMs: number, from = 0): Promise<LogLine> {
    return until(`log line "${text}"`, timeoutMs, () => {
      if (this.#process.exitCode !== null) {
        throw new Error(`the server ended: ${this.#stderr}${JSON.stringify(this.log.slice(-5))}`);
      }
      return this.log.slice(from).find((line) => JSON.stringify(line).includes(text));
    });
  }

  async streams(): Promise<StreamInfo[]> {
    return (await (await fetch(this.url("/api/v1/streams"))).json()) as StreamInfo[];
  }

  async stream(name: string): Promise<StreamInfo> {
    const found = (await this.streams()).find((stream) => stream.name === name);
    if (found === undefined) throw new Error(`no stream ${name}`);
    return found;
  }

  async sessions(): Promise<SessionInfo[]> {
    return (await (await fetch(this.url("/api/v1/sessions"))).json()) as SessionInfo[];
  }

  /** Ends it as an operator would. Resolves with the exit status; null when it had to be killed. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode === null) this.#process.kill("SIGTERM");
    const killer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_TIMEOUT_MS);
    const status = await this.#exited;
    clearTimeout(killer);
    rmSync(this.folder, { recursive: true, force: true });
    return status;
  }
}

/** A TCP port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Asks again and again until there is an answer; fails with what it waited for. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** A UDP port that is free now. */
export function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createSocket("udp4");
    probe.once("error", reject);
    probe.bind(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
