import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EndpointConfig } from "@millrace/model";
import fc from "fast-check";
import { diff } from "../diff.ts";
import { problemLine } from "../problem.ts";
import { renderReference } from "../reference.ts";
import { registryOf } from "../registry.ts";
import { sourceOf } from "../source.ts";
import { quote } from "../syntax/quote.ts";
import { formatAddress } from "../values/address.ts";
import { compile } from "./compile.ts";

const REGISTRY = registryOf([
  {
    schemes: ["srt"],
    pushSchemes: ["srt"],
    options: [
      { name: "srt", scope: ["server"], type: "endpoint", repeat: true, doc: "Ports." },
      { name: "srt_play", scope: ["stream"], type: "endpoint", repeat: true, doc: "Play." },
      { name: "srt_publish", scope: ["stream"], type: "endpoint", doc: "Publish." },
      {
        name: "latency",
        scope: ["input", "push", "endpoint"],
        type: "milliseconds",
        max: 60_000,
        doc: "Late.",
      },
      { name: "passphrase", scope: ["input", "push", "endpoint"], type: "text", doc: "Secret." },
      { name: "mode", scope: ["input"], type: "word", choices: ["caller", "listener"], doc: "" },
      { name: "access", scope: ["endpoint"], under: ["srt"], type: "words", doc: "Only shared ports." },
      { name: "tlpktdrop", scope: ["endpoint"], type: "flag", doc: "A flag." },
    ],
  },
  { schemes: ["udp"], options: [{ name: "loop", scope: ["input"], type: "flag", doc: "" }] },
  {
    options: [{ name: "rtmp", scope: ["server"], type: "endpoint", repeat: true, doc: "Another protocol." }],
  },
]);

function compileText(text: string) {
  return compile(sourceOf(text, "/etc/t.conf"), REGISTRY, { cpus: 1 });
}

/** What `srt` lines say. */
function ports(text: string): unknown {
  const { config, problems } = compileText(text);
  assert.deepEqual(problems.map(problemLine), []);
  assert.deepEqual(config.options, {});
  return config.ports?.["srt"];
}

describe("lines with a port", () => {
  const late = [{ port: 9000, options: { latency: 200 } }];
  const full = [{ host: "0.0.0.0", port: 9000, options: { passphrase: "0123456789", latency: 200 } }];
  const cases: readonly (readonly [text: string, value: readonly EndpointConfig[]])[] = [
    ["srt 9000;", [{ port: 9000, options: {} }]],
    ["srt=9000;", [{ port: 9000, options: {} }]],
    ["srt [::1]:9000;", [{ host: "::1", port: 9000, options: {} }]],
    ["srt 9000 latency=200;", late],
    ["srt latency=200 9000;", late],
    ["srt port=9000 latency=200;", late],
    ["srt 9000 { latency 200; }", late],
    ["srt 9000 { latency=200ms }", late],
    ["srt { port 9000; latency 200; }", late],
    ["srt { latency 0.2s; port 9000; }", late],
    ["srt 0.0.0.0:9000 passphrase=0123456789 latency=200;", full],
    ["srt 0.0.0.0:9000 passphrase=0123456789 { latency 200; }", full],
    ["srt {\n  passphrase 0123456789; # secret\n  latency 200;\n  port 0.0.0.0:9000;\n}", full],
    ['srt 9000 passphrase="a b;c";', [{ port: 9000, options: { passphrase: "a b;c" } }]],
    ['srt 9000 { passphrase "a b;c"; }', [{ port: 9000, options: { passphrase: "a b;c" } }]],
    ["srt 9000 tlpktdrop;", [{ port: 9000, options: { tlpktdrop: true } }]],
    ["srt 9000 { tlpktdrop off; }", [{ port: 9000, options: { tlpktdrop: false } }]],
    ["srt 9000 access=a,b;", [{ port: 9000, options: { access: ["a", "b"] } }]],
    [
      "srt 9000; srt { port 9001; } srt 10.0.0.1:9000;",
      [
        { port: 9000, options: {} },
        { port: 9001, options: {} },
        { host: "10.0.0.1", port: 9000, options: {} },
      ],
    ],
  ];
  for (const [text, value] of cases) {
    test(text.replaceAll("\n", " "), () => {
      assert.deepEqual(ports(text), value);
      assert.deepEqual(structuredClone(value), value);
    });
  }

  test("in streams, prefixes and patterns", () => {
    const { config, problems } = compileText(`
      stream a { srt_play 9998; srt_play 9997 latency=1s; srt_publish { port 9999; passphrase x; } }
      live b { srt_publish 9996; }
      rewrite c/* { url udp://%s; srt_play 9995; }`);
    assert.deepEqual(problems.map(problemLine), []);
    assert.deepEqual(config.streams[0]?.options, {});
    assert.deepEqual(config.streams[0]?.ports, {
      srt_play: [
        { port: 9998, options: {} },
        { port: 9997, options: { latency: 1000 } },
      ],
      srt_publish: [{ port: 9999, options: { passphrase: "x" } }],
    });
    assert.deepEqual(config.livePrefixes[0]?.ports, { srt_publish: [{ port: 9996, options: {} }] });
    assert.deepEqual(config.rewrites[0]?.ports, { srt_play: [{ port: 9995, options: {} }] });
  });

  test("in URLs the same words stand in the query", () => {
    const { config, problems } = compileText(`stream a {
      input srt://:9001?mode=listener&latency=200;
      push srt://host:9000?passphrase=0123456789 latency=1s;
    }`);
    assert.deepEqual(problems.map(problemLine), []);
    const [stream] = config.streams;
    assert.deepEqual(stream?.inputs[0]?.options, { mode: "listener", latency: 200 });
    assert.deepEqual(stream?.pushes[0]?.options, { passphrase: "0123456789", latency: 1000 });
  });

  test("a reload sees whether they differ", () => {
    const of = (text: string) => compileText(text).config;
    const one = of("srt 9000 latency=200; stream a { srt_play 1; }");
    assert.equal(
      diff(one, of("srt { latency 200ms; port 9000; } stream a { srt_play { port 1; } }")).empty,
      true,
    );
    const other = diff(one, of("srt 9000 latency=201; stream a { srt_play 1 latency=1; }"));
    assert.deepEqual([other.ports, other.restart], [["srt"], []]);
    assert.deepEqual(other.changed[0]?.options, ["srt_play"]);
  });
});

describe("mistakes in lines with a port", () => {
  const cases: readonly (readonly [text: string, ...lines: string[]])[] = [
    ["srt;", '1:1: "srt" needs a port: write srt PORT; or srt { port PORT; … }'],
    ["srt { latency 200; }", '1:1: "srt" needs a port: write srt PORT; or srt { port PORT; … }'],
    ["srt 99999;", '1:5: bad value "99999" of "srt": expected a port, or HOST:PORT'],
    ["srt { port x; }", '1:12: bad value "x" of "srt": expected a port, or HOST:PORT'],
    ["srt { port; }", '1:7: "port" needs one value: a port, or HOST:PORT'],
    ["srt { port 1 2; }", '1:7: "port" needs one value: a port, or HOST:PORT'],
    ["srt 9000 9001;", '1:10: "srt" has a port already: write another line for a second one'],
    ["srt 9000 { port 9001; }", '1:17: "srt" has a port already: write another line for a second one'],
    ["srt 9000; srt 9000 latency=1;", '1:15: "srt 9000" is given twice'],
    ["stream a { srt_publish 1; srt_publish 2; }", '1:39: "srt_publish" is given twice'],
    ["srt 9000 latncy=200;", '1:10: unknown option "latncy" of "srt"; did you mean "latency"?'],
    ["srt 9000 { latncy 200; }", '1:12: unknown option "latncy" of "srt"; did you mean "latency"?'],
    ["srt 9000 { prt 1; }", '1:12: unknown option "prt" of "srt"; did you mean "port"?'],
    [
      "srt 9000 latency=x;",
      '1:18: bad value "x" of "latency": expected a time such as 500, 500ms or 2s (bare numbers are milliseconds)',
    ],
    ["srt 9000 latency=90s;", '1:18: bad value "90s" of "latency": expected at most 60s'],
    ["srt 9000 latency;", '1:10: "latency" needs a value: write latency=…'],
    ["srt 9000 { latency { } }", '1:12: "latency" takes no "{…}" block'],
    ["srt 9000 latency=1 { latency 2; }", '1:30: "latency" is given twice'],
    ["srt 9000 mode=listener;", '1:10: unknown option "mode" of "srt"'],
    ["stream a { srt_play 1 access=x; }", '1:23: unknown option "access" of "srt_play"'],
    ["rtmp 1935 latency=1;", '1:11: unknown option "latency" of "rtmp"'],
    ["latency 200;", '1:1: "latency" belongs behind a port: write srt PORT latency=…'],
    ["tlpktdrop;", '1:1: "tlpktdrop" belongs behind a port: write srt PORT tlpktdrop=…'],
    [
      "stream a { tlpktdrop; }",
      '1:12: "tlpktdrop" belongs behind a port: write srt PORT tlpktdrop=…, not in stream "a" itself',
    ],
    ["stream a { srt 9000; }", '1:12: "srt" belongs at the top of the file, not in stream "a"'],
    [
      "srt_play 9000;",
      '1:1: "srt_play" belongs in a block such as stream NAME { … }, not at the top of the file',
    ],
    ["srt 9000\nhttp 80;", '1:9: expected ";" after "9000", before "http" on line 2'],
    ["stream a { input srt://h:1?foo=1; }", '1:28: unknown option "foo" of the srt:// input'],
    [
      "stream a { input srt://h:1?latncy=1; }",
      '1:28: unknown option "latncy" of the srt:// input; did you mean "latency"?',
    ],
    [
      "stream a { push srt://h:1?pasphrase=1; }",
      '1:27: unknown option "pasphrase" of the push to srt://; did you mean "passphrase"?',
    ],
    [
      "stream a { input srt://h:1?loop; }",
      '1:28: "loop" does not apply to srt://: it is an option of udp://',
    ],
  ];
  for (const [text, ...lines] of cases) {
    test(text.replaceAll("\n", " "), () => {
      const { problems } = compileText(text);
      assert.deepEqual(
        problems.map(problemLine).toSorted(),
        lines.map((line) => `/etc/t.conf:${line}`).toSorted(),
      );
    });
  }

  test("what is wrong with one line leaves the others alone", () => {
    const { config } = compileText("srt 9000 latncy=1; srt x; srt 9001 { latency 5; foo; }");
    assert.deepEqual(config.ports?.["srt"], [
      { port: 9000, options: {} },
      { port: 9001, options: { latency: 5 } },
    ]);
  });
});

test("the reference lists the lines and their words", () => {
  const text = renderReference(REGISTRY);
  assert.match(text, /## Behind a port, or in its block/);
  assert.match(text, /\| `latency` \| `srt` `srt_play` `srt_publish` \| milliseconds to 60s \|/);
  assert.match(text, /\| `access` \| `srt` \| words \|/);
  assert.match(text, /\| `srt_publish` \| endpoint \|/);
  assert.match(text, /\| endpoint \| a port, or HOST:PORT, with options behind it or in a block \|/);
});

test("whatever is written, in whichever form, reads back the same", () => {
  const host = fc.constantFrom(undefined, "0.0.0.0", "10.1.2.3", "::", "media.example.com");
  const secret = fc.string({ unit: fc.constantFrom(..."aZ0 ;{}#\"'\\=?&[]"), minLength: 1, maxLength: 12 });
  const line = fc.record({
    host,
    port: fc.integer({ min: 1, max: 65_535 }),
    latency: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
    passphrase: fc.option(secret, { nil: undefined }),
    form: fc.constantFrom("words", "block", "inside"),
  });
  fc.assert(
    fc.property(line, ({ host: at, port, latency, passphrase, form }) => {
      const address = formatAddress({ ...(at === undefined ? {} : { host: at }), port });
      const given: [string, string][] = [];
      if (latency !== undefined) given.push(["latency", String(latency)]);
      if (passphrase !== undefined) given.push(["passphrase", passphrase]);
      const behind = given.map(([name, value]) => ` ${quote(`${name}=${value}`)}`).join("");
      const inside = given.map(([name, value]) => `${name} ${quote(value)};`).join(" ");
      const text = {
        words: `srt ${address}${behind};`,
        block: `srt ${address} { ${inside} }`,
        inside: `srt { ${inside} port ${address} }`,
      }[form];
      const options = {
        ...(latency === undefined ? {} : { latency }),
        ...(passphrase === undefined ? {} : { passphrase }),
      };
      assert.deepEqual(ports(text), [{ ...(at === undefined ? {} : { host: at }), port, options }], text);
    }),
    { numRuns: 300 },
  );
});
