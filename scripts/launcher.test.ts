import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { workspaceRoot } from "./workspaces.ts";

/** Makes the launcher believe it runs on Node 20, with or without `process.execve` (absent before Node 22.15). */
function preload(withExecve: boolean): string {
  const code = [
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } });',
    withExecve ? "" : 'Object.defineProperty(process, "execve", { value: undefined });',
  ].join("");
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

const PROGRAM = `
process.on("SIGTERM", () => process.exit(7));
console.log(JSON.stringify({ argv: process.argv.slice(2), pid: process.pid, old: process.versions.node === "20.0.0" }));
if (process.argv[2] === "status") process.exit(3);
else if (process.argv[2] === "crash") process.kill(process.pid, "SIGKILL");
else setTimeout(() => process.exit(99), 10_000);
`;

let folder = "";
const nodePackage = `node-${process.platform}-${process.arch}`;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-launcher-"));
  mkdirSync(join(folder, "dist"));
  mkdirSync(join(folder, "node_modules", nodePackage, "bin"), { recursive: true });
  cpSync(join(workspaceRoot(), "apps/server/bin"), join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "dist/main.js"), PROGRAM);
  writeFileSync(join(folder, "node_modules", nodePackage, "package.json"), "{}");
  symlinkSync(process.execPath, join(folder, "node_modules", nodePackage, "bin/node"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly child: ChildProcess;
  readonly firstLine: Promise<{ argv: string[]; pid: number; old: boolean }>;
  readonly errors: () => string;
}

function launch(args: string[], ...nodeArgs: string[]): Run {
  const child = spawn(process.execPath, [...nodeArgs, join(folder, "bin/millrace.js"), ...args]);
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const firstLine = once(child.stdout, "data").then(([chunk]) => JSON.parse(String(chunk)));
  firstLine.catch(() => {});
  return { child, firstLine, errors: () => errors };
}

test("on a new Node the program is loaded in the same process", async () => {
  const { child, firstLine } = launch(["status", "a b"]);
  const exit = once(child, "exit");
  const { argv, pid } = await firstLine;
  assert.deepEqual(argv, ["status", "a b"]);
  assert.equal(pid, child.pid);
  assert.deepEqual(await exit, [3, null]);
});

for (const [withExecve, name] of [
  [true, "is replaced"],
  [false, "starts a child"],
] as const) {
  test(`an old Node ${name}: same arguments, same exit status`, async () => {
    const { child, firstLine } = launch(["status", "a b"], preload(withExecve));
    const exit = once(child, "exit");
    const { argv, pid, old } = await firstLine;
    assert.deepEqual(argv, ["status", "a b"]);
    assert.equal(old, false, "runs on the Node that came with the package");
    assert.equal(pid === child.pid, withExecve);
    assert.deepEqual(await exit, [3, null]);
  });

  test(`an old Node ${name}: SIGTERM reaches the program`, async () => {
    const { child, firstLine } = launch(["wait"], preload(withExecve));
    const exit = once(child, "exit");
    await firstLine;
    child.kill("SIGTERM");
    assert.deepEqual(await exit, [7, null]);
  });
}

test("a program that a signal killed is reported as the shell would", async () => {
  const { child } = launch(["crash"], preload(false));
  assert.deepEqual(await once(child, "exit"), [137, null]);
});

test("without a Node of its own the launcher says what to do", async () => {
  const bin = join(folder, "node_modules", nodePackage, "bin");
  rmSync(join(bin, "node"));
  const { child, errors } = launch(["status"], preload(false));
  assert.deepEqual(await once(child, "close"), [1, null]);
  assert.match(errors(), /needs Node 26 or newer.*optional dependencies/s);
  symlinkSync(process.execPath, join(bin, "node"));
});
