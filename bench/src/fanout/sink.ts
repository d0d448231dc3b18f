import { CpuWindow } from "../cpu-window.ts";
import { residentBytesOf } from "../measure.ts";
import { LOAD_CORE, start } from "../program.ts";
import type { Running } from "./contestants.ts";

/** What the readers saw in the time measured; `sink.c` prints it. */
interface SinkReport {
  readonly readers: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly badSyncs: number;
  readonly stalls: number;
  readonly longestGapMs: number;
  readonly closed: number;
}

/** One measurement of one server with one number of readers. */
export interface Sample extends SinkReport {
  /** Of the server, in the time measured. */
  readonly cpuSeconds: number;
  /** Of the server, at the end. */
  readonly residentBytes: number;
}

export interface SinkOptions {
  /** The compiled `sink.c`. */
  readonly program: string;
  readonly readers: number;
  readonly seconds: number;
}

/** Between the first data for the last reader and the measurement. */
const WARMUP_S = 2;

/** Puts `readers` on a server and measures both sides. */
export async function measureFanout(server: Running, options: SinkOptions): Promise<Sample> {
  const { program, readers, seconds } = options;
  const words = ["127.0.0.1", server.port, server.path, readers, WARMUP_S, seconds].map(String);
  await using sink = start(LOAD_CORE, program, words);
  await sink.line((line) => line.includes('"start"'));
  const pids = server.pids();
  const cpu = new CpuWindow(pids);
  const report = JSON.parse(await sink.line((line) => line.includes('"end"'))) as SinkReport;
  const { cpuSeconds } = cpu.end(report.seconds);
  return { ...report, cpuSeconds, residentBytes: pids.reduce((sum, pid) => sum + residentBytesOf(pid), 0) };
}
