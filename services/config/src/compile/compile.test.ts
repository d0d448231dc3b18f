import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ServerConfig } from "@millrace/model";
import { formatProblem, hasErrors, problemLine } from "../problem.ts";
import { registryOf } from "../registry.ts";
import { sourceOf } from "../source.ts";
import { compile } from "./compile.ts";

const REGISTRY = registryOf([
  {
    schemes: ["udp", "rtp"],
    pushSchemes: ["udp"],
    options: [
      { name: "ttl", scope: ["push"], type: "integer", min: 1, max: 255, doc: "" },
      { name: "cbr", scope: ["push"], type: "kbit", doc: "" },
      { name: "loop", scope: ["input", "push"], type: "flag", doc: "" },
      { name: "pids", scope: ["input"], type: "integers", doc: "" },
    ],
  },
  { schemes: ["tshttp"], options: [{ name: "header.*", scope: ["input"], type: "text", doc: "" }] },
  { schemes: ["file"], options: [] },
  { options: [{ name: "segment_duration", scope: ["stream"], type: "seconds", doc: "" }] },
  { options: [{ name: "rtmp", scope: ["server"], type: "address", repeat: true, doc: "" }] },
]);

function compileText(text: string, exists?: (path: string) => boolean) {
  return compile(sourceOf(text, "/etc/t.conf"), REGISTRY, { cpus: 3, ...(exists && { exists }) });
}

function good(text: string): ServerConfig {
  const { config, problems } = compileText(text);
  assert.deepEqual(problems.map(problemLine), []);
  return config;
}

function only(text: string) {
  const [stream] = good(text).streams;
  assert.ok(stream);
  return stream;
}

describe("the model", () => {
  test("a stream with nothing in it has the defaults", () => {
    assert.deepEqual(only("stream a { }"), {
      name: "a",
      kind: "static",
      inputs: [],
      pushes: [],
      publishEnabled: false,
      disabled: false,
      retryLimit: 10,
      clientsTimeoutMs: 60_000,
      sourceTimeoutMs: 60_000,
      options: {},
    });
  });

  test("inputs: order, priority, time-outs, options behind the URL", () => {
    const { inputs } = only(`stream a {
      source_timeout 10;
      url tshttp://a/b?x=1 header.Referer=https://c/?d=e source_timeout=500ms;
      input udp://239.0.0.1:1 priority=1 pids=0x10,17 loop=off;
      urls udp://239.0.0.2:1 udp://239.0.0.3:1;
    }`);
    assert.deepEqual(
      inputs.map(({ url, priority, sourceTimeoutMs, options }) => [url, priority, sourceTimeoutMs, options]),
      [
        ["tshttp://a/b?x=1", 1, 500, { "header.Referer": "https://c/?d=e" }],
        ["udp://239.0.0.1:1", 1, 10_000, { pids: ["16", "17"], loop: false }],
        ["udp://239.0.0.2:1", 3, 10_000, {}],
        ["udp://239.0.0.3:1", 4, 10_000, {}],
      ],
    );
  });

  test("pushes: query and words, and the short form", () => {
    const { pushes } = only(`stream a {
      push udp://239.0.0.1:1?cbr=2200&ttl=8;
      udp 239.0.0.2:1?ttl=8 loop;
    }`);
    assert.deepEqual(pushes, [
      { url: "udp://239.0.0.1:1?cbr=2200&ttl=8", scheme: "udp", options: { cbr: 2_200_000, ttl: 8 } },
      { url: "udp://239.0.0.2:1?ttl=8", scheme: "udp", options: { ttl: 8, loop: true } },
    ]);
  });

  test("stream options, aliases, flags in all spellings", () => {
    const stream = only(`stream a {
      client_timeout 20; retry_limit 3; password "se cret"; publish_enabled=true; disabled on;
      title Channel One; segment_duration 4;
    }`);
    assert.equal(stream.clientsTimeoutMs, 20_000);
    assert.equal(stream.retryLimit, 3);
    assert.equal(stream.password, "se cret");
    assert.equal(stream.publishEnabled, true);
    assert.equal(stream.disabled, true);
    assert.deepEqual(stream.options, { title: "Channel One", segment_duration: 4000 });
  });

  test("on-demand streams, publish prefixes and patterns", () => {
    const config = good(`
      ondemand a { url udp://239.0.0.1:1; }
      live chats { password x; }
      rewrite nsk/* { url tshttp://nsk/%s; }
    `);
    assert.equal(config.streams[0]?.kind, "ondemand");
    assert.deepEqual([config.livePrefixes[0]?.name, config.livePrefixes[0]?.publishEnabled], ["chats", true]);
    assert.deepEqual(
      [config.rewrites[0]?.name, config.rewrites[0]?.inputs[0]?.url],
      ["nsk/", "tshttp://nsk/%s"],
    );
  });

  test("the server's own options", () => {
    const config = good("http 80; http [::1]:81; http 80; workers 0; rtmp 1935; rtmp 10.0.0.1:1936;");
    assert.deepEqual(config.http, [{ port: 80 }, { host: "::1", port: 81 }]);
    assert.equal(config.workers, 0);
    assert.deepEqual(config.options, { rtmp: ["1935", "10.0.0.1:1936"] });
    assert.equal(good("").workers, 3);
    assert.deepEqual(good("").http, []);
  });

  test("files are found through their locations", () => {
    const text = `
      stream a { backup vod/x/blank.ts; url file://vod/loop.ts; url file:///abs.ts; }
      file vod { path priv; paths /mnt/b /mnt/c; }`;
    const { config, problems } = compileText(text, (path) => path.startsWith("/mnt/c"));
    assert.deepEqual(problems, []);
    const [stream] = config.streams;
    assert.equal(stream?.backup?.url, "file:///mnt/c/x/blank.ts");
    assert.deepEqual(
      stream?.inputs.map((input) => input.url),
      ["file:///mnt/c/loop.ts", "file:///abs.ts"],
    );
    assert.deepEqual(config.fileLocations, [{ name: "vod", paths: ["/etc/priv", "/mnt/b", "/mnt/c"] }]);
  });
});

describe("errors", () => {
  const cases: readonly (readonly [text: string, ...lines: string[]])[] = [
    [
      "stream ort {\n  segment_durations 4;\n}",
      '2:3: unknown option "segment_durations" in stream "ort"; did you mean "segment_duration"?',
    ],
    ["steam a { }", '1:1: unknown block "steam"; did you mean "stream"?'],
    ["wrkers 2;", '1:1: unknown option "wrkers"; did you mean "workers"?'],
    [
      "retry_limit 2;",
      '1:1: "retry_limit" belongs in a block such as stream NAME { … }, not at the top of the file',
    ],
    ["stream a { workers 2; }", '1:12: "workers" belongs at the top of the file, not in stream "a"'],
    ["stream a { ttl 2; }", '1:12: "ttl" belongs behind the URL of a push, not in stream "a" itself'],
    [
      "stream a { priority 2; }",
      '1:12: "priority" belongs behind a URL: write url URL priority=…, not in stream "a" itself',
    ],
    ["stream a { retry_limit x; }", '1:24: bad value "x" of "retry_limit": expected a whole number'],
    ["stream a { retry_limit; }", '1:12: "retry_limit" needs a value: expected a whole number'],
    ["stream a { retry_limit 1 2; }", '1:26: unexpected "2": "retry_limit" takes one value'],
    ["stream a { retry_limit 1; retry_limit 2; }", '1:39: "retry_limit" is given twice'],
    ["stream a { retry_limit { } }", '1:12: "retry_limit" takes no "{…}" block'],
    ["stream a { url; }", '1:12: expected a URL after "url"'],
    ["stream a { url udp://x foo=1; }", '1:24: unknown option "foo" of the udp:// input'],
    ["stream a { url udp://x pids; }", '1:24: "pids" needs a value: write pids=…'],
    ["stream a { url udp://x priority=0; }", '1:33: bad value "0" of "priority": expected at least 1'],
    ["stream a { push udp://x?ttl=900; }", '1:29: bad value "900" of "ttl": expected at most 255'],
    ["stream a { udp 1.2.3.4:5?ttl=900; }", '1:30: bad value "900" of "ttl": expected at most 255'],
    [
      "stream a { url tshttp://x loop; }",
      '1:27: "loop" does not apply to tshttp://: it is an option of udp://, rtp://',
    ],
    ["stream a { url udq://x; }", '1:16: unknown scheme "udq://" of an input; did you mean "udp"?'],
    [
      "stream a { url http://x; }",
      '1:16: "http://" does not say what comes: write tshttp:// for MPEG-TS or hls:// for HLS',
    ],
    ["stream { }", '1:1: expected a name after "stream"'],
    ["stream a;", '1:8: expected "{" after stream "a"'],
    ["stream a b { }", '1:10: expected "{" after stream "a", found "b"'],
    [
      'stream "a b" { }',
      '1:8: bad name "a b" of a stream: expected letters, digits, and . - _ with single slashes between',
    ],
    ["stream a/../b { }", '1:8: bad name "a/../b" of a stream: "." and ".." cannot be parts of it'],
    ["stream a { }\nondemand a { }", '2:10: "a" is already defined at /etc/t.conf:1:8'],
    ["rewrite a { }", '1:9: bad pattern "a" of a rewrite: expected one "*", at the end, as in nsk/*'],
    ["file v { pth /x; }", '1:10: unknown option "pth" in file "v"; did you mean "path"?'],
    ["http 99999;", '1:6: bad value "99999" of "http": expected a port, or HOST:PORT'],
  ];
  for (const [text, ...lines] of cases) {
    test(text.replaceAll("\n", " "), () => {
      const { problems } = compileText(text);
      assert.deepEqual(
        problems.map(problemLine),
        lines.map((line) => `/etc/t.conf:${line}`),
      );
      assert.ok(hasErrors(problems));
    });
  }

  test("every error is reported, each once, and the good parts are read", () => {
    const { config, problems } = compileText(`http 80x;
stream a {
  url udp://239.0.0.1:1
  segmnet_duration 4;
  retry_limit x;
stream b {
  url udq://1;
}
stream c { url udp://239.0.0.2:1; }
`);
    assert.deepEqual(
      problems.map(({ line, column, code }) => `${line}:${column} ${code}`),
      [
        "1:6 bad-value",
        "2:10 syntax",
        "3:24 syntax",
        "4:3 unknown-option",
        "5:15 bad-value",
        "7:7 bad-value",
      ],
    );
    assert.deepEqual(
      config.streams.map((stream) => stream.name),
      ["a", "b", "c"],
    );
  });

  test("the human form shows the line and a caret", () => {
    const [problem] = compileText("stream ort {\n\tsegment_durations 4;\n}").problems;
    assert.ok(problem);
    assert.equal(
      formatProblem(problem),
      [
        '/etc/t.conf:2:2: unknown option "segment_durations" in stream "ort"; did you mean "segment_duration"?',
        " 2 | \tsegment_durations 4;",
        "   | \t^^^^^^^^^^^^^^^^^",
      ].join("\n"),
    );
  });
});

describe("warnings", () => {
  const cases: readonly (readonly [text: string, ...lines: string[]])[] = [
    ["edit_auth a b;", "1:1: not supported yet: edit_auth"],
    ["auth_backend main { allow ip 1.1.1.1; deny ip 2.2.2.2; }", "1:1: not supported yet: auth_backend"],
    ["stream a {\n url udp://x;\n dvr /storage 7d;\n}", "3:2: not supported yet: dvr"],
    ["stream a { dvbsubs_ocr=true; }", "1:12: not supported yet: dvbsubs_ocr"],
    ["stream a { url rtsp://x tracks=1; }", "1:16: not supported yet: rtsp:// as an input"],
    ["stream a { url udp://x user_agent=b; }", "1:24: not supported yet: user_agent"],
    ["stream a { push udp://x?pcr=20&ttl=1; }", "1:25: not supported yet: pcr"],
    ["stream a { push rtmp://x/y; }", "1:17: not supported yet: rtmp:// as a push"],
    ["stream a { backup vod/a.mp4; }", "1:19: not supported yet: .mp4 files"],
    [
      "stream a { backup vod/a.ts; }",
      '1:19: there is no "file vod { path …; }" with a directory: "vod/a.ts" is ignored',
    ],
    [
      "file v { path /x; } stream a { backup v/../../etc/passwd; }",
      '1:39: "v/../../etc/passwd" leaves its file location: it is ignored',
    ],
    [
      "file v { path s3://k@b; cache /x; }",
      "1:15: not supported yet: s3:// as a path",
      "1:25: not supported yet: cache",
    ],
    ["stream a { url ...; }", '1:16: "..." stands for a URL: the line is ignored'],
  ];
  for (const [text, ...lines] of cases) {
    test(text.replaceAll("\n", " "), () => {
      const { problems } = compileText(text);
      assert.deepEqual(
        problems.map(problemLine),
        lines.map((line) => `/etc/t.conf:${line}`),
      );
      assert.ok(!hasErrors(problems));
    });
  }

  test("a registered option takes its word off the list", () => {
    const registry = registryOf([{ options: [{ name: "dvr", scope: ["stream"], type: "words", doc: "" }] }]);
    const { config, problems } = compile(sourceOf("stream a { dvr /s 7d; }"), registry, { cpus: 1 });
    assert.deepEqual(problems, []);
    assert.deepEqual(config.streams[0]?.options, { dvr: ["/s", "7d"] });
  });
});
