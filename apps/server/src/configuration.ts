import { existsSync, statSync, watch } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname } from "node:path";
import type { ServerConfig } from "@millrace/model";
import {
  checkFile,
  compile,
  defaultConfig,
  formatProblem,
  hasErrors,
  loadSource,
  type Problem,
  type Registry,
  registryOf,
} from "@millrace/service-config";
import { PROTOCOLS } from "./protocols.ts";

/** Quiet time after a change of the file before it is read: editors write in several steps. */
const SETTLE_MS = 150;

const environment = { cpus: availableParallelism(), exists: existsSync };

/** What the composition root's protocols make the configuration language understand. */
export function registry(): Registry {
  return registryOf(PROTOCOLS);
}

export interface Loaded {
  readonly config: ServerConfig;
  readonly problems: readonly Problem[];
  readonly ok: boolean;
}

/** Reads a configuration file, or the built-in defaults without one. Throws `config-unreadable`. */
export function loadConfig(file: string | undefined): Loaded {
  const { config, problems } =
    file === undefined
      ? defaultConfig(registry(), environment)
      : compile(loadSource(file), registry(), environment);
  return { config, problems, ok: !hasErrors(problems) };
}

export function checkConfig(file: string): ReturnType<typeof checkFile> {
  return checkFile(file, registry(), environment);
}

export function describeProblems(problems: readonly Problem[]): string[] {
  return problems.map(formatProblem);
}

/** Calls back when the file was written or replaced. The folder is watched: a rename over the file is a change too. */
export function watchConfig(file: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(file), (_event, name) => {
    if (name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(settled, SETTLE_MS);
  });
  // A file that is being written is half a configuration: whoever writes it has to be done for a while.
  const settled = (): void => {
    const ageMs = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (ageMs >= 0 && ageMs < SETTLE_MS) timer = setTimeout(settled, SETTLE_MS);
    else onChange();
  };
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
