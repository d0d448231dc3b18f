import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { compile } from "./compile/compile.ts";
import { formatProblem } from "./problem.ts";
import { registryOf } from "./registry.ts";
import { sourceOf } from "./source.ts";
import { print } from "./syntax/tree.ts";

const CORPUS = join(import.meta.dirname, "../corpus");
const seeds = readdirSync(CORPUS)
  .toSorted()
  .map((name) => readFileSync(join(CORPUS, name), "utf8"));

/** One option of each kind that is read by rules of its own. */
const REGISTRY = registryOf([
  {
    options: [
      { name: "srt", scope: ["server"], type: "endpoint", repeat: true, doc: "" },
      { name: "srt_play", scope: ["stream"], type: "endpoint", doc: "" },
      { name: "latency", scope: ["endpoint"], type: "milliseconds", doc: "" },
      { name: "passphrase", scope: ["endpoint"], type: "text", doc: "" },
      { name: "drop", scope: ["endpoint"], type: "flag", doc: "" },
      { name: "allow", scope: ["endpoint"], type: "words", repeat: true, doc: "" },
    ],
  },
]);

const NO_FILES = {
  read: () => assert.fail("no file is read"),
  glob: () => [],
  identify: () => {
    throw new Error("there are no files");
  },
};

/** Whatever the text: no exception, sound places, the text kept. */
function survives(text: string): void {
  const source = sourceOf(text, "f.conf", NO_FILES);
  assert.equal(print(source.main), text);
  const { config, problems } = compile(source, REGISTRY, { cpus: 1 });
  assert.deepEqual(structuredClone(config), config);
  const lines = text.split(/\r\n|\n|\r/);
  for (const problem of problems) {
    assert.ok(problem.line >= 1 && problem.line <= lines.length, `line ${problem.line}`);
    assert.ok(problem.column >= 1 && problem.column <= (lines[problem.line - 1] ?? "").length + 1);
    assert.ok(formatProblem(problem).length > 0);
  }
}

test("the corpus", () => {
  assert.ok(seeds.length >= 5);
  for (const seed of seeds) survives(seed);
});

test("cut, doubled and stirred examples", () => {
  const piece = fc.constantFrom(
    "{",
    "}",
    ";",
    '"',
    "'",
    "#",
    "[",
    "]",
    "=",
    "\\",
    "\n",
    " ",
    "?",
    "port ",
    "srt 9000 ",
    "latency=",
    "://",
    "\u0000",
    "…",
  );
  const change = fc.record({
    at: fc.nat(),
    cut: fc.nat({ max: 12 }),
    put: fc.array(piece, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.array(change, { maxLength: 8 }), (seed, changes) => {
      let text = seed;
      for (const { at, cut, put } of changes) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + put.join("") + text.slice(place + cut);
      }
      survives(text);
    }),
    { numRuns: 300 },
  );
});

test("random text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), survives), { numRuns: 150 });
});

test("hostile shapes do not exhaust the stack or the clock", () => {
  const shapes = [
    "{",
    "}",
    "a{",
    "[",
    '="',
    "=",
    '"',
    "a=",
    "stream a{",
    "url ",
    "\\",
    "?",
    "&a=b",
    "# ",
    "a\n",
    "srt 9000{",
    "srt 9000 latency=",
    "srt{port ",
  ];
  for (const shape of shapes) survives(shape.repeat(5000));
  survives("}".repeat(70_000));
  survives(`a {${"b;".repeat(70_000)}}`);
  survives(`stream a { url udp://x?${"a&".repeat(2000)}; }`);
});
