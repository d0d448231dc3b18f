import { fileURLToPath } from "node:url";
import { compile } from "../compile.ts";
import { CpuWindow } from "../cpu-window.ts";
import { BenchError } from "../errors.ts";
import { residentBytesOf } from "../measure.ts";
import { LOAD_CORE, type Program, start } from "../program.ts";
import type { RtmpServer, Transport } from "./contestant.ts";

/**
 * What the players saw in the time measured; `receivers.h` prints it. Those of HTTP-TS (`sink.c`) and HLS (`hls-reader-main.ts`)
 * do not look at messages.
 */
interface PlayerReport {
  readonly readers: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly leastBytes: number;
  readonly messages: number;
  /** Messages whose numbers were passed over, and pictures among them that no other refers to. */
  readonly missing: number;
  readonly missingDisposable: number;
  /** Numbers or times that went back, and messages of another length than was sent. */
  readonly disordered: number;
  readonly badLengths: number;
  readonly stalls: number;
  readonly longestGapMs: number;
  /** From the publisher's send to the message's last byte: of all messages, and of the latest. */
  readonly delayMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestDelayMs: number;
  readonly closed: number;
  readonly sinkCpuSeconds: number;
}

/** One measurement of one server with one number of players. */
export interface PlaySample extends PlayerReport {
  /** Of the server, in the time measured. */
  readonly cpuSeconds: number;
  /** Of the server, at the end. */
  readonly residentBytes: number;
  /** Of the players and the publisher, which share a core. */
  readonly loadCpuSeconds: number;
  /** Of everything else on the machine, all cores. */
  readonly otherCpuSeconds: number;
}

export interface PlayOptions {
  readonly transport: Transport;
  /** For what is compiled. */
  readonly folder: string;
  readonly stream: string;
  readonly bitsPerSecond: number;
  readonly players: number;
  readonly seconds: number;
  readonly feederPid: number;
}

/** Between the first media for the last player and the measurement. */
const WARMUP_S = 3;
const HLS_READER = fileURLToPath(new URL("./hls-reader-main.ts", import.meta.url));

const NO_MESSAGES = {
  messages: 0,
  missing: 0,
  missingDisposable: 0,
  disordered: 0,
  delayMs: Number.NaN,
  p50Ms: Number.NaN,
  p99Ms: Number.NaN,
  longestDelayMs: Number.NaN,
};

/** Puts players on a server and measures both sides. */
export async function measurePlayers(server: RtmpServer, options: PlayOptions): Promise<PlaySample> {
  await using sink = startPlayers(server, options);
  await sink.line((line) => line.includes('"start"'));
  const pids = server.pids();
  const cpu = new CpuWindow(pids, [options.feederPid]);
  const report = readReport(await sink.line((line) => line.includes('"end"')));
  const residentBytes = pids.reduce((sum, pid) => sum + residentBytesOf(pid), 0);
  return { ...report, ...cpu.end(report.seconds, report.sinkCpuSeconds), residentBytes };
}

/** Where players did not look at messages, what they found wrong counts as damage. */
function readReport(text: string): PlayerReport {
  const seen = JSON.parse(text) as PlayerReport & { readonly badSyncs?: number };
  return "messages" in seen ? seen : { ...(seen as PlayerReport), ...NO_MESSAGES, badLengths: badOf(seen) };
}

const badOf = (seen: { readonly badSyncs?: number; readonly badLengths?: number }): number =>
  seen.badSyncs ?? seen.badLengths ?? 0;

/** Starts the players of this transport on the core of what loads the server. */
export function startPlayers(server: RtmpServer, options: Omit<PlayOptions, "feederPid">): Program {
  const { transport, stream, folder, bitsPerSecond, players, seconds } = options;
  const place = server.places[transport];
  if (place === undefined) throw new BenchError("bench.tool", `the server has no ${transport}`);
  const path = place.path.replace("%", stream);
  const times = [players, WARMUP_S, seconds];
  const run = (command: string, words: readonly (string | number)[]) =>
    start(LOAD_CORE, command, ["127.0.0.1", place.port, ...words, ...times].map(String));
  if (transport === "http-ts") return run(compile("sink", folder), [path]);
  if (transport === "http-flv") return run(compile("flv-sink", folder), [path, bitsPerSecond]);
  if (transport === "rtmp") {
    const [, application = "", name = ""] = path.split("/");
    return run(compile("rtmp-sink", folder), [application, name, bitsPerSecond]);
  }
  const url = `http://127.0.0.1:${place.port}${path}`;
  return start(LOAD_CORE, process.execPath, [HLS_READER, url, ...times].map(String));
}
