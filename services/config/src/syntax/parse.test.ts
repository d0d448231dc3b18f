import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { problemLine } from "../problem.ts";
import { arbitraryFile } from "../testing/arbitrary.ts";
import { parse } from "./parse.ts";
import { quote, unquote } from "./quote.ts";
import { print, statementsOf } from "./tree.ts";

function wordsOf(text: string): readonly (readonly string[])[] {
  return statementsOf(parse(text, "t").tree.items).map(({ words }) => words.map((word) => word.value));
}

describe("words", () => {
  const cases: readonly (readonly [text: string, ...words: string[]])[] = [
    ["url udp://239.0.0.1:1234/10.0.0.1;", "url", "udp://239.0.0.1:1234/10.0.0.1"],
    ["url rtsp://a/user=x&password=&c=0;", "url", "rtsp://a/user=x&password=&c=0"],
    ['a enc="vb=1 ab=2" b;', "a", "enc=vb=1 ab=2", "b"],
    ["a 'x; {y}' z;", "a", "x; {y}", "z"],
    [String.raw`a "q\"q\\ \t|\d";`, "a", `q"q\\ \t|\\d`],
    ["a it's;", "a", "it's"],
    ['a 5"x;', "a", '5"x'],
    ["a x#y # note ; {\n z;", "a", "x#y", "z"],
    ["a srt://h:1?streamid=#!::r=1,m=publish;", "a", "srt://h:1?streamid=#!::r=1,m=publish"],
    ["push http(s)://p.[HOST NAME].x/[A B]/;", "push", "http(s)://p.[HOST NAME].x/[A B]/"],
    ["a [b c;", "a", "[b", "c"],
    ["a =b;", "a", "=b"],
    ['a "";', "a", ""],
    ["\ufeffa б;", "a", "б"],
  ];
  for (const [text, ...words] of cases) {
    test(text, () => assert.deepEqual(wordsOf(text), [words]));
  }
});

describe("statements", () => {
  test("the last one in a block may go without its semicolon", () => {
    const parsed = parse("stream a { url x }\nstream b{y}", "t");
    assert.deepEqual(parsed.problems, []);
    assert.equal(parsed.tree.items.length, 2);
  });

  test("semicolons on their own mean nothing", () => {
    assert.deepEqual(parse(";; a {;};", "t").problems, []);
  });
});

describe("syntax errors", () => {
  const cases: readonly (readonly [text: string, ...lines: string[]])[] = [
    ["http 80", 't:1:6: expected ";" or "{" after "80"'],
    [
      "a;\n}\nb;\n}",
      't:2:1: unexpected "}": no block is open here',
      't:4:1: unexpected "}": no block is open here',
    ],
    ["{ a; }", 't:1:1: expected a name before "{"'],
    ["s x {\n a;", 't:1:5: "{" of s "x" is never closed: expected "}" before the end of the file'],
    ['a "b;\nc;', 't:1:3: the text that starts with " has no closing " on its line'],
    ["a \u0001b;", 't:1:3: unexpected control character in "\\u0001b"'],
    ["a {".repeat(40), "t:1:99: blocks are nested more than 32 deep"],
  ];
  for (const [text, ...lines] of cases) {
    test(JSON.stringify(text.slice(0, 30)), () => {
      const { problems, tree } = parse(text, "t");
      assert.deepEqual(problems.map(problemLine).slice(0, lines.length), lines);
      assert.equal(print(tree), text);
    });
  }

  test("a block cut off names the block that is inside by mistake", () => {
    const [problem] = parse("stream a {\n url x;\nstream b {\n}\n", "t").problems;
    assert.equal(problem?.line, 1);
    assert.equal(problem?.related?.line, 3);
  });
});

describe("properties", () => {
  test("print gives every accepted text back", () => {
    fc.assert(
      fc.property(arbitraryFile, (text) => {
        const { tree, problems } = parse(text, "t");
        assert.deepEqual(problems, []);
        assert.equal(print(tree), text);
      }),
      { numRuns: 300 },
    );
  });

  test("print gives any text at all back, accepted or not", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab=#[];{}\"'\\\n\r\t ") }), (text) => {
        assert.equal(print(parse(text, "t").tree), text);
      }),
      { numRuns: 1000 },
    );
  });

  test("what is quoted reads back as one word of the same value", () => {
    const value = fc.string({ unit: fc.constantFrom(..."abк=#[];{}\"'\\\n\t .-") });
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.equal(unquote(quote(a)), a);
        assert.deepEqual(wordsOf(`k ${quote(a)} ${quote(b)};`), [["k", a, b]]);
      }),
      { numRuns: 1000 },
    );
  });
});
