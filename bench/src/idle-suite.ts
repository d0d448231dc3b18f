import { type IdleRow, runIdle } from "./idle.ts";
import { pick, type Suite } from "./suite/suite.ts";
import { decimal, formatTable } from "./table.ts";

export const idleSuite: Suite = {
  name: "idle",
  title: "Memory of many streams",
  run: async (options) => {
    const streams = options.streams ?? 100;
    const seconds = pick(options.seconds, options, { quick: 25, thorough: 60 });
    const row = await runIdle({ ...options, streams, bitsPerSecond: 4_000_000, seconds });
    const mb = row.bytesPerStream / 1e6;
    const measured = { median: mb, least: mb, most: mb };
    const where = `${streams} streams of 4 Mbit/s in HLS`;
    return {
      text: idleText(row),
      data: row,
      findings: [{ goal: "stream-memory", where, measured, unit: "MB" }],
    };
  },
};

function idleText(row: IdleRow): string {
  const mb = (bytes: number) => decimal(bytes / 2 ** 20, 1);
  const { streams, bytesBefore, bytesAfter } = row;
  const cells = [
    ["without streams", mb(bytesBefore)],
    [`with ${streams} streams, ${row.playing} of them in HLS`, mb(bytesAfter)],
    ["a stream, of all", mb(row.bytesPerStream)],
    ["a stream, of the growth", mb((bytesAfter - bytesBefore) / streams)],
  ];
  return `${formatTable(["server", "resident MiB"], cells)}\nload: ${decimal(row.load * 100, 0)} % of a core`;
}
