import { spreadText } from "../srt/text.ts";
import type { Finding } from "../suite/goals.ts";
import { pick, type Suite } from "../suite/suite.ts";
import { decimal, formatTable } from "../table.ts";
import { type LatencyRow, runLatency } from "./latency.ts";

export const latencySuite: Suite = {
  name: "latency",
  title: "Time through the server",
  run: async (options) => {
    const readers = pick(options.readers, options, { quick: [200], thorough: [0, 200, 500] });
    const seconds = pick(options.seconds, options, { quick: 4, thorough: 10 });
    const repeats = pick(options.repeats, options, { quick: 1, thorough: 3 });
    const rows = await runLatency({ ...options, readers, seconds, repeats });
    return { text: latencyText(rows), data: rows, findings: rows.flatMap(findingsOf) };
  },
};

function findingsOf({ way, readers, p50, p99 }: LatencyRow): Finding[] {
  const where = `${way}, ${readers} readers`;
  return [
    { goal: "latency-p50", where, measured: p50, unit: "ms" },
    { goal: "latency-p99", where, measured: p99, unit: "ms" },
  ];
}

export function latencyText(rows: readonly LatencyRow[]): string {
  const heads = ["way", "readers beside", "p50 ms", "p99 ms", "most ms", "core %", "other %"];
  const cells = rows.map((row) => [
    row.way,
    String(row.readers),
    spreadText(row.p50, 2),
    spreadText(row.p99, 2),
    decimal(row.mostMs, 1),
    decimal(row.load * 100, 1),
    decimal(row.otherLoad * 100, 1),
  ]);
  return formatTable(heads, cells);
}
