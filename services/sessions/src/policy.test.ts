import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessRequest, Options, ServerConfig } from "@millrace/model";
import { SessionDesk } from "./desk.ts";
import { sessionPolicy } from "./policy.ts";

const NEWS = "6e657773";
const KEY = "00000000000000aa";
const REQUEST: AccessRequest = {
  kind: "play",
  stream: NEWS,
  resource: NEWS,
  token: KEY,
  protocol: "srt",
  ip: "",
  query: {},
};

function serverWith(options: Options): ServerConfig {
  return { http: [], workers: 1, streams: [], livePrefixes: [], rewrites: [], fileLocations: [], options };
}

/** A worker whose control thread has issued one key for `news`. */
function setUp(options: Options = { session_token: ["x"] }) {
  const desk = new SessionDesk({ nowMs: () => 0, random: (into) => into.fill(0).fill(0xaa, 7) });
  assert.equal(desk.answer("sessions.issue", "news"), KEY);
  const runtime = {
    server: serverWith(options),
    ask: (question: string, argument?: string) => Promise.resolve<unknown>(desk.answer(question, argument)),
  };
  return (changes: Partial<AccessRequest> = {}) => sessionPolicy.judge({ ...REQUEST, ...changes }, runtime);
}

function without(...names: ("resource" | "token")[]): Partial<AccessRequest> {
  return Object.fromEntries(names.map((name) => [name, undefined])) as Partial<AccessRequest>;
}

for (const kind of ["play", "publish"] as const) {
  test(`a key lets one caller in to ${kind}`, async () => {
    const judge = setUp();
    assert.deepEqual(await judge({ kind }), { ok: true, stream: "news" });
    const again = await judge({ kind });
    assert.ok(again?.ok === false && again.reason === "forbidden");
  });
}

test("on a port of one stream the resource names that one", async () => {
  assert.deepEqual(await setUp()({ stream: "news" }), { ok: true, stream: "news" });
  const judge = setUp();
  const verdict = await judge({ stream: "sport" });
  assert.ok(verdict?.ok === false && verdict.reason === "forbidden");
  assert.deepEqual(await judge(), { ok: true, stream: "news" }, "the key is still good");
});

const REFUSED: readonly (readonly [what: string, changes: Partial<AccessRequest>, reason: string])[] = [
  ["no session", without("token"), "bad-request"],
  ["no resource", without("resource"), "bad-request"],
  ["neither", without("resource", "token"), "bad-request"],
  ["a session that is no number", { token: "secret" }, "bad-request"],
  ["an empty session", { token: "" }, "bad-request"],
  ["a resource that is no number", { stream: "news", resource: "news" }, "bad-request"],
  ["another session", { token: "00000000000000ab" }, "forbidden"],
  ["a part of the session", { token: "aa" }, "forbidden"],
  ["a resource that names nothing", { stream: "1", resource: "1" }, "forbidden"],
  ["another resource", { stream: "6e657774", resource: "6e657774" }, "forbidden"],
];
for (const [what, changes, reason] of REFUSED) {
  test(`${what}: ${reason}, and the key stays good`, async () => {
    const judge = setUp();
    const verdict = await judge(changes);
    assert.ok(verdict?.ok === false);
    assert.equal(verdict.reason, reason);
    assert.doesNotMatch(verdict.text ?? "", /0000|secret/, "no key in texts that are logged");
    assert.deepEqual(await judge(), { ok: true, stream: "news" });
  });
}

test("other protocols, and servers without tokens, are none of its business", () => {
  assert.equal(setUp()({ protocol: "http-ts" }), undefined);
  assert.equal(setUp({})(), undefined);
});
