import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROFILE_VARIABLE } from "../millrace.ts";
import { runSuites } from "../suite/run.ts";
import { suites } from "../suite/suites.ts";
import { decimal, formatTable } from "../table.ts";
import { addProfile, type CpuProfile, type Frame, heaviest, newFrame } from "./cpu-profile.ts";
import { flameSvg } from "./flame.ts";

/**
 * Runs Millrace's side of a suite with V8's profiler in each thread, and writes a flame graph and a list of what took most time:
 *   profile-main.ts SUITE [--out FOLDER] [--readers 200] [--seconds 10] [--streams 100]
 */

const ROOT = join(import.meta.dirname, "../../..");
const SKIP_US = 3e6;
const HEAVIEST = 30;
/** Suites that start a server, and which of their servers is Millrace. */
const PROFILED = suites.filter((suite) => !["udp", "ts"].includes(suite.name));
const WITH_SERVERS = new Set(["fanout", "srt", "rtmp", "rtmp-publish", "hls"]);
const USAGE = `usage: npm run profile -- SUITE [--out dist/profile] [--readers 200] [--seconds 10] [--streams 100]
suites: ${PROFILED.map((suite) => suite.name).join(", ")}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: join(ROOT, "dist/profile") },
    readers: { type: "string" },
    seconds: { type: "string", default: "10" },
    streams: { type: "string" },
    transports: { type: "string" },
  },
});

const suite = PROFILED.find((one) => one.name === positionals[0]);
if (suite === undefined || positionals.length !== 1) {
  console.error(USAGE);
  process.exit(2);
}

const folder = join(values.out, `${suite.name}-threads`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
process.env[PROFILE_VARIABLE] = folder;
const { records } = await runSuites(
  [suite],
  {
    quick: true,
    readers: values.readers?.split(",").map(Number),
    servers: WITH_SERVERS.has(suite.name) ? ["millrace"] : undefined,
    transports: values.transports?.split(","),
    repeats: 1,
    seconds: Number(values.seconds),
    streams: values.streams === undefined ? undefined : Number(values.streams),
    packets: undefined,
    peers: new Map(),
    progress: () => {},
  },
  (record) => console.log(record.error ?? record.text),
);
if (records.some((record) => record.error !== undefined)) process.exit(1);

const top = readThreads(folder);
const svg = join(values.out, `${suite.name}.svg`);
const list = join(values.out, `${suite.name}.txt`);
const seconds = `${decimal(top.totalUs / 1e6, 1)} s of work`;
writeFileSync(svg, flameSvg(top, `${suite.title}: ${seconds}, all threads of the server`));
const text = listText(top);
writeFileSync(list, `${text}\n`);
console.log(`\n${text}\n\nwrote ${svg} and ${list}; the threads' own profiles are in ${folder}`);

/** One frame for each thread by its number in the file's name, main ones first; servers that ran in turn are one. */
function readThreads(from: string): Frame {
  const all = newFrame("all threads");
  for (const name of readdirSync(from).sort()) {
    const thread = /^CPU\.\d+\.\d+\.\d+\.(\d+)\.\d+\.cpuprofile$/.exec(name)?.[1];
    if (thread === undefined) continue;
    const title = thread === "0" ? "main thread" : `worker ${thread}`;
    let frame = all.children.get(title);
    if (frame === undefined) all.children.set(title, (frame = newFrame(title)));
    const before = frame.totalUs;
    const profile = JSON.parse(readFileSync(join(from, name), "utf8")) as CpuProfile;
    addProfile(frame, profile, { root: ROOT, skipUs: SKIP_US });
    all.totalUs += frame.totalUs - before;
  }
  return all;
}

function listText(frames: Frame): string {
  const rows = heaviest(frames, HEAVIEST).map((one) => [
    one.name,
    decimal(one.share * 100, 1),
    decimal(one.selfUs / 1000, 0),
    one.place,
  ]);
  return formatTable(["function", "self %", "self ms", "where"], rows);
}
