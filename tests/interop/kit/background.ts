import { type ChildProcess, spawn } from "node:child_process";
import type { Scope } from "../../e2e/kit/scope.ts";

/** A program that runs beside the test, and ends with it at the latest. */
export class Background {
  readonly program: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  #stdout: Buffer[] = [];
  #stderr = "";

  private constructor(program: string, child: ChildProcess) {
    this.program = program;
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      child.on("exit", (code) => resolve(code));
      child.on("error", () => resolve(null));
    });
    child.stdout?.on("data", (part: Buffer) => this.#stdout.push(part));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  static start(t: Pick<Scope, "after">, program: string, args: readonly string[]): Background {
    // A group of its own: some programs are scripts that start the real one.
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    const background = new Background(program, child);
    t.after(() => background.kill());
    return background;
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The exit status; null when a signal ended it or it could not be started. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** Ends it and what it started at once, as a crash would. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { pid } = this.#process;
    if (!this.running || pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Ended just now.
    }
    await this.#exited;
  }
}
