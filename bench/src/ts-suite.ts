import type { Finding } from "./suite/goals.ts";
import { repeatsOf, type Suite } from "./suite/suite.ts";
import { decimal, formatTable } from "./table.ts";
import { runTs, type TsRow } from "./ts.ts";

export const tsSuite: Suite = {
  name: "ts",
  title: "Reading transport streams",
  run: async (options) => {
    const seconds = options.seconds ?? (options.quick ? 0.5 : 1);
    const rows = runTs({ ...options, repeats: repeatsOf(options), seconds });
    return { text: tsText(rows), data: rows, findings: [slowest(rows, "analyse"), slowest(rows, "demux")] };
  },
};

/** The goal is for every capture: the slowest counts, the others are its spread. */
function slowest(rows: readonly TsRow[], reader: "analyse" | "demux"): Finding {
  const rates = rows.map((row) => row[reader]);
  const least = Math.min(...rates);
  const { capture } = rows[rates.indexOf(least)] ?? { capture: "" };
  const measured = { median: least, least, most: Math.max(...rates) };
  return { goal: reader, where: `slowest: ${capture}`, measured, unit: "Gbit/s" };
}

function tsText(rows: readonly TsRow[]): string {
  const heads = ["capture", "MB", "scan Gbit/s", "analyse Gbit/s", "demux Gbit/s", "units"];
  const cells = rows.map((row) => [
    row.capture,
    decimal(row.bytes / 1e6, 1),
    decimal(row.scan, 2),
    decimal(row.analyse, 2),
    decimal(row.demux, 2),
    String(row.units),
  ]);
  return formatTable(heads, cells);
}
