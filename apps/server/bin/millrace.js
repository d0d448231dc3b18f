#!/usr/bin/env node
// Starts Millrace on Node 26 whatever `node` was found: plain JavaScript that Node 18 can read.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED_MAJOR = 26;
const FORWARDED = /** @type {const} */ (["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"]);
const self = fileURLToPath(import.meta.url);

/** The compiled program in a published package, the sources in a checkout. */
function entryPoint() {
  const compiled = join(dirname(self), "../dist/main.js");
  return existsSync(compiled) ? compiled : join(dirname(self), "../src/main.ts");
}

/** Node 26 as the package manager installed it beside this package. @returns {string | undefined} */
function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      `node-${process.platform}-${process.arch}/package.json`,
    );
    const binary = join(dirname(manifest), "bin/node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} reason */
function refuse(reason) {
  console.error(
    `millrace: needs Node ${NEEDED_MAJOR} or newer, this is ${process.version}; ${reason}\n` +
      `Install Node ${NEEDED_MAJOR}, or install Millrace again with its optional dependencies.`,
  );
  process.exit(1);
}

/** @param {string} binary */
function runOn(binary) {
  const args = [self, ...process.argv.slice(2)];
  if (typeof process.execve === "function") {
    // Same process, same pid: nothing to forward, nothing left behind.
    process.execve(binary, [binary, ...args], process.env);
  }
  const child = spawn(binary, args, { stdio: "inherit" });
  for (const signal of FORWARDED) process.on(signal, () => forward(child, signal));
  child.on("error", (error) => refuse(`${binary} does not start: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0));
  });
}

/**
 * A terminal sends Ctrl-C and Ctrl-\ to the whole process group, so the child has had it already: a second one
 * would read as "stop at once".
 * @param {import("node:child_process").ChildProcess} child
 * @param {typeof FORWARDED[number]} signal
 */
function forward(child, signal) {
  const fromTerminal = (signal === "SIGINT" || signal === "SIGQUIT") && process.stdin.isTTY;
  if (!fromTerminal) child.kill(signal);
}

if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
  await import(pathToFileURL(entryPoint()).href);
} else {
  const binary = bundledNode();
  if (binary === undefined) refuse(`no Node for ${process.platform}-${process.arch} was installed with it`);
  else runOn(binary);
}
