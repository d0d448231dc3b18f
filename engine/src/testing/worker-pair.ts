import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import type { AccessRequest, InputInfo, ServerConfig, StreamConfig } from "@millrace/model";
import type { Logger, Protocol } from "../api.ts";
import { Supervisor } from "../control/supervisor.ts";
import { MediaWorker } from "../worker/media-worker.ts";

/** Keeps the errors that are logged. */
class Errors implements Logger {
  readonly lines: string[] = [];

  debug(): void {}
  info(): void {}
  warn(): void {}

  error(message: string): void {
    this.lines.push(message);
  }

  child(): Logger {
    return this;
  }
}

/** A stream that takes publishers. */
export function published(name: string): StreamConfig {
  return {
    name,
    kind: "static",
    inputs: [],
    pushes: [],
    publishEnabled: true,
    disabled: false,
    retryLimit: 10,
    clientsTimeoutMs: 60_000,
    sourceTimeoutMs: 60_000,
    options: {},
  };
}

export function serverOf(streams: readonly StreamConfig[], ports: readonly number[] = []): ServerConfig {
  const lists = { streams, livePrefixes: [], rewrites: [], fileLocations: [] };
  const line = ports.map((port) => ({ port, options: {} }));
  return { http: [], workers: 2, ...lists, options: {}, ports: { line } };
}

export function request(kind: AccessRequest["kind"], stream: string): AccessRequest {
  return { kind, stream, protocol: "test", ip: "127.0.0.1", query: {} };
}

export interface WorkerPair {
  readonly supervisor: Supervisor;
  /** Errors that were logged. */
  readonly errors: readonly string[];
  /** The worker that owns the first stream, and the one that does not. */
  readonly owner: MediaWorker;
  readonly other: MediaWorker;
}

/** Two workers in this thread, which share nothing but what workers share: a test can call either of them. */
export async function startPair(
  t: TestContext,
  streams: readonly StreamConfig[],
  protocols: readonly Protocol[] = [],
): Promise<WorkerPair> {
  const workers: MediaWorker[] = [];
  const log = new Errors();
  const dataDir = mkdtempSync(join(tmpdir(), "millrace-"));
  const supervisor = new Supervisor({
    server: serverOf(streams),
    dataDir,
    log,
    spawn: (start) => {
      workers.push(new MediaWorker(start, protocols));
      return { terminate: () => {}, onExit: () => {} };
    },
  });
  t.after(async () => {
    await supervisor.stop();
    rmSync(dataDir, { recursive: true });
  });
  await supervisor.start();
  const name = streams[0]?.name;
  const reports = await supervisor.report();
  const owning = reports.find((report) => report.streams.some((stream) => stream.name === name))?.worker;
  const [owner, other] = workers[0]?.workerIndex === owning ? workers : workers.toReversed();
  assert.ok(owner !== undefined && other !== undefined);
  return { supervisor, errors: log.lines, owner, other };
}

/** Resolves once the first input of the first stream is in this state. */
export async function untilInput(pair: WorkerPair, state: InputInfo["state"]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const reports = await pair.supervisor.report();
    const streams = reports.flatMap((report) => report.streams);
    if (streams[0]?.inputs[0]?.state === state) return;
  }
  throw new Error(`the input never was ${state}`);
}

/** Two workers in threads of their own, with the protocol `line`. */
export async function startThreads(
  t: TestContext,
  streams: readonly StreamConfig[],
  port: number,
): Promise<Supervisor> {
  const exits: Promise<unknown>[] = [];
  const supervisor = new Supervisor({
    server: serverOf(streams, [port]),
    dataDir: "/nonexistent",
    log: new Errors(),
    spawn: (start) => {
      const file = new URL("./line-thread.ts", import.meta.url);
      const worker = new Worker(file, { workerData: start, transferList: [start.port] });
      exits.push(once(worker, "exit"));
      return { terminate: () => {}, onExit: (callback) => worker.on("exit", () => callback(undefined)) };
    },
  });
  t.after(async () => {
    await supervisor.stop();
    await Promise.all(exits);
  });
  await supervisor.start();
  return supervisor;
}
