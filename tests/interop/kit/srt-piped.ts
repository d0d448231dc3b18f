import { type ChildProcess, spawn } from "node:child_process";
import type { TestContext } from "node:test";

/** A program that reads a transport stream from its standard input, or writes one to its standard output. */
export class PipedProgram {
  readonly program: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #output: Buffer[] = [];
  #outputBytes = 0;
  #stderr = "";

  private constructor(program: string, child: ChildProcess) {
    this.program = program;
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      child.on("exit", (code) => resolve(code));
      child.on("error", () => resolve(null));
    });
    child.stdin?.on("error", () => undefined);
    child.stdout?.on("data", (part: Buffer) => {
      this.#output.push(part);
      this.#outputBytes += part.length;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  /** Starts it; it is killed with the test at the latest. */
  static start(t: Pick<TestContext, "after">, program: string, args: readonly string[]): PipedProgram {
    const piped = new PipedProgram(program, spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] }));
    t.after(() => piped.kill());
    return piped;
  }

  get output(): Buffer {
    return Buffer.concat(this.#output);
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  /** Everything that it said, but for the stream. */
  get said(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The exit status; null when a signal ended it or it could not be started. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  write(bytes: Uint8Array): void {
    this.#process.stdin?.write(bytes);
  }

  end(): void {
    this.#process.stdin?.end();
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.running || this.#process.pid === undefined) return;
    this.#process.kill(signal);
    await this.#exited;
  }
}
