import { spreadText } from "../srt/text.ts";
import { decimal, formatTable } from "../table.ts";
import type { HlsRow } from "./hls.ts";
import type { PartLatency } from "./latency.ts";

export function hlsText(rows: readonly HlsRow[]): string {
  const heads = ["server", "streams", "players", "CPU-s/GB", "× nginx"];
  heads.push("serving × nginx", "µs/request", "core %", "idle core %", "playlists/s", "parts/s");
  heads.push("late", "missed", "bad", "max gap ms");
  const cells = rows.map((row) => [
    row.server,
    String(row.streams),
    String(row.players),
    spreadText(row.cpuPerGb, 3),
    row.server === "nginx" ? "-" : spreadText(row.ratio, 2),
    row.server === "nginx" ? "-" : spreadText(row.servingRatio, 2),
    decimal(row.usPerRequest, 1),
    decimal(row.load * 100, 1),
    decimal(row.idleLoad * 100, 1),
    decimal(row.playlistsPerSecond, 0),
    decimal(row.partsPerSecond, 0),
    String(row.late),
    String(row.missed),
    String(row.bad),
    decimal(row.longestGapMs, 0),
  ]);
  return formatTable(heads, cells);
}

export function partLatencyText({ parts, p50Ms, p99Ms, mostMs }: PartLatency): string {
  const figures = [p50Ms, p99Ms, mostMs].map((ms) => decimal(ms, 1));
  return formatTable(
    ["a part after its last frame", "p50 ms", "p99 ms", "most ms"],
    [[`${parts} parts`, ...figures]],
  );
}
