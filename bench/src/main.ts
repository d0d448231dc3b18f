import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { BenchError } from "./errors.ts";
import { type ContestantName, contestants } from "./fanout/contestants.ts";
import { type FanoutRow, runFanout } from "./fanout/fanout.ts";
import { type IdleRow, runIdle } from "./idle.ts";
import { decimal, formatTable } from "./table.ts";
import { runTs, type TsRow } from "./ts.ts";

const USAGE = `usage: npm run bench -- fanout [--readers 50,200,500] [--servers millrace,c-loop,nginx] [--repeats 3] [--seconds 10]
       npm run bench -- ts [--repeats 3] [--seconds 1]
       npm run bench -- idle [--streams 100] [--seconds 60]
       --json prints the figures as JSON`;

const { values, positionals } = readArguments();

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        readers: { type: "string", default: "50,200,500" },
        servers: { type: "string", default: "millrace,c-loop,nginx" },
        repeats: { type: "string", default: "3" },
        seconds: { type: "string" },
        streams: { type: "string", default: "100" },
      },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new BenchError("bench.usage", `"${text}" is no number above 0\n${USAGE}`);
  return number;
}

function serversOf(text: string): ContestantName[] {
  return text.split(",").map((word) => {
    const name = word.trim().replace("-", " ");
    if (!Object.hasOwn(contestants, name))
      throw new BenchError("bench.usage", `no server "${word}"\n${USAGE}`);
    return name as ContestantName;
  });
}

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

function show<Row>(result: Row, text: (result: Row) => string): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  console.log(values.json ? JSON.stringify(result, undefined, 2) : text(result));
}

function fanoutText(rows: readonly FanoutRow[]): string {
  const heads = [
    "server",
    "readers",
    "CPU-s/GB",
    "× C loop",
    "core %",
    "GB",
    "least %",
    "stalls",
    "max gap ms",
    "bad",
  ];
  const cells = rows.map((row) => [
    row.server,
    String(row.readers),
    decimal(row.cpuPerGb, 3),
    decimal(row.ratio, 2),
    decimal(row.load * 100, 1),
    decimal(row.bytes / 1e9, 2),
    decimal(row.leastShare * 100, 1),
    String(row.stalls),
    decimal(row.longestGapMs, 0),
    String(row.badSyncs + row.closed),
  ]);
  return formatTable(heads, cells);
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

async function main(): Promise<void> {
  const repeats = positive(values.repeats);
  const seconds = (byDefault: number) => positive(values.seconds ?? String(byDefault));
  if (availableParallelism() < 2)
    console.error("one core only: server and load share it, figures say little");
  if (positionals[0] === "fanout") {
    const readers = values.readers.split(",").map(positive);
    const servers = serversOf(values.servers);
    show(await runFanout({ readers, servers, repeats, seconds: seconds(10), progress }), fanoutText);
  } else if (positionals[0] === "ts") show(runTs({ repeats, seconds: seconds(1), progress }), tsText);
  else if (positionals[0] === "idle") {
    const streams = positive(values.streams);
    show(await runIdle({ streams, bitsPerSecond: 4_000_000, seconds: seconds(60), progress }), idleText);
  } else throw new BenchError("bench.usage", USAGE);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof BenchError ? error.message : error);
  process.exitCode = error instanceof BenchError && error.code === "bench.usage" ? 2 : 1;
}
