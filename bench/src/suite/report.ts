import { decimal } from "../table.ts";
import { GOAL_HEADS, goalCells } from "./goals-text.ts";
import { markdownOf, markdownTable } from "./markdown.ts";
import type { BenchRecord, SuiteRecord } from "./record.ts";

/** From this share of a core on, what others took may have moved the figures. */
const BUSY = 0.1;

/** The page of results of one run of the bench. */
export function renderPerformance(record: BenchRecord): string {
  const { machine, goals, suites, options } = record;
  const rows = goals.map((row) => goalCells(row));
  const held = goals.filter((row) => row.verdict === "held").length;
  const missed = goals.filter((row) => row.verdict === "missed").length;
  const open = goals.filter((row) => row.verdict === "not measured").length;
  const programs = Object.entries(machine.programs).map(([name, version]) => `${name} ${version}`);
  const kind = options["quick"] === true ? "quick" : "thorough";
  return `# Performance

Made from one run of the bench by \`npm run bench -- report FILE.json\`; do not edit. What each suite does and each column
means is told in [bench/README.md](../../bench/README.md). Ratios last longer than digits.

## The machine

${machine.cpu}, ${machine.cores} cores, ${decimal(machine.memoryBytes / 2 ** 30, 1)} GiB; ${machine.kernel}; Node ${machine.node};
${programs.join(", ")}. Measured on ${record.date.slice(0, 10)}, the ${kind} way.

${loadText(suites)}

To repeat it:

\`\`\`sh
npm run bench -- ${commandOf(options)}--json bench.json
npm run bench -- report bench.json
\`\`\`

## Goals

${held} held, ${missed} missed, ${open} not measured. A row is judged by its median; least and most of the repeats are in brackets
where there were several. Rows without a verdict are other programs, for comparison.

${markdownTable(GOAL_HEADS, rows)}

${suites.map(suiteText).join("\n\n")}
`;
}

function commandOf(options: BenchRecord["options"]): string {
  const own = new Set(["json", "out", "suites"]);
  return Object.entries(options)
    .filter(([name, value]) => !own.has(name) && value !== false)
    .map(([name, value]) => (value === true ? `--${name} ` : `--${name} ${value} `))
    .join("");
}

function loadText(suites: readonly SuiteRecord[]): string {
  const busy = suites.filter((suite) => suite.otherLoad > BUSY);
  if (busy.length === 0) return "The machine did nothing else.";
  const list = busy.map((suite) => `${suite.name} ${decimal(suite.otherLoad * 100, 0)} %`).join(", ");
  return `The machine did other things meanwhile, which moves figures. Other processes took, of one core: ${list}.`;
}

function suiteText(suite: SuiteRecord): string {
  const lines = [`## ${suite.title}`, "", `\`npm run bench -- ${suite.name}\`; other processes took `];
  lines[2] += `${decimal(suite.otherLoad * 100, 0)} % of a core.`;
  if (suite.text !== "") lines.push("", markdownOf(suite.text));
  if (suite.error !== undefined) lines.push("", `Failed: ${suite.error.trim().split("\n")[0]}`);
  for (const reason of suite.missing) lines.push("", `Not measured: ${reason}.`);
  return lines.join("\n");
}
