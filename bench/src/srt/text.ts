import { decimal, formatTable } from "../table.ts";
import type { PublishResult } from "./publish.ts";
import type { Spread, SrtRow } from "./srt.ts";

/** The middle one, and between which they lie. */
export function spreadText({ median, least, most }: Spread, digits: number): string {
  if (!Number.isFinite(median)) return "-";
  return `${decimal(median, digits)} (${decimal(least, digits)}…${decimal(most, digits)})`;
}

export function srtText(rows: readonly SrtRow[]): string {
  const heads = [
    "server",
    "receivers",
    "measured",
    "CPU-s/GB",
    "millrace ×",
    "core %",
    "peers %",
    "other %",
    "GB",
  ];
  heads.push("least %", "missing", "lost", "stalls", "max gap ms", "bad");
  const cells = rows.map((row) => [
    row.server,
    String(row.receivers),
    String(row.measured),
    spreadText(row.cpuPerGb, 2),
    row.server === "millrace" ? "-" : spreadText(row.millraceRatio, 2),
    decimal(row.load * 100, 1),
    decimal(row.peerLoad * 100, 1),
    decimal(row.otherLoad * 100, 1),
    decimal(row.bytes / 1e9, 3),
    decimal(row.leastShare * 100, 1),
    String(row.missing),
    String(row.lost),
    String(row.stalls),
    decimal(row.longestGapMs, 0),
    String(row.badSyncs + row.closed),
  ]);
  return formatTable(heads, cells);
}

export function publishText({ most, isExact, rows }: PublishResult): string {
  const heads = ["publishers", "verdict", "core %", "peers %", "other %", "CPU-s/GB"];
  heads.push("reported lost", "socket drops", "max ACK gap ms", "sent late ms", "woken late ms");
  const cells = rows.map((row) => [
    String(row.publishers),
    row.verdict,
    decimal(row.load * 100, 1),
    decimal(row.peerLoad * 100, 1),
    decimal(row.otherLoad * 100, 1),
    decimal(row.cpuPerGb, 2),
    String(row.reportedLost),
    String(row.socketDrops),
    decimal(row.longestAckGapMs, 0),
    decimal(row.latestMs, 0),
    decimal(row.oversleptMs, 0),
  ]);
  const doubt = isExact ? "" : " at least: the machine was too busy to try more";
  return `${formatTable(heads, cells)}\nmost without loss: ${most}${doubt}`;
}
