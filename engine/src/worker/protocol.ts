import type { MessagePort } from "node:worker_threads";
import type { ServerConfig, SessionInfo, StreamConfig, StreamInfo } from "@millrace/model";
import type { LogFields } from "../api.ts";
import type { PeerLink } from "./bus.ts";

/** A stream that exists, and the worker that owns it. */
export interface DirectoryEntry {
  readonly config: StreamConfig;
  readonly owner: number;
}

/** What a worker is told when it starts. */
export interface WorkerStart {
  readonly index: number;
  /** Counts starts of workers: memory of a dead one is never mistaken for its successor's. */
  readonly incarnation: number;
  readonly dataDir: string;
  readonly server: ServerConfig;
  /** The streams there are: a worker that listens already knows them. */
  readonly entries: readonly DirectoryEntry[];
  readonly port: MessagePort;
}

/** Control thread to worker. */
export type ToWorker =
  | { readonly t: "peer"; readonly index: number; readonly link: PeerLink }
  | {
      readonly t: "directory";
      readonly server: ServerConfig;
      readonly entries: readonly DirectoryEntry[];
      /** The configuration was read anew; else only streams came, went or moved. */
      readonly reloaded: boolean;
    }
  | { readonly t: "ask"; readonly id: number; readonly question: string }
  | {
      readonly t: "answer";
      readonly id: number;
      readonly value?: unknown;
      readonly error?: { code: string; text: string };
    }
  | { readonly t: "stop" };

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Worker to control thread. */
export type FromWorker =
  | { readonly t: "ready"; readonly problems: readonly string[] }
  | { readonly t: "log"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | { readonly t: "ask"; readonly id: number; readonly question: string; readonly argument?: string }
  | { readonly t: "answer"; readonly id: number; readonly value: unknown }
  | { readonly t: "idle"; readonly stream: string }
  | { readonly t: "stopped" };

/** What a worker says of itself. */
export interface WorkerReport {
  readonly worker: number;
  readonly streams: readonly StreamInfo[];
  readonly sessions: readonly SessionInfo[];
  readonly memory: {
    /** Shared memory asked of the system, and how much of it is free. */
    readonly arenaBytes: number;
    readonly freeBytes: number;
    /** JavaScript objects, and what they hold outside the heap. */
    readonly heapBytes: number;
    readonly externalBytes: number;
  };
  /** Event-loop delay since the last report, milliseconds. */
  readonly loop: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** CPU time of this thread since its start, microseconds. */
  readonly cpuUs: number;
}
