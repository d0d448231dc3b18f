import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkFile } from "./check.ts";
import { defaultConfig } from "./default-config.ts";
import { problemLine } from "./problem.ts";
import { renderReference } from "./reference.ts";
import { registryOf } from "./registry.ts";

const REGISTRY = registryOf([
  {
    schemes: ["fake"],
    pushSchemes: ["udp"],
    options: [
      { name: "dvr", scope: ["stream"], type: "words", doc: "Records | keeps.", example: "dvr /storage 7d;" },
      { name: "ttl", scope: ["push"], type: "integer", min: 1, max: 255, default: 1, doc: "Hops." },
    ],
  },
]);

function check(text: string) {
  const directory = mkdtempSync(join(tmpdir(), "millrace-check-"));
  try {
    const file = join(directory, "t.conf");
    writeFileSync(file, text);
    const result = checkFile(file, REGISTRY, { cpus: 1 });
    return { ...result, text: result.text.replaceAll(`${directory}/`, "") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("a good file", () => {
  const result = check("stream a { url fake://x; }\nlive b { }\n");
  assert.equal(result.text, "t.conf: good: 1 stream, 1 publish prefix");
  assert.deepEqual([result.errors, result.warnings], [0, 0]);
});

test("warnings and errors, with carets and counts", () => {
  const warned = check("stream a { url x; thumbnails; }");
  assert.equal(
    warned.text,
    `t.conf:1:16: warning: "x" is not a URL such as udp://239.0.0.1:1234: it is ignored
 1 | stream a { url x; thumbnails; }
   |                ^
t.conf:1:19: not supported yet: thumbnails
 1 | stream a { url x; thumbnails; }
   |                   ^^^^^^^^^^
t.conf: good: 1 stream, 2 warnings`,
  );
  const wrong = check("stream a { }\nstream a { logo x; }\n");
  assert.equal(
    wrong.text,
    `t.conf:2:8: "a" is already defined at t.conf:1:8
 2 | stream a { logo x; }
   |        ^
   = t.conf:1:8: first defined here
t.conf:2:12: not supported yet: logo
 2 | stream a { logo x; }
   |            ^^^^
t.conf: 1 error, 1 warning`,
  );
});

test("the built-in defaults are a demo stream on port 8080", () => {
  const { config, problems } = defaultConfig(REGISTRY, { cpus: 4 });
  assert.deepEqual(problems.map(problemLine), []);
  assert.deepEqual(config.http, [{ port: 8080 }]);
  assert.equal(config.workers, 4);
  assert.deepEqual(
    config.streams.map(({ name, inputs }) => [name, inputs[0]?.url]),
    [["demo", "fake://clock"]],
  );
});

test("the reference lists what works and what does not", () => {
  const text = renderReference(REGISTRY);
  assert.ok(text.includes("| `dvr` | words |  | Records \\| keeps. | `dvr /storage 7d;` |"));
  assert.ok(text.includes("| `ttl` | `udp://` | integer from 1 to 255 | `1` | Hops. |  |"));
  assert.ok(text.includes("| `clients_timeout`, `client_timeout` | seconds from 0 | `60s` |"));
  assert.ok(text.includes("| stream | recording | `dvr_offline` `cache` `replicate` |"));
  assert.ok(text.includes("Inputs from: `tshttp://`"));
  assert.ok(!/Pushes to:.*`udp:/.test(text));
});
