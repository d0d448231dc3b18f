import { accessSync, constants, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Logger, messageOf, Supervisor } from "@millrace/engine";
import type { ListenConfig, ServerConfig } from "@millrace/model";
import { CORE_OPTIONS } from "@millrace/service-config";
import { SessionDesk } from "@millrace/service-sessions";
import { describeProblems, loadConfig, watchConfig } from "./configuration.ts";
import { PROTOCOLS } from "./protocols.ts";
import { spawnHere, spawnThread } from "./spawn.ts";
import { portsOf, refuseTakenPorts } from "./taken-ports.ts";

export interface ServeOptions {
  /** Absent: the built-in defaults. */
  readonly config?: string;
  readonly data: string;
  readonly log: Logger;
  readonly version: string;
}

/** A running server. */
export interface Served {
  readonly supervisor: Supervisor;
  /** Reads the configuration again. True when the new one is in force. */
  reload(): boolean;
  stop(): Promise<void>;
}

/** Starts the server; rejects when the configuration has errors or a port is taken. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { log } = options;
  const data = resolve(options.data);
  openDataFolder(data);
  const loaded = loadConfig(options.config);
  report(log, loaded);
  if (!loaded.ok) throw new Error(`${options.config ?? "configuration"} has errors: nothing was started`);
  await refuseTakenPorts(portsOf(loaded.config, [{ options: CORE_OPTIONS }, ...PROTOCOLS]));
  const desk = new SessionDesk({
    nowMs: () => performance.now(),
    random: (into) => crypto.getRandomValues(into),
  });
  const supervisor = new Supervisor({
    server: loaded.config,
    dataDir: data,
    log,
    onQuestion: async (question, argument) => desk.answer(question, argument),
    spawn: loaded.config.workers === 0 ? spawnHere : spawnThread,
  });
  await supervisor.start();
  announce(options, loaded.config);
  const reload = (): boolean => reloadConfig(options, supervisor);
  const unwatch = options.config === undefined ? () => {} : watchConfig(resolve(options.config), reload);
  return {
    supervisor,
    reload,
    stop: async () => {
      unwatch();
      await supervisor.stop();
    },
  };
}

/** Makes the folder if need be. */
function openDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`cannot write to the data folder ${folder}: ${messageOf(error)}`, { cause: error });
  }
}

function announce(options: ServeOptions, config: ServerConfig): void {
  const { log } = options;
  const workers = Math.max(1, config.workers);
  log.info(`Millrace ${options.version} is running`, { streams: config.streams.length, workers });
  for (const listen of config.http) log.info(`open http://${addressOf(listen)}/`);
  for (const listen of config.ports?.["https"] ?? []) log.info(`open https://${addressOf(listen)}/`);
  if (options.config === undefined) {
    log.info("no configuration file: this is the built-in demo. Start one of your own with");
    log.info("  millrace example > millrace.conf  and  millrace serve --config millrace.conf");
  }
}

function addressOf({ host = "127.0.0.1", port }: ListenConfig): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function report(log: Logger, loaded: ReturnType<typeof loadConfig>): void {
  const texts = describeProblems(loaded.problems);
  loaded.problems.forEach((problem, i) => {
    if (problem.severity === "error") log.error(texts[i] as string);
    else log.warn(texts[i] as string);
  });
}

/** Errors keep the running configuration in force. */
function reloadConfig(options: ServeOptions, supervisor: Supervisor): boolean {
  const { log } = options;
  try {
    const loaded = loadConfig(options.config);
    report(log, loaded);
    if (!loaded.ok) {
      log.error("the configuration has errors: the one before stays in force");
      return false;
    }
    if (loaded.config.workers !== supervisor.server.workers) {
      log.warn("a changed number of workers takes effect at the next start");
    }
    const workers = supervisor.server.workers;
    supervisor.apply({ ...loaded.config, workers });
    log.info("configuration reloaded", { streams: loaded.config.streams.length });
    return true;
  } catch (error) {
    log.error("the configuration cannot be read: the one before stays in force", {
      reason: messageOf(error),
    });
    return false;
  }
}
