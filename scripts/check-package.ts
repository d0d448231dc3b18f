import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readManifest, workspaceRoot } from "./workspaces.ts";

/**
 * Proves the tarball of `npm run build`: installs it in an empty folder as a user would, and runs the program from
 * there, on whatever Node the machine has.
 */
const root = workspaceRoot();
const version = readManifest(join(root, "apps/server")).version;
const START_MS = 15_000;
/** What the server answers without a stream: pages, and the players that the package has to carry. */
const PAGES = ["/", "/-/hls.js", "/-/dash.js", "/-/mpegts.js", "/-/mse-player.js", "/api/v1/streams"];

/** npm puts this repository's own `.bin`, with its Node, first in the path: a user has no such thing. */
const userPath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(delimiter);
const env = { ...process.env, PATH: userPath };

function fail(message: string): never {
  throw new Error(message);
}

function step(text: string): void {
  console.log(`ok  ${text}`);
}

function install(folder: string): void {
  const tarball =
    globSync("dist/millrace-*.tgz", { cwd: root })[0] ?? fail("no tarball in dist/: npm run build first");
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", join(root, tarball)], {
    cwd: folder,
    env,
    stdio: "inherit",
  });
  const stray = globSync("node_modules/@millrace/*", { cwd: folder });
  if (stray.length > 0) fail(`taken from the registry, not from the package: ${stray.join(", ")}`);
  step(`npm install ${tarball}`);
}

interface Expected {
  readonly status: number;
  readonly output: RegExp;
}

function runs(folder: string, args: readonly string[], expected: Expected): void {
  const { status, stdout, stderr } = spawnSync("npx", ["millrace", ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  if (status === expected.status && expected.output.test(stdout + stderr))
    step(`npx millrace ${args.join(" ")}`);
  else
    fail(`npx millrace ${args.join(" ")}: status ${status}, expected ${expected.status}\n${stdout}${stderr}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : fail("no free port");
}

async function serves(folder: string): Promise<void> {
  const port = await freePort();
  writeFileSync(join(folder, "serve.conf"), `http ${port};\nworkers 1;\nstream idle { publish_enabled; }\n`);
  const launcher = join(folder, "node_modules/.bin/millrace");
  const server = spawn(launcher, ["serve", "--config", "serve.conf", "--data", "data"], { cwd: folder, env });
  let log = "";
  server.stdout.on("data", (chunk: Buffer) => (log += chunk.toString()));
  server.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  try {
    for (const page of PAGES) await answers(`http://127.0.0.1:${port}${page}`, server);
    await stops(server);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${log}`, { cause: error });
  } finally {
    server.kill("SIGKILL");
  }
  step("npx millrace serve");
}

/** Waits until the address answers 200 with something in it. */
async function answers(url: string, server: ChildProcess): Promise<void> {
  let last = "no answer";
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(200)) {
    if (server.exitCode !== null) fail(`the server ended with status ${server.exitCode}`);
    try {
      const response = await fetch(url);
      const body = await response.arrayBuffer();
      if (response.status === 200 && body.byteLength > 0) return;
      last = `status ${response.status}, ${body.byteLength} bytes`;
    } catch (error) {
      last = String(error);
    }
  }
  fail(`${url}: ${last}`);
}

async function stops(server: ChildProcess): Promise<void> {
  const exit = once(server, "exit", { signal: AbortSignal.timeout(5_000) });
  server.kill("SIGTERM");
  const [status, signal] = await exit;
  if (status !== 0) fail(`SIGTERM: ended with status ${String(status)}, signal ${String(signal)}`);
}

const folder = mkdtempSync(join(tmpdir(), "millrace-package-"));
try {
  install(folder);
  runs(folder, ["version"], { status: 0, output: new RegExp(version.replaceAll(".", "\\.")) });
  writeFileSync(join(folder, "good.conf"), "http 8080;\nstream a { input udp://239.0.0.1:1234; }\n");
  runs(folder, ["check", "good.conf"], { status: 0, output: /(?:)/ });
  writeFileSync(join(folder, "bad.conf"), "http 8080;\nstream a { inptu udp://239.0.0.1:1234; }\n");
  runs(folder, ["check", "bad.conf"], { status: 1, output: /bad\.conf:2:\d+.*input/s });
  await serves(folder);
} catch (error) {
  console.error(`FAILED  ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
