import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compile } from "../compile.ts";
import { fineCpuSecondsOf, median, residentBytesOf } from "../measure.ts";
import { type Spread, spreadOf } from "../srt/srt.ts";
import { syntheticTs } from "../synthetic-ts.ts";
import { inTurns } from "../turns.ts";
import { type ContestantName, contestants, type Field } from "./contestants.ts";
import { measureFanout, type Sample } from "./sink.ts";

export interface FanoutOptions {
  readonly readers: readonly number[];
  readonly servers: readonly ContestantName[];
  readonly repeats: number;
  readonly seconds: number;
  /** Told what is being measured. */
  readonly progress?: (text: string) => void;
  /** Told each measurement. */
  readonly onSample?: (sample: object) => void;
}

/** Medians over the repeats. */
export interface FanoutRow {
  readonly readers: number;
  readonly server: ContestantName;
  /** The server's CPU seconds for a gigabyte (10⁹ bytes) delivered. */
  readonly cpuPerGb: number;
  /** To the C loop with as many readers; NaN where that was not measured. */
  readonly ratio: number;
  readonly cpuSpread: Spread;
  /** Each ratio taken within one repeat. */
  readonly ratioSpread: Spread;
  /** Resident memory of the server at the end of a measurement. */
  readonly residentBytes: number;
  /** By how much that is more than without readers, for each of them: 10³ bytes; Millrace only. */
  readonly viewerKb: Spread;
  /** Share of one core. */
  readonly load: number;
  /** Bytes delivered in one measurement. */
  readonly bytes: number;
  /** Bytes that the worst-served reader got, of what its share at the stream's bit rate is. */
  readonly leastShare: number;
  /** Of all repeats together. */
  readonly stalls: number;
  readonly longestGapMs: number;
  readonly badSyncs: number;
  readonly closed: number;
}

export const BITS_PER_SECOND = 8_000_000;
/** More than connecting and warming up take. */
const SPARE_S = 30;
const WARM_UP_MS = 3000;

/** One stream to many readers over HTTP, for each server in turn. */
export async function runFanout(options: FanoutOptions): Promise<FanoutRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    // nginx started by root reads as nobody.
    chmodSync(folder, 0o755);
    const media = join(folder, "bench.mpegts");
    writeFileSync(media, syntheticTs(BITS_PER_SECOND, options.seconds + SPARE_S));
    return await measureAll(options, { folder, bitsPerSecond: BITS_PER_SECOND, media });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(options: FanoutOptions, field: Field): Promise<FanoutRow[]> {
  const program = compile("sink", field.folder);
  const rows: FanoutRow[] = [];
  if (options.servers.includes("millrace")) rows.push(await measureInput(options, field));
  for (const readers of options.readers) {
    const { servers: names, repeats, progress, onSample, seconds } = options;
    const turns = { names, repeats, progress, onSample, what: () => `${readers} readers` };
    const samples = await inTurns(turns, async (server) => {
      await using running = await contestants[server](field);
      return await measureFanout(running, { program, readers, seconds });
    });
    rows.push(...summarize(readers, samples, rows.find((row) => row.readers === 0)?.residentBytes));
  }
  return rows;
}

/**
 * What it costs Millrace to take the stream in while nobody watches. It is part of each of its other rows; the servers
 * beside it have the stream at hand from the start.
 */
async function measureInput(options: FanoutOptions, field: Field): Promise<FanoutRow> {
  const loads: number[] = [];
  const resident: number[] = [];
  for (let repeat = 1; repeat <= options.repeats; repeat += 1) {
    options.progress?.(`no reader, millrace, ${repeat} of ${options.repeats}`);
    await using running = await contestants.millrace(field);
    await sleep(WARM_UP_MS);
    const before = cpuOf(running.pids());
    await sleep(options.seconds * 1000);
    const load = (cpuOf(running.pids()) - before) / options.seconds;
    const bytes = running.pids().reduce((sum, pid) => sum + residentBytesOf(pid), 0);
    options.onSample?.({ server: "millrace", readers: 0, repeat, load, residentBytes: bytes });
    loads.push(load);
    resident.push(bytes);
  }
  const nothing = { bytes: 0, leastShare: Number.NaN, stalls: 0, longestGapMs: 0, badSyncs: 0, closed: 0 };
  return {
    readers: 0,
    server: "millrace",
    cpuPerGb: Number.NaN,
    ratio: Number.NaN,
    cpuSpread: spreadOf([]),
    ratioSpread: spreadOf([]),
    residentBytes: median(resident),
    viewerKb: spreadOf([]),
    load: median(loads),
    ...nothing,
  };
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
}

/** One row for each server, from its samples; `idleBytes` is Millrace's memory without readers. */
export function summarize(
  readers: number,
  samples: ReadonlyMap<ContestantName, readonly Sample[]>,
  idleBytes = Number.NaN,
): FanoutRow[] {
  const perGb = (one: Sample) => one.cpuSeconds / (one.bytes / 1e9);
  const cpuPerGb = (list: readonly Sample[]) => median(list.map(perGb));
  const loop = samples.get("c loop") ?? [];
  const viewerKb = (one: Sample) => (one.residentBytes - idleBytes) / readers / 1000;
  const base = cpuPerGb(samples.get("c loop") ?? []);
  return [...samples].map(([server, list]) => ({
    readers,
    server,
    cpuPerGb: cpuPerGb(list),
    ratio: cpuPerGb(list) / base,
    cpuSpread: spreadOf(list.map(perGb)),
    ratioSpread: spreadOf(
      loop.flatMap((one, i) => (list[i] === undefined ? [] : [perGb(list[i]) / perGb(one)])),
    ),
    residentBytes: median(list.map((one) => one.residentBytes)),
    viewerKb: spreadOf(server === "millrace" ? list.map(viewerKb) : []),
    load: median(list.map((one) => one.cpuSeconds / one.seconds)),
    bytes: median(list.map((one) => one.bytes)),
    leastShare: Math.min(...list.map((one) => one.leastBytes / ((one.seconds * BITS_PER_SECOND) / 8))),
    stalls: list.reduce((sum, one) => sum + one.stalls, 0),
    longestGapMs: Math.max(...list.map((one) => one.longestGapMs)),
    badSyncs: list.reduce((sum, one) => sum + one.badSyncs, 0),
    closed: list.reduce((sum, one) => sum + one.closed, 0),
  }));
}
