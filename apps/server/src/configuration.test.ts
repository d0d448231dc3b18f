import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, problemLine, registryOf, sourceOf } from "@millrace/service-config";
import { registry } from "./configuration.ts";
import { PROTOCOLS } from "./protocols.ts";

test("tokens of session keys, as they are written", () => {
  const text = 'session_token 6yh2LkR9;\nsession_token "pQ81vb" news chats/*;\n';
  const { config, problems } = compile(sourceOf(text), registry(), { cpus: 1 });
  assert.deepEqual(problems.map(problemLine), []);
  assert.deepEqual(config.options["session_token"], ["6yh2LkR9", "pQ81vb news chats/*"]);
  const bare = compile(sourceOf("session_token;", "f"), registry(), { cpus: 1 });
  assert.deepEqual(bare.problems.map(problemLine), ['f:1:1: "session_token" needs a value: expected a text']);
});

test("options below a port name lines that exist", () => {
  const { options } = registryOf(PROTOCOLS);
  const lines = new Set(options.filter((spec) => spec.type === "endpoint").map((spec) => spec.name));
  for (const spec of options) {
    if (!spec.scope.includes("endpoint")) continue;
    for (const name of spec.under ?? []) assert.ok(lines.has(name), `${spec.name} stands under "${name}"`);
  }
});
