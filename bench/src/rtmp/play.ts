import { BenchError } from "../errors.ts";
import { fineCpuSecondsOf, machineCpuSeconds, residentBytesOf } from "../measure.ts";
import { LOAD_CORE, start } from "../program.ts";
import { APP, type RtmpServer } from "./contestant.ts";

export type Transport = "rtmp" | "http-flv";

/** What the players saw in the time measured; `receivers.h` prints it. */
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
  /** The compiled `rtmp-sink.c` or `flv-sink.c`. */
  readonly program: string;
  readonly stream: string;
  readonly bitsPerSecond: number;
  readonly players: number;
  readonly seconds: number;
  readonly feederPid: number;
}

/** Between the first media for the last player and the measurement. */
const WARMUP_S = 3;

/** Puts players on a server and measures both sides. */
export async function measurePlayers(server: RtmpServer, options: PlayOptions): Promise<PlaySample> {
  await using sink = start(LOAD_CORE, options.program, wordsOf(server, options));
  await sink.line((line) => line.includes('"start"'));
  const pids = server.pids();
  const machineBefore = machineCpuSeconds();
  const before = cpuOf(pids);
  const feederBefore = fineCpuSecondsOf(options.feederPid);
  const report = JSON.parse(await sink.line((line) => line.includes('"end"'))) as PlayerReport;
  const feederSeconds = fineCpuSecondsOf(options.feederPid) - feederBefore;
  const cpuSeconds = cpuOf(pids) - before;
  const residentBytes = pids.reduce((sum, pid) => sum + residentBytesOf(pid), 0);
  const loadCpuSeconds = report.sinkCpuSeconds + feederSeconds;
  const machineSeconds = machineCpuSeconds() - machineBefore;
  // The machine counts in hundredths: what is next to nothing can come out below it.
  const otherCpuSeconds = Math.max(0, machineSeconds - cpuSeconds - loadCpuSeconds);
  return { ...report, cpuSeconds, residentBytes, loadCpuSeconds, otherCpuSeconds };
}

function wordsOf(server: RtmpServer, options: PlayOptions): string[] {
  const { transport, stream, bitsPerSecond, players, seconds } = options;
  const port = transport === "rtmp" ? server.rtmpPort : server.httpPort;
  if (port === undefined) throw new BenchError("bench.tool", "the server has no HTTP-FLV");
  const place = transport === "rtmp" ? [APP, stream] : [`/${APP}/${stream}.flv`];
  return ["127.0.0.1", port, ...place, bitsPerSecond, players, WARMUP_S, seconds].map(String);
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
}
