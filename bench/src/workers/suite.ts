import { spreadText } from "../srt/text.ts";
import { pick, repeatsOf, type Suite } from "../suite/suite.ts";
import { decimal, formatTable } from "../table.ts";
import { runWorkers, type WorkersRow } from "./workers.ts";

const READERS = 10;

export const workersSuite: Suite = {
  name: "workers",
  title: "One worker and two",
  run: async (options) => {
    const streams = options.streams ?? 100;
    const readers = options.readers?.[0] ?? READERS;
    const seconds = pick(options.seconds, options, { quick: 6, thorough: 15 });
    const rows = await runWorkers({ ...options, streams, readers, repeats: repeatsOf(options), seconds });
    const where = `${streams} streams, ${readers} readers each`;
    const two = rows.find((row) => row.workers === 2);
    const cost = two === undefined ? [] : [{ measured: two.capacity, ratio: two.ratio }];
    const findings = cost.map((it) => ({ goal: "workers", where, unit: "GB/s", ...it }));
    return { text: workersText(rows), data: rows, findings };
  },
};

export function workersText(rows: readonly WorkersRow[]): string {
  const heads = ["workers", "sessions", "CPU-s/GB", "threads' core %", "GB/s a full thread", "× one worker"];
  heads.push("cores", "other cores", "stalls", "bad");
  const cells = rows.map((row) => [
    String(row.workers),
    row.sessions.join(" + "),
    spreadText(row.cpuPerGb, 2),
    row.busy.map((share) => decimal(share * 100, 1)).join(" + "),
    spreadText(row.capacity, 2),
    spreadText(row.ratio, 2),
    decimal(row.load, 2),
    decimal(row.otherLoad, 2),
    String(row.stalls),
    String(row.bad),
  ]);
  return formatTable(heads, cells);
}
