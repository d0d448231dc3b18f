import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import type { Manifest, Workspace } from "../workspaces.ts";
import { bundledManifest, bundledWorkspaces, compiledExports, publishedManifest } from "./manifest.ts";
import { verifyPackage } from "./verify.ts";

function workspace(name: string, more: Partial<Manifest> = {}): Workspace {
  return { folder: `packages/${name}`, manifest: { name: `@m/${name}`, version: "1.0.0", ...more } };
}

const a = workspace("a", { dependencies: { "@m/b": "1.0.0", left: "1.2.3" } });
const b = workspace("b", {
  optionalDependencies: { big: "2.0.0", left: "1.2.3" },
  exports: { ".": "./src/x.ts" },
});
const c = workspace("c");
const app: Workspace = {
  folder: "apps/server",
  manifest: { name: "m", version: "1.0.0", dependencies: { "@m/a": "1.0.0" }, bin: { m: "bin/m.js" } },
};

test("what the program needs is bundled, directly or not, and nothing else", () => {
  assert.deepEqual(bundledWorkspaces(app, [app, c, b, a]), [a, b]);
});

test("a workspace wanted in another version is refused: npm would look for it in the registry", () => {
  const other = workspace("b", { version: "1.0.1" });
  assert.throws(() => bundledWorkspaces(app, [app, a, other]), /@m\/a wants @m\/b@1\.0\.0.*1\.0\.1/);
});

test("the published manifest asks npm for what the workspaces take from the registry", () => {
  const manifest = publishedManifest(app, [a, b]);
  assert.deepEqual(manifest["bundleDependencies"], ["@m/a", "@m/b"]);
  assert.deepEqual(manifest.dependencies, { left: "1.2.3", "@m/a": "1.0.0", "@m/b": "1.0.0" });
  assert.deepEqual(manifest.optionalDependencies, { big: "2.0.0" }, "needed by one is needed by all");
  assert.deepEqual(manifest["bin"], { m: "bin/m.js" });
  assert.equal(bundledManifest(b).dependencies["left"], undefined);
});

test("two versions of one package are refused", () => {
  const odd = workspace("b", { dependencies: { left: "1.2.4" } });
  assert.throws(() => publishedManifest(app, [a, odd]), /left@1\.2\.4.*1\.2\.3/);
});

test("exports lead to the compiled files and their declarations", () => {
  const exports = { ".": "./src/index.ts", "./t/*": "./src/t/*.ts", "./data": "./assets/data.json" };
  assert.deepEqual(compiledExports({ name: "x", version: "1.0.0", exports }), {
    ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./t/*": { types: "./dist/t/*.d.ts", default: "./dist/t/*.js" },
    "./data": "./assets/data.json",
  });
});

let scratch = "";
before(() => (scratch = mkdtempSync(join(tmpdir(), "millrace-verify-"))));
after(() => rmSync(scratch, { recursive: true, force: true }));

const WHOLE: Readonly<Record<string, string>> = {
  "dist/main.js":
    'import "./part.js"; import "left"; import "node:fs"; new URL("./child.js", import.meta.url);',
  "dist/part.js": "",
  "dist/part.d.ts": 'export type { A } from "left";',
  "dist/child.js": "",
  "assets/page.js": 'import "/-/from-the-server.js"; const x = "./not-a-file.js";',
};

const verifications: [
  title: string,
  files: Readonly<Record<string, string>>,
  expected: RegExp | undefined,
][] = [
  ["whole", {}, undefined],
  ["a missing file", { "dist/x.js": 'import "./gone.js";' }, /dist\/x\.js: "\.\/gone\.js" does not exist/],
  [
    "a missing child",
    { "dist/x.js": 'new URL("./gone.js", import.meta.url);' },
    /"\.\/gone\.js" does not exist/,
  ],
  [
    "a name that was not rewritten",
    { "dist/x.d.ts": 'export * from "./part.ts";' },
    /"\.\/part\.ts" does not/,
  ],
  ["an undeclared package", { "dist/x.js": 'import "right/deep";' }, /"right" is not among the dependencies/],
  ["a test", { "dist/x.test.js": "" }, /x\.test\.js: is a test/],
];

for (const [title, files, expected] of verifications) {
  test(`verify: ${title}`, () => {
    const folder = mkdtempSync(join(scratch, "package-"));
    for (const [path, text] of Object.entries({ ...WHOLE, ...files })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const manifest = publishedManifest(app, [a]);
    if (expected === undefined) verifyPackage(folder, manifest);
    else assert.throws(() => verifyPackage(folder, manifest), expected);
  });
}
