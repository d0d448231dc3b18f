import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BenchError } from "./errors.ts";
import { freePort, LOAD_CORE, type Program, SERVER_CORE, start } from "./program.ts";

const LAUNCHER = join(import.meta.dirname, "../../apps/server/bin/millrace.js");
const FEEDER = fileURLToPath(new URL("./feeder-main.ts", import.meta.url));
const START_MS = 15_000;

/** A folder, for whoever profiles: each thread of the server writes a `.cpuprofile` into it at its end. */
export const PROFILE_VARIABLE = "MILLRACE_BENCH_PROFILE";
/** Writing profiles takes time at the end. */
const PROFILED_STOP_MS = 20_000;

/** A server with its own port, and streams published to it. */
export interface Served extends AsyncDisposable {
  readonly server: Program;
  readonly port: number;
  /** Begins to publish: `count` streams, `%` in the path for their numbers. */
  feed(path: string, options: { bitsPerSecond: number; count: number }): Promise<Program>;
}

export interface ServeOptions {
  /** Media threads; 1 unless told otherwise. */
  readonly workers?: number;
  /** -1 for any. */
  readonly core?: number;
}

/** Starts Millrace as anybody would, with the given lines of configuration. */
export async function startMillrace(
  folder: string,
  lines: readonly string[],
  { workers = 1, core = SERVER_CORE }: ServeOptions = {},
): Promise<Served> {
  const port = await freePort();
  const config = join(folder, "bench.conf");
  writeFileSync(config, `http 127.0.0.1:${port};\nworkers ${workers};\n${lines.join("\n")}\n`);
  const flags = ["--config", config, "--data", join(folder, "data"), "--log-level", "warn"];
  const profiles = process.env[PROFILE_VARIABLE];
  const profiling = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  const words = [...profiling, LAUNCHER, "serve", ...flags];
  const stopMs = profiles === undefined ? undefined : PROFILED_STOP_MS;
  const server = start(core, process.execPath, words, stopMs);
  const stack = new AsyncDisposableStack();
  stack.use(server);
  try {
    await waitForHttp(server, port);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  const feed: Served["feed"] = async (path, { bitsPerSecond, count }) => {
    const url = `http://127.0.0.1:${port}${path}`;
    const feeder = start(LOAD_CORE, process.execPath, [FEEDER, url, String(bitsPerSecond), String(count)]);
    stack.use(feeder);
    await feeder.line((line) => line === "feeding");
    return feeder;
  };
  return { server, port, feed, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function waitForHttp(server: Program, port: number): Promise<void> {
  for (const endMs = performance.now() + START_MS; performance.now() < endMs; ) {
    const answered = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000) }).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await Promise.race([sleep(100), server.ended]);
  }
  throw new BenchError("bench.tool", "Millrace does not answer on its port");
}
