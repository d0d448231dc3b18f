import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { CpuWindow } from "../cpu-window.ts";
import { familyOf, median, threadSecondsOf } from "../measure.ts";
import { startMillrace } from "../millrace.ts";
import { start, waitForAnswer } from "../program.ts";
import { type Spread, spreadOf } from "../srt/srt.ts";
import { inTurns } from "../turns.ts";

export interface WorkersOptions {
  readonly streams: number;
  /** Of each stream. */
  readonly readers: number;
  readonly repeats: number;
  readonly seconds: number;
  readonly progress?: (text: string) => void;
  /** Told each measurement. */
  readonly onSample?: (sample: object) => void;
}

export interface WorkersRow {
  readonly workers: number;
  /** CPU seconds of the whole server for a gigabyte (10⁹ bytes) delivered. */
  readonly cpuPerGb: Spread;
  /** Share of a core that each of the busiest threads took, whatever it does; the busiest first: medians. */
  readonly busy: readonly number[];
  /** Publishers and readers that each worker has: of the last repeat. */
  readonly sessions: readonly number[];
  /** What could be delivered if the busiest thread had a core to itself and used all of it; gigabytes a second. */
  readonly capacity: Spread;
  /** To that of one worker, each within one repeat. */
  readonly ratio: Spread;
  /** Of the whole server, and of everything else on the machine: cores. */
  readonly load: number;
  readonly otherLoad: number;
  readonly stalls: number;
  readonly bad: number;
}

/** One measurement. */
export interface WorkersSample {
  readonly seconds: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
  readonly otherCpuSeconds: number;
  /** Publishers and readers of each worker. */
  readonly sessions: readonly number[];
  /** CPU time of the busiest threads, the busiest first. */
  readonly threadSeconds: readonly number[];
  readonly stalls: number;
  readonly bad: number;
}

const BITS_PER_SECOND = 2_000_000;
const COUNTS = [1, 2] as const;
const WARM_UP_S = 3;
const START_MS = 20_000;
/** So many are told. */
const THREADS = 4;

/** Many streams to some readers each, by one worker and by two, upon all cores. */
export async function runWorkers(options: WorkersOptions): Promise<WorkersRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    const { repeats, progress, onSample } = options;
    const what = (name: string) => `${options.streams} streams, ${name} worker${name === "1" ? "" : "s"}`;
    const turns = { names: COUNTS.map(String), repeats, progress, onSample, what };
    const samples = await inTurns(turns, (name) => measure(Number(name), options, folder));
    return summarizeWorkers(new Map([...samples].map(([name, list]) => [Number(name), list])));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(workers: number, options: WorkersOptions, folder: string): Promise<WorkersSample> {
  const { streams, readers, seconds } = options;
  const lines = Array.from({ length: streams }, (_, i) => `stream s${i} { publish_enabled; hls_off; }`);
  await using served = await startMillrace(folder, lines, { workers, core: -1 });
  const { port, server } = served;
  const feeder = await served.feed("/s%/mpegts", { bitsPerSecond: BITS_PER_SECOND, count: streams });
  const first = waitForAnswer(`http://127.0.0.1:${port}/s0/mpegts`, START_MS);
  await Promise.race([first, feeder.ended]);
  const words = ["127.0.0.1", port, `/s%${streams}/mpegts`, streams * readers, WARM_UP_S, seconds].map(
    String,
  );
  await using sink = start(-1, compile("sink", folder), words);
  await Promise.race([sink.line((line) => line.includes('"start"')), feeder.ended]);
  const pids = familyOf(server.pid);
  const sessions = await sessionsByWorker(port, workers);
  const startMs = performance.now();
  const threads = threadSecondsOf(server.pid);
  const cpu = new CpuWindow(pids);
  const report = JSON.parse(await sink.line((line) => line.includes('"end"'))) as {
    seconds: number;
    bytes: number;
    stalls: number;
    badSyncs: number;
    closed: number;
  };
  const { cpuSeconds, otherCpuSeconds } = cpu.end(report.seconds);
  const after = threadSecondsOf(server.pid);
  // The threads were looked at over a time that differs from the sink's by how late this process was.
  const scale = (report.seconds * 1000) / (performance.now() - startMs);
  return {
    seconds: report.seconds,
    bytes: report.bytes,
    cpuSeconds,
    otherCpuSeconds,
    sessions,
    threadSeconds: [...after]
      .map(([thread, time]) => (time - (threads.get(thread) ?? 0)) * scale)
      .sort((a, b) => b - a)
      .slice(0, THREADS),
    stalls: report.stalls,
    bad: report.badSyncs + report.closed,
  };
}

/** A session's name begins with its worker: `w1.…`. */
async function sessionsByWorker(port: number, workers: number): Promise<number[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/sessions`);
  const sessions = (await answer.json()) as { id: string }[];
  return Array.from(
    { length: workers },
    (_, i) => sessions.filter(({ id }) => id.startsWith(`w${i}.`)).length,
  );
}

const busiest = (sample: WorkersSample): number => Math.max(...sample.threadSeconds);
const capacityOf = (sample: WorkersSample): number => sample.bytes / 1e9 / busiest(sample);

/** One row for each number of workers, from its samples. */
export function summarizeWorkers(samples: ReadonlyMap<number, readonly WorkersSample[]>): WorkersRow[] {
  const one = samples.get(1) ?? [];
  return [...samples].map(([workers, list]) => {
    const ratios = list.flatMap((sample, i) =>
      one[i] === undefined ? [] : [capacityOf(sample) / capacityOf(one[i])],
    );
    const shares = list.map((sample) => sample.threadSeconds.map((time) => time / sample.seconds));
    return {
      workers,
      cpuPerGb: spreadOf(list.map((sample) => sample.cpuSeconds / (sample.bytes / 1e9))),
      busy: Array.from({ length: THREADS }, (_, i) => median(shares.map((of) => of[i] ?? 0))),
      sessions: list.at(-1)?.sessions ?? [],
      capacity: spreadOf(list.map(capacityOf)),
      ratio: spreadOf(ratios),
      load: median(list.map((sample) => sample.cpuSeconds / sample.seconds)),
      otherLoad: Math.max(...list.map((sample) => sample.otherCpuSeconds / sample.seconds)),
      stalls: list.reduce((sum, sample) => sum + sample.stalls, 0),
      bad: list.reduce((sum, sample) => sum + sample.bad, 0),
    };
  });
}
