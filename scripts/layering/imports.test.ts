import assert from "node:assert/strict";
import { test } from "node:test";
import { scanImports } from "./imports.ts";

const cases: [title: string, source: string, expected: string[]][] = [
  ["default", 'import a from "x";', ["x"]],
  ["side effect", "import 'x';", ["x"]],
  ["names over several lines", 'import {\n  a,\n  type B as C,\n} from "./x.ts";', ["./x.ts"]],
  ["namespace", 'import * as a from "x";', ["x"]],
  ["types", 'import type { A } from "x";', ["x (type)"]],
  ["default type", 'import type A from "x";', ["x (type)"]],
  ["a value named type", 'import type from "x";', ["x"]],
  ["a name called from", 'import { from } from "x";', ["x"]],
  ["attributes", 'import a from "./x.json" with { type: "json" };', ["./x.json"]],
  [
    "re-export",
    'export { a } from "x"; export * from "y"; export type { B } from "z";',
    ["x", "y", "z (type)"],
  ],
  ["export of a declaration", 'export const from = "x"; export function f() { return from; }', []],
  ["export list without module", 'export { a };\nconst from = "x";', []],
  ["dynamic", 'const a = await import("x"); import(`y`); import(`./${name}.ts`);', ["x", "y"]],
  ["type query", 'let a: import("x").Type;', ["x"]],
  [
    "require",
    'require("x"); require.resolve("y"); import.meta.resolve("z"); a.require("no");',
    ["x", "y", "z"],
  ],
  ["meta", 'import.meta.dirname; const x = "y";', []],
  ["comments", '// import "a";\n/* import "b"; */ /** @type {import("c")} */ import "d";', ["d"]],
  ["strings", "const a = 'import \"x\"'; const b = \"import('y')\";", []],
  ["templates", 'const a = `import "x" ${f({ b: `}` })} import("y")`; import "z";', ["z"]],
  ["a substitution that imports", 'const a = `${await import("x")}`;', ["x"]],
  ["regular expressions", "const a = /[/'\"`]/g; import 'x';", ["x"]],
  ["division", "const a = b / c; import 'x'; const d = e / f;", ["x"]],
  ["division after parentheses", "const a = (b) / 2; import 'x'; const d = [1][0] / 2 / 3;", ["x"]],
  ["hash bang", "#!/usr/bin/env node\nimport 'x';", ["x"]],
  ["without end of statement", 'import "a"\nimport b from "b"\nexport * from "c"', ["a", "b", "c"]],
  ["unended string and comment", 'import "a"; const b = "oops\n/* open', ["a"]],
];

for (const [title, source, expected] of cases) {
  test(`imports: ${title}`, () => {
    const found = scanImports(source).map((it) => it.specifier + (it.typeOnly ? " (type)" : ""));
    assert.deepEqual(found, expected);
  });
}

test("imports carry their line", () => {
  assert.deepEqual(
    scanImports('\n/* a\nb */ import "x";\n\nexport {\n} from "y";').map((it) => it.line),
    [3, 6],
  );
});
