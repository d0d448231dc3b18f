import { spreadText } from "../srt/text.ts";
import { decimal, formatTable } from "../table.ts";
import type { RtmpPublishResult } from "./publish.ts";
import type { RtmpRow } from "./rtmp.ts";

export function rtmpText(rows: readonly RtmpRow[]): string {
  const heads = ["server", "over", "players", "CPU-s/GB", "× nginx-rtmp", "core %", "peers %", "other %"];
  heads.push(
    "MiB",
    "GB",
    "least %",
    "delay ms",
    "p50",
    "p99",
    "max ms",
    "missing",
    "damaged",
    "stalls",
    "max gap ms",
  );
  heads.push("closed", "failed");
  const cells = rows.map((row) => [
    row.server,
    row.transport,
    String(row.players),
    spreadText(row.cpuPerGb, 2),
    spreadText(row.nginxRatio, 2),
    decimal(row.load * 100, 1),
    decimal(row.peerLoad * 100, 1),
    decimal(row.otherLoad * 100, 1),
    decimal(row.residentBytes / 2 ** 20, 0),
    decimal(row.bytes / 1e9, 3),
    decimal(row.leastShare * 100, 1),
    decimal(row.delayMs, 1),
    decimal(row.p50Ms, 1),
    decimal(row.p99Ms, 1),
    decimal(row.longestDelayMs, 0),
    String(row.missing),
    String(row.damaged),
    String(row.stalls),
    decimal(row.longestGapMs, 0),
    String(row.closed),
    String(row.failures),
  ]);
  return formatTable(heads, cells);
}

export function rtmpPublishText(results: readonly RtmpPublishResult[]): string {
  const heads = ["server", "publishers", "verdict", "core %", "peers %", "other %", "CPU-s/GB", "MiB"];
  heads.push("waiting ms", "sent late ms", "woken late ms", "closed");
  const cells = results.flatMap(({ server, rows }) =>
    rows.map((row) => [
      server,
      String(row.publishers),
      row.verdict,
      decimal(row.load * 100, 1),
      decimal(row.peerLoad * 100, 1),
      decimal(row.otherLoad * 100, 1),
      decimal(row.cpuPerGb, 2),
      decimal(row.residentBytes / 2 ** 20, 0),
      decimal(row.waitingMs, 0),
      decimal(row.latestMs, 0),
      decimal(row.oversleptMs, 0),
      String(row.closed),
    ]),
  );
  const ends = results.map(({ server, most, isExact }) => {
    const doubt = isExact ? "" : " at least: the machine was too busy, or the limit was reached";
    return `${server}: most that it kept up with: ${most}${doubt}`;
  });
  return `${formatTable(heads, cells)}\n${ends.join("\n")}`;
}
