import { isDeepStrictEqual } from "node:util";
import type { ServerConfig, StreamConfig } from "@millrace/model";

/** What of a stream is not as it was. */
export interface StreamChange {
  readonly name: string;
  readonly before: StreamConfig;
  readonly after: StreamConfig;
  readonly inputs: boolean;
  readonly pushes: boolean;
  readonly backup: boolean;
  /** Names of the other fields, options and port lines that differ. */
  readonly options: readonly string[];
}

export interface StreamsDiff {
  readonly added: readonly StreamConfig[];
  readonly removed: readonly StreamConfig[];
  readonly changed: readonly StreamChange[];
}

/** What a reload has to do; streams that are not named here go on untouched. */
export interface ConfigDiff extends StreamsDiff {
  readonly livePrefixes: StreamsDiff;
  readonly rewrites: StreamsDiff;
  readonly fileLocations: boolean;
  /** Names of the server's port lines that differ. */
  readonly ports: readonly string[];
  /** Things of the whole server that take a restart: `http`, `workers`, and names of options. */
  readonly restart: readonly string[];
  /** Nothing differs. */
  readonly empty: boolean;
}

/** Compares two configurations. The order of streams and of options does not count; that of inputs does. */
export function diff(before: ServerConfig, after: ServerConfig): ConfigDiff {
  const streams = diffStreams(before.streams, after.streams);
  const livePrefixes = diffStreams(before.livePrefixes, after.livePrefixes);
  const rewrites = diffStreams(before.rewrites, after.rewrites);
  const fileLocations = !isDeepStrictEqual(before.fileLocations, after.fileLocations);
  const ports = changedKeys(before.ports ?? {}, after.ports ?? {});
  const restart = changedKeys(before.options, after.options);
  if (before.workers !== after.workers) restart.unshift("workers");
  if (!isDeepStrictEqual(before.http, after.http)) restart.unshift("http");
  const groups = [streams, livePrefixes, rewrites];
  const still = groups.every(
    (group) => group.added.length + group.removed.length + group.changed.length === 0,
  );
  const empty = still && !fileLocations && ports.length + restart.length === 0;
  return { ...streams, livePrefixes, rewrites, fileLocations, ports, restart, empty };
}

function diffStreams(before: readonly StreamConfig[], after: readonly StreamConfig[]): StreamsDiff {
  const old = new Map(before.map((stream) => [stream.name, stream]));
  const now = new Map(after.map((stream) => [stream.name, stream]));
  const changed: StreamChange[] = [];
  for (const stream of after) {
    const was = old.get(stream.name);
    if (was !== undefined && !isDeepStrictEqual(was, stream)) changed.push(changeOf(was, stream));
  }
  return {
    added: after.filter((stream) => !old.has(stream.name)),
    removed: before.filter((stream) => !now.has(stream.name)),
    changed,
  };
}

const OWN_FLAGS: ReadonlySet<string> = new Set(["name", "inputs", "pushes", "backup", "options", "ports"]);

function changeOf(before: StreamConfig, after: StreamConfig): StreamChange {
  const fields = changedKeys({ ...before }, { ...after }).filter((key) => !OWN_FLAGS.has(key));
  return {
    name: after.name,
    before,
    after,
    inputs: !isDeepStrictEqual(before.inputs, after.inputs),
    pushes: !isDeepStrictEqual(before.pushes, after.pushes),
    backup: !isDeepStrictEqual(before.backup, after.backup),
    options: [
      ...fields,
      ...changedKeys(before.options, after.options),
      ...changedKeys(before.ports ?? {}, after.ports ?? {}),
    ],
  };
}

function changedKeys(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isDeepStrictEqual(before[key], after[key]));
}
