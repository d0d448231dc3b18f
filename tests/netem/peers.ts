import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot } from "../e2e/kit/paths.ts";
import { until } from "../e2e/kit/server.ts";
import { isBound } from "./kit/socket-drops.ts";
import { type Network, type Owner, spawnIn } from "./kit/two-networks.ts";

/** UDP port from which a sender takes the stream, on its own loopback. */
export const IN_PORT = 7000;
/** UDP port to which a receiver gives it. */
export const OUT_PORT = 7001;
const SRT_PORT = 9000;
const START_MS = 30_000;

export type PeerName = "millrace" | "libsrt";

/** One program between UDP on loopback and SRT on the wire. */
export interface Peer {
  readonly pid: number;
  /** Resolves once the connection is there. */
  connected(): Promise<void>;
}

export interface PeerOptions {
  readonly network: Network;
  /** Of the receiver, for the sender. */
  readonly remote: string;
  readonly latencyMs: number;
}

/** Starts what sends: it calls the receiver, which must be there. */
export function startSender(owner: Owner, name: PeerName, options: PeerOptions): Promise<Peer> {
  const url = `srt://${options.remote}:${SRT_PORT}?latency=${options.latencyMs}`;
  if (name === "libsrt") {
    const args = ["-chunk:1316", `udp://127.0.0.1:${IN_PORT}?rcvbuf=4000000`, url];
    return startTransmit(owner, options, { args, port: IN_PORT, connected: "SRT target connected" });
  }
  const stream = `stream sent { input udp://127.0.0.1:${IN_PORT}; push ${url}; hls_off; }`;
  return startMillrace(owner, options, { stream, port: IN_PORT, connected: "srt connected" });
}

/** Starts what receives: it waits for the sender. */
export function startReceiver(owner: Owner, name: PeerName, options: PeerOptions): Promise<Peer> {
  const { latencyMs } = options;
  const url = `srt://:${SRT_PORT}?mode=listener&latency=${latencyMs}`;
  if (name === "libsrt") {
    const args = [url, `udp://127.0.0.1:${OUT_PORT}?sndbuf=4000000`];
    return startTransmit(owner, options, {
      args,
      port: SRT_PORT,
      connected: "Accepted SRT source connection",
    });
  }
  const stream = `stream got { input ${url}; push udp://127.0.0.1:${OUT_PORT}?pacing=off; hls_off; }`;
  return startMillrace(owner, options, { stream, port: SRT_PORT, connected: "srt publisher connected" });
}

interface Program {
  /** UDP port that it is ready with. */
  readonly port: number;
  /** What it prints when it is connected. */
  readonly connected: string;
}

class RunningPeer implements Peer {
  readonly #child: ChildProcess;
  readonly #program: Program;
  #said = "";

  constructor(owner: Owner, child: ChildProcess, program: Program) {
    this.#child = child;
    this.#program = program;
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding("utf8").on("data", (text: string) => {
        this.#said += text;
      });
    }
    const exited = new Promise((resolve) => {
      child.once("exit", resolve);
      child.once("error", resolve);
    });
    owner.after(async () => {
      child.kill("SIGKILL");
      await exited;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ready(): Promise<this> {
    await this.#wait(`port ${this.#program.port} of a peer`, () => isBound(this.pid, this.#program.port));
    return this;
  }

  connected(): Promise<void> {
    return this.#wait("a connection", () => this.#said.includes(this.#program.connected));
  }

  async #wait(what: string, ask: () => boolean): Promise<void> {
    const said = (): string => this.#said.slice(-4000);
    await until(what, START_MS, () => {
      if (this.#child.exitCode !== null) throw new Error("it ended");
      return ask() || undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it said: ${said()}`);
    });
  }
}

function startTransmit(
  owner: Owner,
  { network }: PeerOptions,
  program: Program & { readonly args: readonly string[] },
): Promise<Peer> {
  const args = ["-loglevel:error", ...program.args];
  const child = spawnIn(network, "srt-live-transmit", args, { stdio: ["ignore", "pipe", "pipe"] });
  return new RunningPeer(owner, child, program).ready();
}

function startMillrace(
  owner: Owner,
  { network }: PeerOptions,
  program: Program & { readonly stream: string },
): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-netem-"));
  owner.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "millrace.conf");
  writeFileSync(config, `http 127.0.0.1:8080;\nworkers 1;\n${program.stream}\n`);
  const server = [join(repoRoot, "apps/server/bin/millrace.js"), "serve", "--config", config];
  const child = spawnIn(
    network,
    process.execPath,
    [...server, "--data", join(folder, "data"), "--log-format", "json"],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  return new RunningPeer(owner, child, program).ready();
}
