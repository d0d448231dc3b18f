import { after } from "node:test";
import type { Details, LaneName, Options } from "@millrace/model";
import { testContext } from "../../../../../tests/contract/index.ts";
import { pullHls } from "../pull.ts";
import { HlsServer, type Served } from "./hls-server.ts";
import { PullWriter } from "./unit-writer.ts";

const servers = new Set<HlsServer>();
after(() => Promise.all([...servers].map((server) => server.close())));

/** A server that is closed after the file's tests. */
export async function serve(files: Readonly<Record<string, Served>> = {}): Promise<HlsServer> {
  const server = await HlsServer.open(files);
  servers.add(server);
  return server;
}

/** An input that runs. */
export interface Running {
  readonly into: PullWriter;
  readonly ended: Promise<void>;
  readonly lane: () => LaneName;
  readonly describe: () => Details;
  readonly stop: () => Promise<void>;
}

export function start(url: string, options: Options = {}): Running {
  const into = new PullWriter();
  const abort = new AbortController();
  const input = { url, scheme: "hls", priority: 1, sourceTimeoutMs: 60_000, options };
  const source = pullHls(input, testContext());
  const ended = source.run(into, abort.signal);
  ended.catch(() => undefined);
  return {
    into,
    ended,
    lane: () => source.lane,
    describe: () => source.describe?.() ?? {},
    stop() {
      abort.abort();
      return ended;
    },
  };
}

/** Plays to the end, without waiting for real time. */
export async function play(url: string, options: Options = {}): Promise<PullWriter> {
  const running = start(url, { paced: false, ...options });
  await running.ended;
  return running.into;
}
