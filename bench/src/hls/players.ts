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
}

export interface PlayersOptions {
  /** The compiled `hls-players.c`. */
  readonly program: string;
  readonly streams: number;
  readonly playersPerStream: number;
  readonly periodMs: number;
  readonly seconds: number;
}

/** Between the first part of the last player and the measurement. */
const WARM_UP_S = 3;

/** Puts players on a server and measures both sides. */
export async function measurePlayers(target: HlsTarget, options: PlayersOptions): Promise<PlayersSample> {
  const { program, streams, playersPerStream, periodMs, seconds } = options;
  const who = ["127.0.0.1", target.port, target.folder, streams, playersPerStream];
  const words = [...who, periodMs, WARM_UP_S, seconds, ...(target.files > 0 ? [target.files] : [])];
  await using players = start(LOAD_CORE, program, words.map(String));
  await players.line((line) => line.includes('"start"'));
  const pids = target.pids();
  const cpu = (): number => pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
  const before = cpu();
  const report = JSON.parse(await players.line((line) => line.includes('"end"'))) as PlayersReport;
  return { ...report, cpuSeconds: cpu() - before };
}
