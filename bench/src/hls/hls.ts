import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { median } from "../measure.ts";
import { type Spread, spreadOf } from "../srt/srt.ts";
import { measurePlayers, type PlayersSample } from "./players.ts";
import { type HlsServerName, hlsServers, PART_MS } from "./targets.ts";

export interface HlsBenchOptions {
  /** Each number of players is measured on its own. */
  readonly players: readonly number[];
  readonly streams: number;
  readonly servers: readonly HlsServerName[];
  readonly bitsPerSecond: number;
  readonly repeats: number;
  readonly seconds: number;
  /** Told what is being measured. */
  readonly progress?: (text: string) => void;
}

export interface HlsRow {
  readonly server: HlsServerName;
  readonly streams: number;
  /** Of all streams together. */
  readonly players: number;
  /** The server's CPU seconds for a gigabyte (10⁹ bytes) delivered. */
  readonly cpuPerGb: Spread;
  /** To nginx's, each within one repeat; NaN where there is nothing to compare. */
  readonly ratio: Spread;
  /** The same without what taking in and packaging the streams takes, which nginx, with its files, does not do. */
  readonly servingRatio: Spread;
  /** CPU time for a playlist or a part, without that; microseconds. */
  readonly usPerRequest: number;
  /** Share of one core. */
  readonly load: number;
  /** Of it without players. */
  readonly idleLoad: number;
  /** Playlists and parts a second. */
  readonly playlistsPerSecond: number;
  readonly partsPerSecond: number;
  /** Of all repeats together. */
  readonly late: number;
  readonly missed: number;
  readonly bad: number;
  readonly longestGapMs: number;
}

/** Low-latency HLS to many players, beside nginx with files of the same sizes. */
export async function runHls(options: HlsBenchOptions): Promise<HlsRow[]> {
  // In memory, so that no disk has a part in it.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "millrace-bench-"));
  try {
    // nginx started by root reads as nobody.
    chmodSync(folder, 0o755);
    const program = compile("hls-players", folder);
    const rows: HlsRow[] = [];
    for (const players of options.players)
      rows.push(...(await measureOne(options, { folder, program, players })));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOne(
  options: HlsBenchOptions,
  field: { folder: string; program: string; players: number },
): Promise<HlsRow[]> {
  const { servers, repeats, seconds, streams, bitsPerSecond } = options;
  const { folder, program, players } = field;
  const samples = new Map<HlsServerName, PlayersSample[]>(servers.map((server) => [server, []]));
  // The servers take turns within a repeat, so that a slow minute of the machine hits all of them.
  for (let repeat = 1; repeat <= repeats; repeat += 1)
    for (const [server, list] of samples) {
      options.progress?.(`${players} players, ${server}, ${repeat} of ${repeats}`);
      await using target = await hlsServers[server]({ folder, bitsPerSecond, streams });
      const playersPerStream = Math.max(1, Math.round(players / streams));
      list.push(
        await measurePlayers(target, { program, streams, playersPerStream, periodMs: PART_MS, seconds }),
      );
    }
  return summarizeHls({ streams, players }, samples);
}

/** One row for each server, from its samples. */
export function summarizeHls(
  { streams, players }: { streams: number; players: number },
  samples: ReadonlyMap<HlsServerName, readonly PlayersSample[]>,
): HlsRow[] {
  const perGb = (one: PlayersSample): number => one.cpuSeconds / (one.bytes / 1e9);
  const serving = (one: PlayersSample): number => one.cpuSeconds - one.idleLoad * one.seconds;
  const nginx = samples.get("nginx")?.map(perGb) ?? [];
  const sum = (list: readonly PlayersSample[], of: (one: PlayersSample) => number): number =>
    list.reduce((total, one) => total + of(one), 0);
  return [...samples].map(([server, list]) => ({
    server,
    streams,
    players,
    cpuPerGb: spreadOf(list.map(perGb)),
    ratio: spreadOf(nginx.map((cost, repeat) => perGb(list[repeat] as PlayersSample) / cost)),
    servingRatio: spreadOf(
      nginx.map((cost, repeat) => {
        const one = list[repeat] as PlayersSample;
        return serving(one) / (one.bytes / 1e9) / cost;
      }),
    ),
    usPerRequest: median(list.map((one) => (serving(one) / (one.playlists + one.parts)) * 1e6)),
    idleLoad: median(list.map((one) => one.idleLoad)),
    load: median(list.map((one) => one.cpuSeconds / one.seconds)),
    playlistsPerSecond: median(list.map((one) => one.playlists / one.seconds)),
    partsPerSecond: median(list.map((one) => one.parts / one.seconds)),
    late: sum(list, (one) => one.late),
    missed: sum(list, (one) => one.missed),
    bad: sum(list, (one) => one.bad + one.closed),
    longestGapMs: Math.max(...list.map((one) => one.longestGapMs)),
  }));
}
