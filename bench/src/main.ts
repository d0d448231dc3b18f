import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BenchError } from "./errors.ts";
import { peerContestant } from "./peers/contestant.ts";
import { readPeers } from "./peers/peers-file.ts";
import type { RtmpContestant } from "./rtmp/contestant.ts";
import { goalsText } from "./suite/goals-text.ts";
import { describeMachine } from "./suite/machine.ts";
import type { BenchRecord, SuiteRecord } from "./suite/record.ts";
import { renderPerformance } from "./suite/report.ts";
import { runSuites } from "./suite/run.ts";
import type { Suite, SuiteOptions } from "./suite/suite.ts";
import { suites } from "./suite/suites.ts";
import { decimal } from "./table.ts";

const USAGE = `usage: npm run bench [-- SUITE …] [--quick] [--json FILE] [--peers FILE] and, for a suite:
         [--readers 50,200] [--servers millrace,nginx] [--transports rtmp,http-flv,http-ts,hls]
         [--repeats 3] [--seconds 10] [--streams 100] [--packets 5000000]
       npm run bench -- report FILE.json [--out docs/reference/performance.md]
suites: ${suites.map((suite) => suite.name).join(", ")}; all of them without a name`;

const PAGE = join(import.meta.dirname, "../../docs/reference/performance.md");

const { values, positionals } = readArguments();

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        peers: { type: "string" },
        out: { type: "string" },
        readers: { type: "string" },
        servers: { type: "string" },
        transports: { type: "string" },
        repeats: { type: "string" },
        seconds: { type: "string" },
        streams: { type: "string" },
        packets: { type: "string" },
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

function notNegative(text: string): number {
  return text.trim() === "0" ? 0 : positive(text);
}

const optional = <Value>(text: string | undefined, read: (text: string) => Value): Value | undefined =>
  text === undefined ? undefined : read(text);

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

function readOptions(): Omit<SuiteOptions, "onSample"> {
  const words = (text: string) => text.split(",");
  const peers: [string, RtmpContestant][] =
    optional(values.peers, readPeers)?.map((peer) => [peer.name, peerContestant(peer)]) ?? [];
  return {
    quick: values.quick,
    readers: optional(values.readers, (text) => words(text).map(notNegative)),
    servers: optional(values.servers, words),
    transports: optional(values.transports, words),
    repeats: optional(values.repeats, positive),
    seconds: optional(values.seconds, positive),
    streams: optional(values.streams, positive),
    packets: optional(values.packets, positive),
    peers: new Map(peers),
    progress,
  };
}

function chosenSuites(names: readonly string[]): readonly Suite[] {
  if (names.length === 0) return suites;
  return names.map((name) => {
    const found = suites.find((suite) => suite.name === name);
    if (found === undefined) throw new BenchError("bench.usage", `no suite "${name}"\n${USAGE}`);
    return found;
  });
}

function show({ name, title, seconds, otherLoad, text, missing, error }: SuiteRecord): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const others = `other processes took ${decimal(otherLoad * 100, 0)} % of a core`;
  console.log(`── ${name}: ${title} (${decimal(seconds, 0)} s, ${others})`);
  if (text !== "") console.log(text);
  for (const reason of missing) console.log(`not measured: ${reason}`);
  if (error !== undefined) console.log(`FAILED: ${error}`);
  console.log("");
}

async function measure(): Promise<void> {
  const chosen = chosenSuites(positionals);
  const options = readOptions();
  if (availableParallelism() < 2)
    console.error("one core only: server and load share it, figures say little");
  const machine = describeMachine();
  const date = new Date().toISOString();
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  const { records, goals } = await runSuites(chosen, options, (record, soFar, soGoals) => {
    show(record);
    const written: BenchRecord = {
      format: 1,
      machine,
      date,
      options: { ...given, suites: chosen.map((suite) => suite.name) },
      suites: soFar,
      goals: soGoals,
    };
    // Whole after each suite, so that a run that is broken off leaves what it measured.
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(written, undefined, 1)}\n`);
  });
  // One suite alone says nothing about the goals of the others.
  const all = chosen.length === suites.length;
  const rows = goals.filter((row) => all || row.measured !== undefined);
  if (rows.length > 0) console.log(goalsText(rows));
  if (records.every((record) => record.error !== undefined)) process.exitCode = 1;
}

function report(): void {
  const [, file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new BenchError("bench.usage", USAGE);
  const record = JSON.parse(readFileSync(file, "utf8")) as BenchRecord;
  if (record.format !== 1) throw new BenchError("bench.usage", `${file} is not of this bench`);
  const page = values.out ?? PAGE;
  writeFileSync(page, renderPerformance(record));
  console.log(`wrote ${page}`);
}

try {
  if (positionals[0] === "report") report();
  else await measure();
} catch (error) {
  console.error(error instanceof BenchError ? error.message : error);
  process.exitCode = error instanceof BenchError && error.code === "bench.usage" ? 2 : 1;
}
