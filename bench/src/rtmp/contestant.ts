import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { BenchError } from "../errors.ts";
import type { Program } from "../program.ts";

/** How streams are played that were published over RTMP. */
export const TRANSPORTS = ["rtmp", "http-flv", "http-ts", "hls"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Where a server has its streams; `%` in the path is the name of one. Over RTMP the path is `/APPLICATION/%`. */
export interface Place {
  readonly port: number;
  readonly path: string;
}

/** A server that runs, and takes streams as `rtmp://127.0.0.1:RTMP_PORT/live/NAME`. */
export interface RtmpServer extends AsyncDisposable {
  readonly rtmpPort: number;
  /** The transports that it has. */
  readonly places: Readonly<Partial<Record<Transport, Place>>>;
  /** The processes whose CPU time and memory count. */
  pids(): number[];
}

export interface RtmpField {
  /** For everything that is written. */
  readonly folder: string;
  /** Names of all streams that will be published. */
  readonly streams: readonly string[];
  /** HLS is made too: what takes streams in and plays them otherwise is measured without. */
  readonly hls: boolean;
}

/** One server of the bench. A further one is a file of this form and a line in `servers.ts`, or one in a file of peers. */
export interface RtmpContestant {
  readonly transports: readonly Transport[];
  /** Why it cannot run here; undefined where it can. */
  missing(): string | undefined;
  /** With one process or thread that serves media. Rejects with `bench.tool`. */
  start(field: RtmpField): Promise<RtmpServer>;
}

/** The application that all streams are published to. */
export const APP = "live";

const START_MS = 15_000;

/** Resolves when somebody listens on the TCP port; rejects with `bench.tool` when the program ended, or in 15 s. */
export async function waitForPort(port: number, program: Program): Promise<void> {
  for (const endMs = performance.now() + START_MS; performance.now() < endMs; ) {
    if (await answers(port)) return;
    await Promise.race([sleep(100), program.ended]);
  }
  throw new BenchError("bench.tool", `nobody listens on port ${port}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => done(false));
    socket.on("connect", () => {
      socket.destroy();
      done(true);
    });
  });
}

/** What `ready` returns, ended by ending `program`; which is ended at once where that fails. */
export async function orStop(
  program: AsyncDisposable,
  ready: () => Promise<Omit<RtmpServer, typeof Symbol.asyncDispose>>,
): Promise<RtmpServer> {
  try {
    return { ...(await ready()), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}
