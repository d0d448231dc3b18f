import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { workspaceRoot } from "./workspaces.ts";

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

interface Outcome {
  readonly name: string;
  /** Exit status; a signal counts as -1. */
  readonly status: number;
  readonly output: string;
  readonly seconds: number;
}

/** The longest first, so that two cores finish together. Each exits non-zero when it finds anything. */
const CHECKS: readonly Check[] = [
  { name: "types", command: ["tsc", "-p", "."] },
  { name: "page types", command: ["tsc", "-p", "apps/web"] },
  { name: "player types", command: ["tsc", "-p", "apps/mse-player"] },
  { name: "reference", command: [process.execPath, "scripts/docs.ts", "--check"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "dead code", command: ["knip"] },
  { name: "layers", command: [process.execPath, "scripts/check-layering.ts"] },
  { name: "format", command: ["biome", "ci", "--colors=off", "--error-on-warnings", "."] },
];

const root = workspaceRoot();

function run({ name, command: [program, ...args] }: Check): Promise<Outcome> {
  const started = performance.now();
  const env = { ...process.env, PATH: join(root, "node_modules/.bin") + delimiter + process.env["PATH"] };
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const end = (status: number): void =>
      resolve({ name, status, output, seconds: (performance.now() - started) / 1000 });
    child.on("error", (error) => {
      output += `${program} does not start: ${error.message}\n`;
      end(-1);
    });
    child.on("close", (status) => end(status ?? -1));
  });
}

function report({ name, status, output, seconds }: Outcome): void {
  if (status !== 0) console.log(`\n──── ${name} (exit status ${status})\n${output.trimEnd()}\n`);
  console.log(`${status === 0 ? "ok    " : "FAILED"}  ${name.padEnd(12)} ${seconds.toFixed(1)} s`);
}

/** Runs the checks, as many at once as there are cores, and reports each as it ends. */
async function runAll(checks: readonly Check[]): Promise<Outcome[]> {
  const waiting = [...checks];
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await run(next);
      report(outcome);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return outcomes;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(", ")}; there are ${CHECKS.map((it) => it.name).join(", ")}`);
  process.exit(2);
}
const outcomes = await runAll(CHECKS.filter((check) => wanted.length === 0 || wanted.includes(check.name)));
const failed = outcomes.filter((outcome) => outcome.status !== 0).map((outcome) => outcome.name);
console.log(failed.length === 0 ? "\nall checks passed" : `\nfailed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
