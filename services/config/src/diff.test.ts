import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./compile/compile.ts";
import { diff } from "./diff.ts";
import { sourceOf } from "./source.ts";

const REGISTRY = {
  options: [
    { name: "ttl", scope: ["push"], type: "integer", doc: "" },
    { name: "note", scope: ["server"], type: "text", doc: "" },
  ],
} as const;

function config(text: string) {
  return compile(sourceOf(text), REGISTRY, { cpus: 2 }).config;
}

const BASE = `http 80;
stream a { url udp://1; url udp://2; push udp://3; }
stream b { url udp://4; title B; }
live c { }
`;

test("the same configuration in another order and dress is no change", () => {
  const other = `stream "b" { title 'B'; input udp://4; }
# comment
stream a { push udp://3; url udp://1; url udp://2; source_timeout 1m; }
live c { } http 80;`;
  const { empty, changed } = diff(config(BASE), config(other));
  assert.deepEqual([empty, changed], [true, []]);
});

test("streams that come, go and change", () => {
  const now = config(`http 80;
stream a { url udp://2; url udp://1; push udp://3 ttl=3; }
ondemand b { url udp://4; retry_limit 3; }
stream d { }
`);
  const result = diff(config(BASE), now);
  assert.deepEqual(
    result.changed.map(({ name, inputs, pushes, backup, options }) => ({
      name,
      inputs,
      pushes,
      backup,
      options,
    })),
    [
      { name: "a", inputs: true, pushes: true, backup: false, options: [] },
      { name: "b", inputs: false, pushes: false, backup: false, options: ["kind", "retryLimit", "title"] },
    ],
  );
  assert.deepEqual(
    [result.added, result.removed, result.livePrefixes.removed].map((list) =>
      list.map((stream) => stream.name),
    ),
    [["d"], [], ["c"]],
  );
  assert.deepEqual(result.restart, []);
  assert.equal(result.empty, false);
});

test("what takes a restart", () => {
  const now = config(BASE.replace("http 80;", "http 81; workers 1; note x; file v { path /v; }"));
  const result = diff(config(BASE), now);
  assert.deepEqual(result.restart, ["http", "workers", "note"]);
  assert.equal(result.fileLocations, true);
  assert.deepEqual(result.changed, []);
});
