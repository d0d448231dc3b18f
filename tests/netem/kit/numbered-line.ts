import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Arrivals } from "./numbered-ts.ts";
import { type Network, type Owner, spawnIn } from "./two-networks.ts";

const FEED = fileURLToPath(new URL("./feed-child.ts", import.meta.url));
const COUNT = fileURLToPath(new URL("./count-child.ts", import.meta.url));

/** What the sending program says at its end. */
export interface Fed {
  readonly datagrams: number;
  readonly packets: number;
  /** Datagrams that the system did not take. */
  readonly failed: number;
  /** Most time by which it was behind. */
  readonly lateMs: number;
}

/** What the counting program has so far. */
export interface Counted extends Arrivals {
  readonly datagrams: number;
  /** Datagrams that its own socket had no room for. */
  readonly drops: number;
  /** Of the packets that were asked for, those that did not come. */
  readonly missed: number;
}

/** A program in a network that answers lines with lines. */
class Lines {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  #ended = false;

  constructor(owner: Owner, network: Network, file: string, args: readonly string[]) {
    this.#child = spawnIn(network, process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.pid = this.#child.pid ?? 0;
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.on("error", () => undefined);
    if (this.#child.stdout !== null) {
      const lines = createInterface({ input: this.#child.stdout });
      lines.on("line", (line) => {
        const next = this.#waiting.shift();
        if (next === undefined) this.#lines.push(line);
        else next(line);
      });
      lines.on("close", () => {
        this.#ended = true;
        for (const next of this.#waiting.splice(0)) next(undefined);
      });
    }
    owner.after(async () => {
      this.#child.kill("SIGKILL");
      await exited;
    });
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async read(): Promise<string> {
    const line =
      this.#lines.shift() ??
      (this.#ended
        ? undefined
        : await new Promise<string | undefined>((resolve) => this.#waiting.push(resolve)));
    if (line === undefined) throw new Error("a program of the test ended too early");
    return line;
  }
}

export interface FeedOptions {
  readonly address?: string;
  readonly port: number;
  readonly bitsPerSecond: number;
  readonly datagrams: number;
}

/** Sends a numbered stream from within a network. */
export class Feed {
  readonly #lines: Lines;

  private constructor(lines: Lines) {
    this.#lines = lines;
  }

  /** Resolves when it is ready; nothing is sent yet. */
  static async start(owner: Owner, network: Network, options: FeedOptions): Promise<Feed> {
    const { address = "127.0.0.1", port, bitsPerSecond, datagrams } = options;
    const args = [address, String(port), String(bitsPerSecond), String(datagrams)];
    const lines = new Lines(owner, network, FEED, args);
    await lines.read();
    return new Feed(lines);
  }

  get pid(): number {
    return this.#lines.pid;
  }

  /** Sends everything. */
  async run(): Promise<Fed> {
    this.#lines.write("go");
    return JSON.parse(await this.#lines.read()) as Fed;
  }
}

/** Counts a numbered stream within a network. */
export class Count {
  readonly #lines: Lines;

  private constructor(lines: Lines) {
    this.#lines = lines;
  }

  static async start(owner: Owner, network: Network, port: number, address = "127.0.0.1"): Promise<Count> {
    const lines = new Lines(owner, network, COUNT, [address, String(port)]);
    await lines.read();
    return new Count(lines);
  }

  get pid(): number {
    return this.#lines.pid;
  }

  /** What came so far; `missed` counts the packets from one number up to, not including, another. */
  async read(from = 0, to = 0): Promise<Counted> {
    this.#lines.write(`${from} ${to}`);
    return JSON.parse(await this.#lines.read()) as Counted;
  }
}
