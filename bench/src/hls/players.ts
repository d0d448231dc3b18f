import { setTimeout as sleep } from "node:timers/promises";
import { fineCpuSecondsOf } from "../measure.ts";
import { LOAD_CORE, start } from "../program.ts";

/** What a server that hands out low-latency HLS, or files of it, is asked for. */
export interface HlsTarget extends AsyncDisposable {
  readonly port: number;
  /** Folder of the playlist; `%` is the number of the stream. */
  readonly folder: string;
  /** Parts that are files, asked for by the clock; 0 where the playlist is live. */
  readonly files: number;
  /** The processes whose CPU time counts. */
  pids(): number[];
}

/** What the players saw in the time measured; `hls-players.c` prints it. */
export interface PlayersReport {
  readonly seconds: number;
  readonly bytes: number;
  readonly playlists: number;
  readonly parts: number;
  readonly late: number;
  readonly missed: number;
  readonly bad: number;
  readonly longestGapMs: number;
  readonly closed: number;
}

/** One measurement of one server with one number of players. */
export interface PlayersSample extends PlayersReport {
  readonly cpuSeconds: number;
  /** What taking in and packaging the streams takes without players, of one core. */
  readonly idleLoad: number;
}

export interface PlayersOptions {
  /** The compiled `hls-players.c`. */
  readonly program: string;
  readonly streams: number;
  readonly playersPerStream: number;
  readonly periodMs: number;
  readonly seconds: number;
}

/** Between the first part of the last player and the measurement: compilers of JavaScript are done by then. */
const WARM_UP_S = 10;
const IDLE_S = 4;

/** Puts players on a server and measures both sides. */
export async function measurePlayers(target: HlsTarget, options: PlayersOptions): Promise<PlayersSample> {
  const { program, streams, playersPerStream, periodMs, seconds } = options;
  const who = ["127.0.0.1", target.port, target.folder, streams, playersPerStream];
  const words = [...who, periodMs, WARM_UP_S, seconds, ...(target.files > 0 ? [target.files] : [])];
  const pids = target.pids();
  const cpu = (): number => pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
  const idleLoad = target.files > 0 ? 0 : await loadOf(cpu);
  await using players = start(LOAD_CORE, program, words.map(String));
  await players.line((line) => line.includes('"start"'));
  const before = cpu();
  const report = JSON.parse(await players.line((line) => line.includes('"end"'))) as PlayersReport;
  return { ...report, cpuSeconds: cpu() - before, idleLoad };
}

async function loadOf(cpu: () => number): Promise<number> {
  // The first playlist was just made.
  await sleep(IDLE_S * 1000);
  const before = cpu();
  await sleep(IDLE_S * 1000);
  return (cpu() - before) / IDLE_S;
}
