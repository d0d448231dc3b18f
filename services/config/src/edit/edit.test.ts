import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parse } from "../syntax/parse.ts";
import { print, statementsOf } from "../syntax/tree.ts";
import { arbitraryFile } from "../testing/arbitrary.ts";
import type { Change, Line } from "./change.ts";
import { edit, findBlock } from "./edit.ts";

const FILE = `# Global settings
http 80;  # the port

# Channels
stream ort {
  # main
  url udp://239.0.0.1:1234;   # from the roof
  url tshttp://b/c priority=2;
  dvr /storage 7d;
}

stream one { url udp://239.0.0.3:1; }
stream rtr {}
`;

function changed(change: Change, text = FILE): string {
  return print(edit(parse(text, "t").tree, change));
}

describe("edits", () => {
  const ort = { name: "ort" };
  const cases: readonly (readonly [what: string, change: Change, from: string, to: string])[] = [
    [
      "an option that is there",
      { op: "set-option", block: ort, line: ["dvr", "/storage", "3 d"] },
      "dvr /storage 7d;",
      'dvr /storage "3 d";',
    ],
    [
      "an option that is not",
      { op: "set-option", block: ort, line: ["source_timeout", "10"] },
      "  dvr /storage 7d;\n",
      "  dvr /storage 7d;\n  source_timeout 10;\n",
    ],
    [
      "one of several URLs, by its first value",
      { op: "set-option", block: ort, match: "tshttp://b/c", line: ["input", "tshttp://d/e"] },
      "tshttp://b/c priority=2;",
      "tshttp://d/e;",
    ],
    [
      "one more URL goes behind the others, comment and all",
      { op: "set-option", block: ort, append: true, line: ["url", "tstcp://x:1"] },
      "priority=2;\n",
      "priority=2;\n  url tstcp://x:1;\n",
    ],
    [
      "a flag",
      { op: "set-option", block: ort, line: ["disabled"] },
      "  dvr /storage 7d;\n",
      "  dvr /storage 7d;\n  disabled;\n",
    ],
    ["removing an option", { op: "remove-option", block: ort, option: "dvr" }, "  dvr /storage 7d;\n", ""],
    [
      "removing a line with its comment",
      { op: "remove-option", block: ort, option: "url", match: "udp://239.0.0.1:1234" },
      "  url udp://239.0.0.1:1234;   # from the roof\n",
      "",
    ],
    [
      "in a block on one line",
      { op: "set-option", block: { name: "one" }, line: ["disabled"] },
      "url udp://239.0.0.3:1; }",
      "url udp://239.0.0.3:1; disabled; }",
    ],
    [
      "from a block on one line",
      { op: "remove-option", block: { name: "one" }, option: "url" },
      "{ url udp://239.0.0.3:1; }",
      "{ }",
    ],
    [
      "in an empty block",
      { op: "set-option", block: { name: "rtr" }, line: ["url", "fake://clock"] },
      "stream rtr {}",
      "stream rtr {\n  url fake://clock;\n}",
    ],
    ["the server's option", { op: "set-option", line: ["http", "8080"] }, "http 80;", "http 8080;"],
    [
      "a new option of the server",
      { op: "set-option", line: ["workers", "2"] },
      "# the port\n",
      "# the port\nworkers 2;\n",
    ],
    ["removing the server's option", { op: "remove-option", option: "http" }, "http 80;  # the port\n", ""],
    ["removing a stream", { op: "remove-block", block: { name: "rtr" } }, "stream rtr {}\n", ""],
    [
      "adding a stream",
      {
        op: "set-block",
        block: { keyword: "ondemand", name: "new/1" },
        lines: [
          ["url", "udp://h:1"],
          ["title", "A B"],
        ],
      },
      "stream rtr {}\n",
      'stream rtr {}\n\nondemand new/1 {\n  url udp://h:1;\n  title "A B";\n}\n',
    ],
    [
      "replacing a stream keeps the lines and comments that stay",
      {
        op: "set-block",
        block: ort,
        lines: [["url", "udp://239.0.0.1:1234"], ["url", "tshttp://b/c", "priority=3"], ["disabled"]],
      },
      "priority=2;\n  dvr /storage 7d;\n",
      "priority=3;\n  disabled;\n",
    ],
  ];
  for (const [what, change, from, to] of cases) {
    test(what, () => {
      assert.ok(FILE.includes(from));
      assert.equal(changed(change), FILE.replace(from, to));
    });
  }

  test("setting what is already so changes nothing", () => {
    assert.equal(changed({ op: "set-option", block: ort, line: ["dvr", "/storage", "7d"] }), FILE);
    const lines: Line[] = [
      ["url", "udp://239.0.0.1:1234"],
      ["input", "tshttp://b/c", "priority=2"],
      ["dvr", "/storage", "7d"],
    ];
    assert.equal(changed({ op: "set-block", block: ort, lines }), FILE);
  });

  test("ports with a block of their own are found by their port, and replaced and removed as a whole", () => {
    const text =
      "srt 9000 { latency 200; } # a\nsrt {\n  port 9001;\n}\nstream a {\n  srt_play { port 1; }\n}\n";
    const set = (line: Line, rest: { match?: string; block?: { name: string } } = {}): string =>
      changed({ op: "set-option", line, ...rest }, text);
    assert.equal(
      set(["srt", "9000", "passphrase=a b"], { match: "9000" }),
      text.replace("9000 { latency 200; }", '9000 passphrase="a b";'),
    );
    assert.equal(
      set(["srt", "9002"], { match: "9001" }),
      text.replace("srt {\n  port 9001;\n}", "srt 9002;"),
    );
    assert.equal(
      set(["srt_play", "2"], { block: { name: "a" } }),
      text.replace("srt_play { port 1; }", "srt_play 2;"),
    );
    assert.equal(
      changed({ op: "remove-option", option: "srt", match: "9001" }, text),
      text.replace("srt {\n  port 9001;\n}\n", ""),
    );
    assert.equal(
      changed({ op: "set-block", block: { name: "a" }, lines: [["srt_play", "2", "latency=5"]] }, text),
      text.replace("  srt_play { port 1; }\n", "\n  srt_play 2 latency=5;\n"),
    );
  });

  test("a missing semicolon is put in before a line is added", () => {
    const text = "stream a {\n  url udp://h:1\n}\n";
    const change: Change = { op: "set-option", block: { name: "a" }, line: ["disabled"] };
    assert.equal(changed(change, text), "stream a {\n  url udp://h:1;\n  disabled;\n}\n");
  });

  test("line ends stay as the file has them", () => {
    const text = "stream a {\r\n\turl udp://h:1; # x\r\n}\r\n";
    const change: Change = { op: "set-option", block: { name: "a" }, line: ["disabled"] };
    assert.equal(changed(change, text), "stream a {\r\n\turl udp://h:1; # x\r\n\tdisabled;\r\n}\r\n");
    const added = changed({ op: "set-block", block: { name: "b" }, lines: [["disabled"]] }, text);
    assert.equal(added, `${text}\r\nstream b {\r\n  disabled;\r\n}\r\n`);
  });

  test("the first stream and the first option of an empty file", () => {
    assert.equal(changed({ op: "set-block", block: { name: "b" }, lines: [] }, ""), "stream b {\n}\n");
    assert.equal(changed({ op: "set-option", line: ["http", "80"] }, "# x\n"), "http 80;\n# x\n");
  });
});

describe("refusals", () => {
  const cases: readonly (readonly [string, Change])[] = [
    ["no such stream", { op: "remove-block", block: { name: "nope" } }],
    ["no such option", { op: "remove-option", block: { name: "ort" }, option: "title" }],
    ["no such URL", { op: "set-option", block: { name: "ort" }, match: "x", line: ["url", "y"] }],
    ["a keyword that breaks out", { op: "set-option", line: ["a; b", "c"] }],
    ["a name that breaks out", { op: "set-block", block: { name: "a { } stream b" }, lines: [] }],
    ["a control character", { op: "set-option", line: ["title", "\u0000"] }],
  ];
  for (const [what, change] of cases) {
    test(what, () => assert.throws(() => changed(change), { code: "config-edit" }));
  }

  test("a file with errors is not edited", () => {
    const change: Change = { op: "set-option", line: ["http", "80"] };
    assert.throws(() => changed(change, "stream a {"), { code: "config-edit" });
  });
});

describe("properties", () => {
  const value = fc.string({ unit: fc.constantFrom(..."ab#;{}[]\"'\\= \n"), maxLength: 8 });

  test("a set option reads back, and everything else is as it was", () => {
    fc.assert(
      fc.property(arbitraryFile, fc.array(value, { maxLength: 3 }), (text, values) => {
        const before = parse(`${text}\nstream target {\n  url x; # c\n}\n# end\n`, "t").tree;
        const line: Line = ["zz_option", ...values];
        const after = edit(before, { op: "set-option", block: { name: "target" }, line });
        const block = findBlock(after, { name: "target" });
        const words = statementsOf(block?.block?.items ?? []).at(-1)?.words;
        assert.deepEqual(
          words?.map((word) => word.value),
          line,
        );
        const back = edit(after, { op: "remove-option", block: { name: "target" }, option: "zz_option" });
        assert.equal(back.text, before.text);
      }),
      { numRuns: 200 },
    );
  });

  test("adding a stream only appends, and removing it leaves a blank line at most", () => {
    fc.assert(
      fc.property(arbitraryFile, (text) => {
        const before = parse(text, "t").tree;
        const block = { name: "zz_stream" };
        const added = edit(before, { op: "set-block", block, lines: [["url", "udp://h:1"]] });
        assert.ok(added.text.startsWith(text));
        const back = edit(added, { op: "remove-block", block });
        assert.equal(back.text.trimEnd(), text.trimEnd());
      }),
      { numRuns: 200 },
    );
  });
});
