import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { repoRoot } from "../e2e/kit/paths.ts";
import { CELLS, type Cell } from "./cells.ts";
import { whyNoNetworks } from "./kit/namespaces.ts";
import { type Measured, measure, type Pair } from "./measure.ts";
import { judge, nameOf, rowOf, tableOf } from "./report.ts";

const USAGE = `usage: npm run netem -- [--seconds 20] [--mbit 7] [--cells 5x100,jitter,…] [--pairs millrace-libsrt,…]
                        [--seed 1] [--at-once 1] [--out FILE]
cells: ${CELLS.map(({ name }) => name).join(" ")}
pairs: millrace-millrace millrace-libsrt libsrt-millrace libsrt-libsrt`;

const PAIRS: readonly Pair[] = [
  { sender: "libsrt", receiver: "libsrt" },
  { sender: "millrace", receiver: "millrace" },
  { sender: "millrace", receiver: "libsrt" },
  { sender: "libsrt", receiver: "millrace" },
];

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    mbit: { type: "string", default: "7" },
    cells: { type: "string" },
    pairs: { type: "string" },
    seed: { type: "string", default: "1" },
    "at-once": { type: "string", default: "1" },
    out: { type: "string", default: join(repoRoot, "dist/netem.md") },
  },
});

function choose<T>(all: readonly T[], wanted: string | undefined, name: (each: T) => string): readonly T[] {
  const words = wanted?.split(",") ?? all.map(name);
  const unknown = words.find((word) => !all.some((each) => name(each) === word));
  if (unknown !== undefined) {
    console.error(`"${unknown}" is not known\n${USAGE}`);
    process.exit(2);
  }
  return all.filter((each) => words.includes(name(each)));
}

const cells = choose(CELLS, values.cells, ({ name }) => name);
const hasLibsrt = spawnSync("which", ["srt-live-transmit"]).status === 0;
if (!hasLibsrt) console.error("program missing: srt-live-transmit; pairs with libsrt are left out");
const pairs = choose(PAIRS, values.pairs, ({ sender, receiver }) => `${sender}-${receiver}`).filter(
  ({ sender, receiver }) => hasLibsrt || (sender !== "libsrt" && receiver !== "libsrt"),
);
const why = whyNoNetworks();
if (why !== undefined) {
  console.error(`nothing is measured: ${why}`);
  process.exit(2);
}

const options = {
  seconds: Number(values.seconds),
  bitsPerSecond: Number(values.mbit) * 1e6,
  seed: Number(values.seed),
};
const waiting: { readonly cell: Cell; readonly pair: Pair }[] = cells.flatMap((cell) =>
  pairs.map((pair) => ({ cell, pair })),
);
const order = [...waiting];
const done: Measured[] = [];
const failures: string[] = [];

async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { cell, pair } = next;
    try {
      const measured = await measure(cell, pair, options);
      done.push(measured);
      console.log(rowOf(measured).join(" | "));
    } catch (error) {
      failures.push(`${nameOf(pair)}, ${cell.network}, ${cell.rttMs} ms: ${String(error)}`);
      console.log(failures.at(-1));
    }
  }
}

await Promise.all(Array.from({ length: Math.max(1, Number(values["at-once"])) }, work));
const sorted = order.flatMap(({ cell, pair }) =>
  done.filter((each) => each.cell === cell && each.pair === pair),
);
failures.push(...judge(sorted));
const head = `${options.seconds} s each, ${values.mbit} Mbit/s, seed ${options.seed}; counts are of datagrams of 1316 bytes.`;
const verdict =
  failures.length === 0 ? "passed" : failures.map((failure) => `- FAILED: ${failure}`).join("\n");
const text = `# SRT over a bad network\n\n${head}\n\n${tableOf(sorted)}\n\n${verdict}\n`;
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, text);
console.log(`\n${text}\nwritten to ${values.out}`);
process.exit(failures.length === 0 ? 0 : 1);
