import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { compileAddon } from "../native/udp/scripts/compiler.ts";
import { workspaceRoot } from "./workspaces.ts";

const ALL = [
  "packages/**/*.test.ts",
  "native/**/*.test.ts",
  "engine/**/*.test.ts",
  "protocols/**/*.test.ts",
  "services/**/*.test.ts",
  "apps/**/*.test.ts",
  "tests/{e2e,conformance,interop,netem,decode}/**/*.test.ts",
  "bench/**/*.test.ts",
  "scripts/**/*.test.ts",
];

/** Options of `node --test` whose value may stand in the next argument. */
const WITH_VALUE =
  /^--test-(name-pattern|skip-pattern|concurrency|timeout|shard|reporter|reporter-destination)$/;

/** A test that hangs must not hang the build. Milliseconds, for one file. */
const FILE_TIMEOUT_MS = 180_000;

interface Arguments {
  /** For `node`, ahead of the files. */
  readonly options: string[];
  readonly files: string[];
}

function readArguments(argv: readonly string[]): Arguments {
  const options: string[] = [];
  const files: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (!argument.startsWith("-")) files.push(asPattern(argument));
    else if (WITH_VALUE.test(argument)) options.push(`${argument}=${argv[((index += 1))] ?? ""}`);
    else options.push(argument);
  }
  return { options, files };
}

/** A folder stands for the tests below it. */
function asPattern(path: string): string {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? `${path.replace(/\/+$/, "")}/**/*.test.ts` : path;
}

const has = (options: readonly string[], name: string): boolean => options.some((it) => it.startsWith(name));

/** Tests wait for the network more than they compute, but those that encode or drive a browser fill a core. */
const concurrency = Math.max(2, availableParallelism());

const { options, files } = readArguments(process.argv.slice(2));
const root = workspaceRoot();
const reporter = has(options, "--test-reporter=")
  ? []
  : [`--test-reporter=${join(root, "scripts/test-reporter.ts")}`];
const limits = [
  ...(has(options, "--test-concurrency") ? [] : [`--test-concurrency=${concurrency}`]),
  ...(has(options, "--test-timeout") ? [] : [`--test-timeout=${FILE_TIMEOUT_MS}`]),
];
// Servers of the tests run on it where it can be made; without a compiler they say so, and use node:dgram.
const addon = compileAddon({});
if (addon.state === "failed") console.error(`the native UDP addon is not compiled: ${addon.reason}`);
const child = spawn(
  process.execPath,
  ["--test", ...reporter, ...limits, ...options, ...(files.length === 0 ? ALL : files)],
  files.length === 0 ? { stdio: "inherit", cwd: root } : { stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
