import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compile } from "../compile.ts";
import { fineCpuSecondsOf, median } from "../measure.ts";
import { syntheticTs } from "../synthetic-ts.ts";
import { inTurns } from "../turns.ts";
import { measureReceivers, type SrtSample } from "./receive.ts";
import { receiversOn, type SrtServerName, srtServers } from "./servers.ts";

export interface SrtBenchOptions {
  readonly receivers: readonly number[];
  readonly servers: readonly SrtServerName[];
  readonly repeats: number;
  readonly seconds: number;
  /** Told what is being measured. */
  readonly progress?: (text: string) => void;
  /** Told each measurement. */
  readonly onSample?: (sample: object) => void;
}

/** The middle one of some values, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface SrtRow {
  readonly server: SrtServerName;
  /** As asked for, and as measured: some servers are measured with fewer. */
  readonly receivers: number;
  readonly measured: number;
  /** The server's CPU seconds for a gigabyte (10⁹ bytes of media) delivered. */
  readonly cpuPerGb: Spread;
  /** Of Millrace's to this server's, each within one repeat; NaN where there is nothing to compare. */
  readonly millraceRatio: Spread;
  /** Shares of one core: of the server, and of what loads it. */
  readonly load: number;
  readonly peerLoad: number;
  /** Of everything else on the machine, in one core's worth: the greatest of all repeats. */
  readonly otherLoad: number;
  /** Bytes delivered in one measurement. */
  readonly bytes: number;
  /** Bytes that the worst-served receiver got, of what its share at the stream's bit rate is. */
  readonly leastShare: number;
  /** Of all repeats together: packets that were missing, and those of them that never came. */
  readonly missing: number;
  readonly lost: number;
  readonly stalls: number;
  readonly longestGapMs: number;
  readonly badSyncs: number;
  readonly closed: number;
}

export const SRT_BITS_PER_SECOND = 8_000_000;
/** More than connecting a hundred and warming up take. */
const SPARE_S = 40;
const WARM_UP_MS = 3000;

/** One stream to some receivers over SRT, for each server in turn. */
export async function runSrt(options: SrtBenchOptions): Promise<SrtRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    const media = join(folder, "bench.mpegts");
    writeFileSync(media, syntheticTs(SRT_BITS_PER_SECOND, options.seconds + SPARE_S));
    return await measureAll(options, { folder, media });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  options: SrtBenchOptions,
  field: { folder: string; media: string },
): Promise<SrtRow[]> {
  const program = compile("srt-sink", field.folder);
  const rows: SrtRow[] = [];
  if (options.servers.includes("millrace")) rows.push(await measureInput(options, field));
  for (const receivers of options.receivers) {
    const { servers: names, repeats, progress, onSample, seconds } = options;
    const what = (server: SrtServerName) => `${receiversOn(server, receivers)} receivers`;
    const samples = await inTurns({ names, repeats, progress, onSample, what }, async (server) => {
      const measured = receiversOn(server, receivers);
      await using running = await srtServers[server]({
        ...field,
        bitsPerSecond: SRT_BITS_PER_SECOND,
        receivers: measured,
      });
      return await measureReceivers(running, { program, receivers: measured, seconds });
    });
    rows.push(...summarizeSrt(receivers, samples));
  }
  return rows;
}

/** What it costs Millrace to take the stream in while nobody watches; part of each of its other rows, as of the relays'. */
async function measureInput(
  options: SrtBenchOptions,
  field: { folder: string; media: string },
): Promise<SrtRow> {
  const loads: number[] = [];
  for (let repeat = 1; repeat <= options.repeats; repeat += 1) {
    options.progress?.(`no receiver, millrace, ${repeat} of ${options.repeats}`);
    await using running = await srtServers.millrace({
      ...field,
      bitsPerSecond: SRT_BITS_PER_SECOND,
      receivers: 0,
    });
    await sleep(WARM_UP_MS);
    const pids = running.pids();
    const cpu = () => pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
    const before = cpu();
    await sleep(options.seconds * 1000);
    loads.push((cpu() - before) / options.seconds);
  }
  const nothing = { bytes: 0, missing: 0, lost: 0, stalls: 0, longestGapMs: 0, badSyncs: 0, closed: 0 };
  const none = { median: Number.NaN, least: Number.NaN, most: Number.NaN };
  return {
    server: "millrace",
    receivers: 0,
    measured: 0,
    cpuPerGb: none,
    millraceRatio: none,
    load: median(loads),
    peerLoad: Number.NaN,
    otherLoad: Number.NaN,
    leastShare: Number.NaN,
    ...nothing,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, least: Number.NaN, most: Number.NaN };
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** One row for each server, from its samples. */
export function summarizeSrt(
  receivers: number,
  samples: ReadonlyMap<SrtServerName, readonly SrtSample[]>,
): SrtRow[] {
  const perGb = (one: SrtSample) => one.cpuSeconds / (one.bytes / 1e9);
  const millrace = samples.get("millrace")?.map(perGb) ?? [];
  return [...samples].map(([server, list]) => ({
    server,
    receivers,
    measured: list[0]?.readers ?? 0,
    cpuPerGb: spreadOf(list.map(perGb)),
    millraceRatio: spreadOf(millrace.map((cost, repeat) => cost / perGb(list[repeat] as SrtSample))),
    load: median(list.map((one) => one.cpuSeconds / one.seconds)),
    peerLoad: median(list.map((one) => one.loadCpuSeconds / one.seconds)),
    otherLoad: Math.max(...list.map((one) => one.otherCpuSeconds / one.seconds)),
    bytes: median(list.map((one) => one.bytes)),
    leastShare: Math.min(...list.map((one) => one.leastBytes / ((one.seconds * SRT_BITS_PER_SECOND) / 8))),
    missing: list.reduce((sum, one) => sum + one.missing, 0),
    lost: list.reduce((sum, one) => sum + one.lost, 0),
    stalls: list.reduce((sum, one) => sum + one.stalls, 0),
    longestGapMs: Math.max(...list.map((one) => one.longestGapMs)),
    badSyncs: list.reduce((sum, one) => sum + one.badSyncs, 0),
    closed: list.reduce((sum, one) => sum + one.closed, 0),
  }));
}
