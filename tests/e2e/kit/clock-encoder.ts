import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Scope } from "./scope.ts";

const CHILD = fileURLToPath(new URL("./clock-encoder-child.ts", import.meta.url));

export interface ClockOptions {
  /** As FFmpeg calls it. */
  readonly format: "flv" | "mpegts";
  /** Frames a second, 25 by default. */
  readonly fps?: number;
  /** Seconds from one key frame to the next, 2 by default. */
  readonly gopS?: number;
}

/** Why there is no such encoder here; undefined where there is. */
export function whyNoClock(): Promise<string | undefined> {
  return import("node-av/lib").then(
    () => undefined,
    () => "package missing: node-av",
  );
}

/** Publishes a picture with the time in it (`clock-encoder-child.ts`) until the scope ends. */
export function startClock(scope: Scope, url: string, options: ClockOptions): ClockEncoder {
  const { format, fps = 25, gopS = 2 } = options;
  const args = [CHILD, url, format, String(fps), String(gopS * fps)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const encoder = new ClockEncoder(child);
  scope.after(() => encoder.stop());
  return encoder;
}

export class ClockEncoder {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #stderr = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => child.on("exit", resolve));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
