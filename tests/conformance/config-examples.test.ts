import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { compile, formatProblem, hasErrors, loadSource, print } from "@millrace/service-config";
import { REGISTRY } from "../fixtures/config/registry.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/config");

interface Example {
  readonly file: string;
  readonly kind: string;
  readonly lines: readonly [number, number];
}

interface Index {
  readonly examples: readonly Example[];
}

const index = JSON.parse(readFileSync(join(FIXTURES, "manual/index.json"), "utf8")) as Index;

function examplesIn(folder: string): readonly string[] {
  return readdirSync(join(FIXTURES, folder))
    .filter((name) => name.endsWith(".conf"))
    .toSorted();
}

/** `LINE:COL: MESSAGE`, one a line; no file when there is none. */
function warningsOf(folder: string, name: string): string {
  const path = join(FIXTURES, folder, name.replace(/\.conf$/, ".warnings"));
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** With MILLRACE_UPDATE=1 the files of expected warnings are written anew, to be read by a person. */
function keepWarnings(folder: string, name: string, text: string): void {
  if (process.env["MILLRACE_UPDATE"] !== "1" || text === "") return;
  writeFileSync(join(FIXTURES, folder, name.replace(/\.conf$/, ".warnings")), text);
}

function check(folder: string, name: string): void {
  const path = join(FIXTURES, folder, name);
  const source = loadSource(path);
  assert.equal(print(source.main), source.main.text);
  const { problems } = compile(source, REGISTRY, { cpus: 2 });
  assert.ok(!hasErrors(problems), problems.map(formatProblem).join("\n"));
  const lines = problems.map(({ line, column, message }) => `${line}:${column}: ${message}\n`);
  keepWarnings(folder, name, lines.join(""));
  assert.equal(lines.join(""), warningsOf(folder, name));
}

describe("examples of the reference manual", () => {
  test("the index names every file, in the order of the manual", () => {
    assert.deepEqual(
      index.examples.map((example) => example.file),
      examplesIn("manual"),
    );
    assert.equal(index.examples.length, 297);
    for (const [i, example] of index.examples.entries()) {
      const [from, to] = example.lines;
      assert.ok(from <= to && from >= (index.examples[i - 1]?.lines[0] ?? 1), example.file);
    }
  });

  test("no file of warnings is left without its example", () => {
    const files = readdirSync(join(FIXTURES, "manual"));
    const orphans = files.filter(
      (name) => name.endsWith(".warnings") && !files.includes(name.replace(/\.warnings$/, ".conf")),
    );
    assert.deepEqual(orphans, []);
  });

  for (const { file } of index.examples) {
    test(file, () => check("manual", file));
  }
});

describe("URLs of the other manuals", () => {
  for (const file of examplesIn("other")) {
    test(file, () => check("other", file));
  }
});
