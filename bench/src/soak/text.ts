import { decimal, formatTable } from "../table.ts";
import type { GroupReport, MixedSample } from "./judge.ts";

const WIDTHS = [6, 9, 9, 10, 12, 12, 8, 9, 10, 10, 8, 8] as const;
const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 0)).join("");

export const MIXED_HEAD: string = line([
  "minute",
  "RSS MB",
  "heap MB",
  "arena MB",
  "loop p99 ms",
  "asked p99",
  "core %",
  "other %",
  "waited %",
  "sessions",
  "came",
  "failed",
]);

/** The middle look of a minute, and the worst delays of all. */
export function minuteLine(
  minute: number,
  samples: readonly MixedSample[],
  churn: { readonly comings: number; readonly failures: number },
): string {
  const middle = (of: (sample: MixedSample) => number): number =>
    samples.map(of).sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
  const most = (of: (sample: MixedSample) => number): number => Math.max(...samples.map(of));
  return line([
    String(minute),
    decimal(
      middle((one) => one.rssMb),
      0,
    ),
    decimal(
      middle((one) => one.heapMb),
      0,
    ),
    decimal(
      middle((one) => one.arenaMb),
      0,
    ),
    decimal(
      most((one) => one.loopP99Ms),
      0,
    ),
    decimal(
      most((one) => one.requestP99Ms),
      0,
    ),
    decimal(middle((one) => one.load) * 100, 0),
    decimal(middle((one) => one.otherLoad) * 100, 0),
    decimal(middle((one) => one.waitShare) * 100, 0),
    decimal(
      middle((one) => one.sessions),
      0,
    ),
    String(churn.comings),
    String(churn.failures),
  ]);
}

export function groupsText(groups: readonly GroupReport[]): string {
  const heads = [
    "viewers who stayed",
    "readers",
    "GB",
    "stalls",
    "max gap ms",
    "closed",
    "missing or damaged",
  ];
  const rows = groups.map((group) => [
    group.name,
    String(group.readers),
    decimal(group.bytes / 1e9, 2),
    String(group.stalls),
    decimal(group.longestGapMs, 0),
    String(group.closed),
    String(group.bad),
  ]);
  return formatTable(heads, rows);
}
