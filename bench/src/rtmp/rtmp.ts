import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { BenchError } from "../errors.ts";
import { median } from "../measure.ts";
import { LOAD_CORE, start } from "../program.ts";
import { type Spread, spreadOf } from "../srt/srt.ts";
import { APP, type RtmpServer } from "./contestant.ts";
import { measurePlayers, type PlaySample, type Transport } from "./play.ts";
import { type RtmpServerName, rtmpServers } from "./servers.ts";

export interface RtmpBenchOptions {
  readonly players: readonly number[];
  readonly servers: readonly RtmpServerName[];
  readonly repeats: number;
  readonly seconds: number;
  /** Told what is being measured. */
  readonly progress?: (text: string) => void;
}

export interface RtmpRow {
  readonly server: RtmpServerName;
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
const TRANSPORTS = ["rtmp", "http-flv"] as const;

/** What was measured of one server and transport, in order of the repeats; undefined where the players were not all served. */
export interface Samples {
  readonly server: RtmpServerName;
  readonly transport: Transport;
  readonly list: (PlaySample | undefined)[];
}

/** One published stream to some players over RTMP and HTTP-FLV, for each server in turn. */
export async function runRtmp(options: RtmpBenchOptions): Promise<RtmpRow[]> {
  for (const name of options.servers) {
    const missing = rtmpServers[name].missing();
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
    for (const server of options.servers) {
      options.progress?.(`${field.players} players, ${server}, ${repeat} of ${options.repeats}`);
      await using running = await rtmpServers[server].start({ folder: field.folder, streams: [STREAM] });
      for (const [transport, sample] of await measureServer(running, {
        ...field,
        seconds: options.seconds,
      })) {
        let of = samples.find((one) => one.server === server && one.transport === transport);
        if (of === undefined) samples.push((of = { server, transport, list: [] }));
        of.list.push(sample);
      }
    }
  return summarizeRtmp(field.players, samples);
}

async function measureServer(
  server: RtmpServer,
  field: Field & { seconds: number },
): Promise<[Transport, PlaySample | undefined][]> {
  const { folder, players, seconds } = field;
  const words = ["127.0.0.1", server.rtmpPort, APP, STREAM, RTMP_BITS_PER_SECOND, 1].map(String);
  await using feeder = start(LOAD_CORE, compile("rtmp-feeder", folder), words);
  await feeder.line((line) => line.includes('"second"'));
  const measured: [Transport, PlaySample | undefined][] = [];
  for (const transport of TRANSPORTS) {
    if (transport === "http-flv" && server.httpPort === undefined) continue;
    const program = compile(transport === "rtmp" ? "rtmp-sink" : "flv-sink", folder);
    const common = { stream: STREAM, bitsPerSecond: RTMP_BITS_PER_SECOND, feederPid: feeder.pid };
    const sample = await measurePlayers(server, { ...common, transport, program, players, seconds }).catch(
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
