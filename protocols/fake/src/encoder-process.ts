import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { StreamWriter } from "@millrace/engine";
import { encoderDied } from "./errors.ts";
import { EXIT_NO_ENCODER } from "./exit-codes.ts";
import type { ClockSettings } from "./settings.ts";

/** A process that was told to end and still runs after this is killed, milliseconds. */
const KILL_AFTER_MS = 1000;
/** Of what the encoder says on standard error, the end is kept for the error message. */
const LAST_WORDS = 500;

// Beside this file, as source or as built JavaScript.
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./encoder-child.ts" : "./encoder-child.js", import.meta.url),
);

/** How a run of the encoder ended, when it did not fail: told to, or FFmpeg is not installed. */
export type EncoderEnd = "aborted" | "no-encoder";

/**
 * Runs the encoder in a process of its own and passes on what it writes, until `signal` is aborted. Rejects with code
 * `encoder-died` when it ends by itself. No process is left when the promise settles.
 */
export function runEncoderProcess(
  settings: ClockSettings,
  into: Pick<StreamWriter, "ts">,
  signal: AbortSignal,
): Promise<EncoderEnd> {
  if (signal.aborted) return Promise.resolve("aborted");
  // A small young generation: per frame only a few short-lived wrappers are made.
  const child = spawn(process.execPath, ["--max-semi-space-size=1", ENTRY, JSON.stringify(settings)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let lastWords = "";
  child.stdout.on("data", (bytes: Buffer) => {
    if (!signal.aborted) into.ts(bytes);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  // Writing to a process that is gone is no news: its exit tells.
  child.stdin.on("error", () => undefined);
  const stop = () => stopProcess(child);
  signal.addEventListener("abort", stop, { once: true });
  return new Promise<EncoderEnd>((resolve, reject) => {
    child.on("error", (error) => reject(encoderDied("it did not start", error.message)));
    child.on("close", (code, killedBy) => {
      if (signal.aborted) resolve("aborted");
      else if (code === EXIT_NO_ENCODER) resolve("no-encoder");
      else reject(encoderDied(killedBy ?? `exit code ${code}`, lastWords.trim()));
    });
  }).finally(() => signal.removeEventListener("abort", stop));
}

function stopProcess(child: ChildProcess): void {
  child.stdin?.end();
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
  child.once("close", () => clearTimeout(timer));
}
