import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  burstChances,
  DEFAULT_QUEUE_PACKETS,
  DEFAULT_REORDER_MS,
  type Impairment,
  type Impairments,
} from "./impairment.ts";

const SOURCES = ["wire.c", "direction.c"].map((name) => join(import.meta.dirname, "../wire", name));

/** What became of the IP packets of one direction. Bytes count whole IP packets. */
export interface WireCounters {
  /** Came in. */
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  /** Found the bottleneck's queue full. */
  readonly dropped: number;
  readonly duplicated: number;
  readonly heldBack: number;
  /** Went out. */
  readonly passed: number;
  readonly passedBytes: number;
  /** Were not taken by the system on the other side. */
  readonly refused: number;
  readonly underWay: number;
  /** Of those that came in, taking all UDP for SRT: data sent for the first time, sent again, and control. */
  readonly srtData: number;
  readonly srtAgain: number;
  readonly srtControl: number;
  /** Data sent for the first time that was lost or dropped. */
  readonly srtDataLost: number;
}

export interface BothCounters {
  readonly forward: WireCounters;
  readonly back: WireCounters;
}

/** The program `wire`, which is compiled when it is first needed. */
let compiled: string | undefined;

/** Compiles the wire with the system's C compiler. Throws what that says. */
export function compileWire(): string {
  if (compiled !== undefined) return compiled;
  const folder = mkdtempSync(join(tmpdir(), "millrace-wire-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "wire");
  const args = ["-O2", "-Wall", "-Wextra", "-o", program, ...SOURCES];
  const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
  compiled = program;
  return program;
}

/** The words of the program for what a direction shall do; they replace what it did. */
export function wordsOf(impairment: Impairment): string {
  const { delayMs, jitterMs, lossPercent, burst, duplicatePercent, reorderPercent, bitsPerSecond } =
    impairment;
  const words = ["clear"];
  if (delayMs !== undefined) words.push(`delay ${delayMs}`);
  if (jitterMs !== undefined)
    words.push(`${impairment.jitterReorders === true ? "loose-jitter" : "jitter"} ${jitterMs}`);
  if (lossPercent !== undefined) words.push(`loss ${lossPercent}`);
  if (burst !== undefined) {
    const { worsePercent, betterPercent } = burstChances(burst);
    words.push(`burst ${worsePercent} ${betterPercent}`);
  }
  if (duplicatePercent !== undefined) words.push(`duplicate ${duplicatePercent}`);
  if (reorderPercent !== undefined)
    words.push(`reorder ${reorderPercent} ${impairment.reorderMs ?? DEFAULT_REORDER_MS}`);
  if (bitsPerSecond !== undefined)
    words.push(`rate ${bitsPerSecond} ${impairment.queuePackets ?? DEFAULT_QUEUE_PACKETS}`);
  return words.join(" ");
}

interface End {
  readonly namespaceFile: string;
  readonly device: string;
}

/** The running program: two TUN devices in two namespaces, and what lies between them. */
export class Wire {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #answers: ((line: string | undefined) => void)[] = [];
  #stderr = "";
  #ended = false;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#exited = new Promise<void>((resolve) => {
      child.once("error", (error) => {
        this.#stderr += error.message;
        resolve();
      });
      child.once("exit", () => resolve());
    }).then(() => {
      this.#ended = true;
      for (const answer of this.#answers.splice(0)) answer(undefined);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    child.stdin?.on("error", () => undefined);
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on("line", (line) => this.#answers.shift()?.(line));
  }

  /** Starts it; its devices exist, without addresses, when it resolves. `forward` is what enters at `left`. */
  static async start(left: End, right: End, seed: number): Promise<Wire> {
    const args = [left.namespaceFile, left.device, right.namespaceFile, right.device, String(seed)];
    const wire = new Wire(spawn(compileWire(), args, { stdio: ["pipe", "pipe", "pipe"] }));
    await wire.#answer("ready");
    return wire;
  }

  /** Replaces what the directions do. What is on its way keeps its time. */
  async change({ both, forward, back }: Impairments): Promise<void> {
    if (both !== undefined || forward !== undefined)
      await this.#tell(`forward ${wordsOf({ ...both, ...forward })}`, "ok");
    if (both !== undefined || back !== undefined)
      await this.#tell(`back ${wordsOf({ ...both, ...back })}`, "ok");
  }

  async counters(): Promise<BothCounters> {
    return JSON.parse(await this.#tell("counters")) as BothCounters;
  }

  async stop(): Promise<void> {
    this.#process.stdin?.end();
    const killer = setTimeout(() => this.#process.kill("SIGKILL"), 2000);
    await this.#exited;
    clearTimeout(killer);
  }

  async #tell(line: string, expected?: string): Promise<string> {
    this.#process.stdin?.write(`${line}\n`);
    return this.#answer(expected, line);
  }

  async #answer(expected?: string, asked = "start"): Promise<string> {
    const line = this.#ended
      ? undefined
      : await new Promise<string | undefined>((resolve) => this.#answers.push(resolve));
    if (line === undefined) throw new Error(`the wire ended: ${this.#stderr}`);
    if (expected !== undefined && line !== expected)
      throw new Error(`the wire answers "${asked}" with "${line}"`);
    return line;
  }
}
