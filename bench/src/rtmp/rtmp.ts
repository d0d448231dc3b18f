import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { BenchError } from "../errors.ts";
import { median } from "../measure.ts";
import { LOAD_CORE, start } from "../program.ts";
import { type Spread, spreadOf } from "../srt/srt.ts";
import { APP, type RtmpContestant, type RtmpServer, type Transport } from "./contestant.ts";
import { measurePlayers, type PlaySample } from "./play.ts";

export interface RtmpBenchOptions {
  readonly players: readonly number[];
  /** By name. The ratios are to one called `nginx-rtmp`. */
  readonly servers: ReadonlyMap<string, RtmpContestant>;
  readonly transports: readonly Transport[];
  readonly repeats: number;
  readonly seconds: number;
  /** Told what is being measured. */
  readonly progress?: (text: string) => void;
  /** Told each measurement. */
  readonly onSample?: (sample: object) => void;
}

export interface RtmpRow {
  readonly server: string;
  readonly transport: Transport;
  readonly players: number;
  /** The server's CPU seconds for a gigabyte (10⁹ bytes) delivered. */
  readonly cpuPerGb: Spread;
  /** By that of nginx-rtmp's RTMP with as many players, each within one repeat; NaN where there is nothing to compare. */
  readonly nginxRatio: Spread;
  /** Shares of one core: of the server, and of what loads it. */
  readonly load: number;
  readonly peerLoad: number;
  /** Of everything else on the machine, in one core's worth: the greatest of all repeats. */
  readonly otherLoad: number;
  /** Resident memory of the server. */
  readonly residentBytes: number;
  /** Bytes delivered in one measurement. */
  readonly bytes: number;
  /** Bytes that the worst-served player got, of what its share at the stream's bit rate is. */
  readonly leastShare: number;
  /** Means over all messages, and the longest of all repeats. */
  readonly delayMs: number;
  /** Medians of the repeats' own. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestDelayMs: number;
  /** Of all repeats together. */
  readonly missing: number;
  /** Messages that went back or had the wrong length. */
  readonly damaged: number;
  readonly stalls: number;
  readonly longestGapMs: number;
  readonly closed: number;
  /** Repeats in which not all players could be served at all. */
  readonly failures: number;
}

export const RTMP_BITS_PER_SECOND = 4_000_000;
const STREAM = "bench";

/** What was measured of one server and transport, in order of the repeats; undefined where the players were not all served. */
export interface Samples {
  readonly server: string;
  readonly transport: Transport;
  readonly list: (PlaySample | undefined)[];
}

/** One published stream to some players over each transport, for each server in turn. */
export async function runRtmp(options: RtmpBenchOptions): Promise<RtmpRow[]> {
  for (const contestant of options.servers.values()) {
    const missing = contestant.missing();
    if (missing !== undefined) throw new BenchError("bench.tool", missing);
  }
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    // nginx started by root writes as nobody.
    chmodSync(folder, 0o777);
    const rows: RtmpRow[] = [];
    for (const players of options.players) rows.push(...(await measureAll(options, { folder, players })));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Field {
  readonly folder: string;
  readonly players: number;
}

async function measureAll(options: RtmpBenchOptions, field: Field): Promise<RtmpRow[]> {
  const samples: Samples[] = [];
  // The servers take turns within a repeat, so that a slow minute of the machine hits all of them.
  for (let repeat = 1; repeat <= options.repeats; repeat += 1)
    for (const [server, contestant] of options.servers) {
      options.progress?.(`${field.players} players, ${server}, ${repeat} of ${options.repeats}`);
      for (const [transport, sample] of await measureServer(contestant, { ...options, ...field })) {
        options.onSample?.({ server, transport, players: field.players, repeat, ...sample });
        let of = samples.find((one) => one.server === server && one.transport === transport);
        if (of === undefined) samples.push((of = { server, transport, list: [] }));
        of.list.push(sample);
      }
    }
  return summarizeRtmp(field.players, samples);
}

type Measured = [Transport, PlaySample | undefined][];
type ServerField = Field & { transports: readonly Transport[]; seconds: number };

async function measureServer(contestant: RtmpContestant, field: ServerField): Promise<Measured> {
  const transports = field.transports.filter((one) => contestant.transports.includes(one));
  const measured: Measured = [];
  for (const hls of [false, true]) {
    const group = transports.filter((one) => (one === "hls") === hls);
    if (group.length === 0) continue;
    await using running = await contestant.start({ folder: field.folder, streams: [STREAM], hls });
    measured.push(...(await measureTransports(running, { ...field, transports: group })));
  }
  return measured;
}

async function measureTransports(server: RtmpServer, field: ServerField): Promise<Measured> {
  const { folder, players, seconds } = field;
  const words = ["127.0.0.1", server.rtmpPort, APP, STREAM, RTMP_BITS_PER_SECOND, 1].map(String);
  await using feeder = start(LOAD_CORE, compile("rtmp-feeder", folder), words);
  await feeder.line((line) => line.includes('"second"'));
  const measured: Measured = [];
  for (const transport of field.transports) {
    const common = { stream: STREAM, bitsPerSecond: RTMP_BITS_PER_SECOND, feederPid: feeder.pid };
    const sample = await measurePlayers(server, { ...common, transport, folder, players, seconds }).catch(
      (error) => {
        if (!(error instanceof BenchError)) throw error;
        return undefined;
      },
    );
    measured.push([transport, sample]);
  }
  return measured;
}

const perGb = (one: PlaySample) => one.cpuSeconds / (one.bytes / 1e9);

/** One row for each server and transport, from its samples. */
export function summarizeRtmp(players: number, samples: readonly Samples[]): RtmpRow[] {
  const base = samples.find((one) => one.server === "nginx-rtmp" && one.transport === "rtmp")?.list ?? [];
  return samples.map(({ server, transport, list }) => {
    const ratios = list.flatMap((one, repeat) => {
      const nginx = base[repeat];
      return one === undefined || nginx === undefined ? [] : [perGb(one) / perGb(nginx)];
    });
    const good = list.filter((one) => one !== undefined);
    const sum = (of: (one: PlaySample) => number) => good.reduce((total, one) => total + of(one), 0);
    const most = (of: (one: PlaySample) => number) =>
      good.length === 0 ? Number.NaN : Math.max(...good.map(of));
    return {
      server,
      transport,
      players,
      cpuPerGb: spreadOf(good.map(perGb)),
      nginxRatio: spreadOf(ratios),
      load: median(good.map((one) => one.cpuSeconds / one.seconds)),
      peerLoad: median(good.map((one) => one.loadCpuSeconds / one.seconds)),
      otherLoad: most((one) => one.otherCpuSeconds / one.seconds),
      residentBytes: median(good.map((one) => one.residentBytes)),
      bytes: median(good.map((one) => one.bytes)),
      leastShare: -most((one) => -one.leastBytes / ((one.seconds * RTMP_BITS_PER_SECOND) / 8)),
      delayMs: median(good.map((one) => one.delayMs)),
      p50Ms: median(good.map((one) => one.p50Ms)),
      p99Ms: median(good.map((one) => one.p99Ms)),
      longestDelayMs: most((one) => one.longestDelayMs),
      missing: sum((one) => one.missing),
      damaged: sum((one) => one.disordered + one.badLengths),
      stalls: sum((one) => one.stalls),
      longestGapMs: most((one) => one.longestGapMs),
      closed: sum((one) => one.closed),
      failures: list.length - good.length,
    };
  });
}
