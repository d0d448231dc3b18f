import { hasProgram } from "../program.ts";
import type { Finding } from "../suite/goals.ts";
import { pick, present, repeatsOf, type Suite, serversOf } from "../suite/suite.ts";
import { decimal, formatTable } from "../table.ts";
import { type ContestantName, contestants } from "./contestants.ts";
import { type FanoutRow, runFanout } from "./fanout.ts";

const NAMES = Object.keys(contestants) as ContestantName[];

export const fanoutSuite: Suite = {
  name: "fanout",
  title: "HTTP-TS to many readers",
  run: async (options) => {
    const readers = pick(options.readers, options, { quick: [200], thorough: [50, 200, 500] });
    const asked = options.servers?.map((name) => name.replaceAll("c-loop", "c loop"));
    const missing = (name: string) =>
      name === "nginx" && !hasProgram("nginx") ? "nginx is not installed" : undefined;
    const { here, reasons } = present(serversOf(NAMES, asked), missing, asked);
    const seconds = pick(options.seconds, options, { quick: 5, thorough: 10 });
    const rows = await runFanout({
      ...options,
      readers,
      servers: here,
      repeats: repeatsOf(options),
      seconds,
    });
    const data = { text: fanoutText(rows), data: rows, findings: rows.flatMap(findingsOf) };
    return { ...data, missing: reasons };
  },
};

function findingsOf(row: FanoutRow): Finding[] {
  if (row.readers === 0 || row.server === "c loop") return [];
  const where = `${row.readers} readers`;
  const measured = row.cpuSpread;
  const cost = { goal: "http-ts-loop", measured, unit: "CPU-s/GB", ratio: row.ratioSpread };
  if (row.server === "nginx") return [{ ...cost, where: `${where}, nginx`, beside: true }];
  const viewer = { goal: "viewer-memory", where, measured: row.viewerKb, unit: "kB" };
  return [{ ...cost, where }, viewer];
}

function fanoutText(rows: readonly FanoutRow[]): string {
  const heads = ["server", "readers", "CPU-s/GB", "× C loop", "core %", "MiB", "GB"];
  heads.push("least %", "stalls", "max gap ms", "bad");
  const cells = rows.map((row) => [
    row.server,
    String(row.readers),
    decimal(row.cpuPerGb, 3),
    decimal(row.ratio, 2),
    decimal(row.load * 100, 1),
    decimal(row.residentBytes / 2 ** 20, 0),
    decimal(row.bytes / 1e9, 2),
    decimal(row.leastShare * 100, 1),
    String(row.stalls),
    decimal(row.longestGapMs, 0),
    String(row.badSyncs + row.closed),
  ]);
  return formatTable(heads, cells);
}
