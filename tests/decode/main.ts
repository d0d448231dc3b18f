import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { repoRoot } from "../e2e/kit/paths.ts";
import type { Program, Result } from "./cell.ts";
import { SOURCES, type Source } from "./codings.ts";
import { FFMPEG, FFMPEG_8 } from "./ffmpeg.ts";
import { FORMATS, type Format } from "./formats.ts";
import { GSTREAMER } from "./gstreamer.ts";
import { Station, untilFull, whyMissing } from "./publish.ts";
import { failuresOf, reportOf } from "./report.ts";
import { type Cell, runCell, whyNot } from "./run-cell.ts";

const PROGRAMS: readonly Program[] = [FFMPEG, FFMPEG_8, GSTREAMER];
const USAGE = `usage: npm run decode -- [--seconds 60] [--only h264+aac,av1+opus,…] [--formats hls-ts,dash,…]
                         [--programs ffmpeg,ffmpeg8,gstreamer] [--at-once 1] [--readers 24] [--out FILE]
sources: ${SOURCES.map(({ name }) => name).join(" ")}
formats: ${FORMATS.map(({ name }) => name).join(" ")}`;
/** A publisher goes on for so long beyond what is read: readers do not start at once. */
const MARGIN_S = 130;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    only: { type: "string" },
    formats: { type: "string" },
    programs: { type: "string" },
    "at-once": { type: "string", default: "1" },
    readers: { type: "string", default: "24" },
    out: { type: "string", default: join(repoRoot, "dist/decode.md") },
  },
});

function choose<T extends { readonly name: string }>(
  all: readonly T[],
  wanted: string | undefined,
): readonly T[] {
  const words = wanted?.split(",") ?? all.map(({ name }) => name);
  const unknown = words.find((word) => !all.some(({ name }) => name === word));
  if (unknown !== undefined) {
    console.error(`"${unknown}" is not known\n${USAGE}`);
    process.exit(2);
  }
  return all.filter(({ name }) => words.includes(name));
}

const seconds = Number(values.seconds);
const formats = choose<Format>(FORMATS, values.formats);
const sources = choose(SOURCES, values.only);
const versions = new Map<Program, string>();
const problems: string[] = [];
for (const program of choose(PROGRAMS, values.programs)) {
  const version = await program.version();
  if (version === undefined) console.error(`program missing: ${program.name}; it is left out`);
  else versions.set(program, version);
}
const programs = [...versions.keys()];
const results: Result[] = [];

/** FFmpeg 8 reads what the other one cannot; and everything when it is asked for by name. */
function isNeeded({ program, format, source }: Cell): boolean {
  if (program !== FFMPEG_8 || (values.programs?.includes("ffmpeg8") ?? false)) return true;
  const old = whyNot({ program: FFMPEG, format, source });
  return old !== undefined && whyNot({ program, format, source }) === undefined;
}

function cellsOf(source: Source): Cell[] {
  const cells: Cell[] = [];
  for (const cell of formats.flatMap((format) => programs.map((program) => ({ source, format, program })))) {
    const why = whyNot(cell);
    if (why === undefined && isNeeded(cell)) cells.push(cell);
    else if (why !== undefined)
      results.push({ ...cell, program: cell.program.name, outcome: { kind: "impossible", why } });
  }
  return cells;
}

/** Does it with each, some at a time. */
async function each<T, R>(all: readonly T[], atOnce: number, act: (one: T) => Promise<R>): Promise<R[]> {
  const left = [...all.entries()];
  const done: R[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) done[next[0]] = await act(next[1]);
  };
  await Promise.all(Array.from({ length: Math.max(1, atOnce) }, work));
  return done;
}

/** All formats of one source at the same time: it is encoded once. */
async function runSource(source: Source): Promise<void> {
  const missing = whyMissing(source);
  if (missing !== undefined) {
    console.error(`${source.name} is left out: ${missing}`);
    return;
  }
  const cells = cellsOf(source);
  if (cells.length === 0) return;
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const turns = Math.ceil(cells.length / readers);
    const owner = { after: (stop: () => Promise<unknown>) => void stops.push(stop) };
    const published = await station.publish(owner, source, turns * (seconds + MARGIN_S));
    await untilFull(
      published,
      cells.map(({ format }) => format),
    );
    const done = await each(cells, readers, (cell) => runCell(cell, published, seconds));
    results.push(...done);
    const ended = published.whyEnded();
    if (ended !== undefined) problems.push(`${source.name}: the publisher ended: ${ended}`);
    const counts = `${done.filter(({ outcome }) => outcome.kind === "ok").length} of ${done.length} ok`;
    console.log([`${source.name}: ${counts}`, ...failuresOf(done)].join("\n  "));
  } catch (error) {
    problems.push(`${source.name}: ${String(error)}`);
    console.log(problems.at(-1));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

const readers = Math.max(1, Number(values.readers));
const closing: (() => Promise<unknown>)[] = [];
const station = await Station.start({ after: (stop) => void closing.push(stop) }, SOURCES);
await each(sources, Number(values["at-once"]), runSource);
for (const stop of closing) await stop();
const order = SOURCES.map(({ name }) => name);
const sorted = results.toSorted((a, b) => order.indexOf(a.source.name) - order.indexOf(b.source.name));
const head = { seconds, versions: [...versions].map(([{ name }, version]) => `${name} ${version}`) };
const text = reportOf(sorted, head, problems);
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, text);
console.log(`\n${text}\nwritten to ${values.out}`);
process.exit(problems.length === 0 && failuresOf(results).length === 0 ? 0 : 1);
