import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { findCycles } from "./cycles.ts";
import { readProject } from "./project.ts";
import { applyRules } from "./rules.ts";

type Tree = Readonly<Record<string, string>>;

let scratch = "";
before(() => (scratch = mkdtempSync(join(tmpdir(), "millrace-layering-"))));
after(() => rmSync(scratch, { recursive: true, force: true }));

function manifest(name: string, dependencies: string[] = [], more: object = {}): string {
  const list = Object.fromEntries(dependencies.map((it) => [it, "0.1.0"]));
  return JSON.stringify({
    name,
    version: "0.1.0",
    exports: { ".": "./src/index.ts" },
    dependencies: list,
    ...more,
  });
}

/** A small repository in which everything is as the design says. */
const GOOD: Tree = {
  "package.json": JSON.stringify({
    name: "root",
    workspaces: ["packages/*", "engine", "protocols/*", "services/*", "apps/*", "native/*", "tests"],
  }),
  "native/udp/package.json": manifest("@m/native"),
  "native/udp/src/index.ts": "export const send = 1;",
  "packages/a/package.json": manifest("@m/a"),
  "packages/a/src/index.ts": 'export * from "./part.ts";',
  "packages/a/src/part.ts": "export const part = 1;",
  "packages/a/src/part.test.ts": 'import "node:fs"; import "./part.ts"; import "./feed.test-support.ts";',
  "packages/a/src/feed.test-support.ts": 'import "node:fs";',
  "packages/b/package.json": manifest("@m/b", ["@m/a"], {
    exports: { ".": "./src/index.ts", "./t/*": "./src/t-*.ts" },
  }),
  "packages/b/src/index.ts": 'import { part } from "@m/a"; export { part };',
  "packages/b/src/t-x.ts": "export const x = 1;",
  "engine/package.json": manifest("@m/engine", ["@m/a", "@m/native"]),
  "engine/src/index.ts": 'import "@m/a"; import "@m/native"; import "node:net";',
  "protocols/p/package.json": manifest("@m/p", ["@m/engine", "@m/b"]),
  "protocols/p/src/index.ts":
    'import "@m/engine"; import "@m/b/t/x"; import "node:net"; import "./wire/w.ts";',
  "protocols/p/src/wire/w.ts": "export const w = 1;",
  "protocols/q/package.json": manifest("@m/q"),
  "protocols/q/src/index.ts": "export const q = 1;",
  "services/s/package.json": manifest("@m/s", ["@m/p"]),
  "services/s/src/index.ts": 'import type { P } from "@m/p"; export type { P };',
  "apps/server/package.json": manifest("@m/server", ["@m/s", "@m/p", "@m/web"]),
  "apps/server/src/index.ts": 'import "@m/s"; import "@m/p"; import "@m/web";',
  "apps/web/package.json": manifest("@m/web", ["@m/s", "@m/a"]),
  "apps/web/src/index.ts": 'import type { S } from "@m/s"; import "@m/a"; export type { S };',
  "tests/package.json": manifest("@m/tests", ["@m/server"]),
  "tests/fixtures/f.ts": "",
  "tests/e2e/x.test.ts":
    'import "../fixtures/f.ts"; import "@m/server"; import "../../packages/a/src/part.ts";',
  "scripts/x.ts": 'import "../packages/a/src/part.ts";',
};

function findingsOf(changes: Tree): { rule: string; severity: string; file: string; message: string }[] {
  const root = mkdtempSync(join(scratch, "tree-"));
  for (const [path, text] of Object.entries({ ...GOOD, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return applyRules(readProject(root));
}

const lines = (count: number): string => "// line\n".repeat(count);

const cases: [title: string, changes: Tree, expected: string[]][] = [
  ["a good tree", {}, []],
  [
    "a package that imports the engine",
    { "packages/a/src/x.ts": 'import "@m/engine";' },
    ["layer packages/a/src/x.ts"],
  ],
  [
    "the engine imports a service, even for types, even in a test",
    { "engine/src/x.test.ts": 'import type { S } from "@m/s";' },
    ["layer engine/src/x.test.ts"],
  ],
  [
    "a protocol imports a protocol",
    { "protocols/p/src/x.ts": 'import "@m/q";' },
    ["layer protocols/p/src/x.ts"],
  ],
  [
    "a protocol imports a service",
    { "protocols/p/src/x.ts": 'import("@m/s");' },
    ["layer protocols/p/src/x.ts"],
  ],
  [
    "a service imports an app",
    { "services/s/src/x.ts": 'export * from "@m/server";' },
    ["layer services/s/src/x.ts"],
  ],
  [
    "a package imports native code",
    { "packages/a/src/x.ts": 'import "@m/native";' },
    ["layer packages/a/src/x.ts"],
  ],
  [
    "a protocol's test runs a shared suite",
    { "protocols/p/src/y.test.ts": 'import "../../../tests/fixtures/f.ts";' },
    [],
  ],
  [
    "a protocol itself imports from the tests",
    { "protocols/p/src/y.ts": 'import "../../../tests/fixtures/f.ts";' },
    ["layer protocols/p/src/y.ts"],
  ],
  ["the engine imports the tests", { "engine/src/x.ts": 'import "@m/tests";' }, ["layer engine/src/x.ts"]],
  [
    "the web interface imports a value",
    { "apps/web/src/x.ts": 'import { s } from "@m/s";' },
    ["layer apps/web/src/x.ts"],
  ],
  [
    "a dependency declared against the layers",
    { "protocols/q/package.json": manifest("@m/q", ["@m/p"]) },
    ["layer protocols/q/package.json"],
  ],
  ["an undeclared dependency", { "engine/src/x.ts": 'import "@m/b";' }, ["undeclared engine/src/x.ts"]],
  [
    "a test's undeclared dependency",
    { "tests/e2e/y.test.ts": 'import "@m/b";' },
    ["undeclared tests/e2e/y.test.ts"],
  ],
  ["a deep import", { "engine/src/x.ts": 'import "@m/a/src/part.ts";' }, ["deep-import engine/src/x.ts"]],
  [
    "a subpath that no pattern offers",
    { "protocols/p/src/x.ts": 'import "@m/b/x";' },
    ["deep-import protocols/p/src/x.ts"],
  ],
  [
    "a workspace imports itself by name",
    { "packages/a/src/x.ts": 'import "@m/a";' },
    ["own-name packages/a/src/x.ts"],
  ],
  [
    "a relative path into another workspace",
    { "packages/b/src/x.ts": 'import "../../a/src/part.ts";' },
    ["leaves-workspace packages/b/src/x.ts"],
  ],
  [
    "node in a package",
    { "packages/a/src/x.ts": 'import { readFileSync } from "node:fs";' },
    ["pure packages/a/src/x.ts"],
  ],
  [
    "node without prefix in a package",
    { "packages/a/src/x.ts": 'import "events";' },
    ["pure packages/a/src/x.ts"],
  ],
  [
    "a file library in a package",
    { "packages/a/src/x.ts": 'import "fs-extra";' },
    ["pure packages/a/src/x.ts"],
  ],
  [
    "the clock in a package",
    { "packages/a/src/x.ts": "// Date.now()\nexport const now = () => Date.now();" },
    ["pure packages/a/src/x.ts"],
  ],
  [
    "today and chance in a package",
    { "packages/a/src/x.ts": "export const a = [new Date(), Math.random()];" },
    ["pure packages/a/src/x.ts", "pure packages/a/src/x.ts"],
  ],
  [
    "a given time, and the clock in a test or the engine",
    {
      "packages/a/src/x.ts": "export const f = (ms: number) => new Date(ms);",
      "packages/a/src/y.test.ts": "Date.now();",
      "engine/src/x.ts": "Date.now();",
    },
    [],
  ],
  [
    "a socket in wire/",
    { "protocols/p/src/wire/w.ts": 'import "node:net";' },
    ["pure protocols/p/src/wire/w.ts"],
  ],
  [
    "code that imports what is for tests",
    { "packages/a/src/x.ts": 'import "./feed.test-support.ts";' },
    ["test-import packages/a/src/x.ts"],
  ],
  [
    "a file that does not exist",
    { "engine/src/x.ts": 'import "./gone.ts";' },
    ["missing-file engine/src/x.ts"],
  ],
  [
    "a cycle of files",
    {
      "engine/src/x.ts": 'import "./y.ts";',
      "engine/src/y.ts": 'import "./z.ts";',
      "engine/src/z.ts": 'import "./x.ts";',
    },
    ["cycle engine/src/x.ts"],
  ],
  [
    "a cycle of types",
    {
      "engine/src/x.ts": 'import type { Y } from "./y.ts";',
      "engine/src/y.ts": 'export { X } from "./x.ts";',
    },
    ["cycle engine/src/x.ts"],
  ],
  ["a file that imports itself", { "engine/src/x.ts": 'import "./x.ts";' }, ["cycle engine/src/x.ts"]],
  ["a cycle of workspaces", { "packages/a/package.json": manifest("@m/a", ["@m/b"]) }, ["cycle @m/a"]],
  ["400 lines", { "engine/src/x.ts": lines(400) }, []],
  ["401 lines", { "engine/src/x.ts": lines(401) }, ["size (warning) engine/src/x.ts"]],
  ["801 lines", { "engine/src/x.ts": lines(801) }, ["size engine/src/x.ts"]],
  [
    "801 lines that are not ours",
    { "engine/dist/x.js": lines(801), "engine/node_modules/x/x.js": lines(801) },
    [],
  ],
];

for (const [title, changes, expected] of cases) {
  test(`layering: ${title}`, () => {
    const found = findingsOf(changes).map(
      (it) => `${it.rule}${it.severity === "warning" ? " (warning)" : ""} ${it.file}`,
    );
    assert.deepEqual(found, expected);
  });
}

test("a cycle is shown whole, by its shortest way", () => {
  const graph = new Map([
    ["a", ["b", "c"]],
    ["b", ["d"]],
    ["c", ["a"]],
    ["d", ["a"]],
    ["e", ["a"]],
  ]);
  assert.deepEqual(findCycles(graph), [["a", "c", "a"]]);
});

test("the command fails on an error, passes on a warning, and fails on an empty tree", () => {
  const run = (files: Tree): number | null => {
    const root = mkdtempSync(join(scratch, "run-"));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    return spawnSync(process.execPath, [join(import.meta.dirname, "../check-layering.ts"), root]).status;
  };
  const root = { "package.json": '{"workspaces":[]}' };
  assert.equal(run({ ...root, "x.ts": lines(401) }), 0);
  assert.equal(run({ ...root, "x.ts": lines(801) }), 1);
  assert.equal(run(root), 1);
});
