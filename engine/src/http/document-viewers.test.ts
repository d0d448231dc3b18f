import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { AccessRequest } from "@millrace/model";
import type { Verdict } from "../api.ts";
import { DirectResponse } from "./direct/direct-response.ts";
import { DocumentViewers } from "./document-viewers.ts";
import type { DocumentExchange, HttpExchange } from "./route.ts";

const NO_ANSWER = {} as unknown as ServerResponse;

interface Ask {
  readonly stream?: string;
  readonly ip?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly response?: ServerResponse;
}

function exchangeOf({ stream = "one", ip = "::1", query = {}, headers = {}, response }: Ask): HttpExchange {
  const request = { method: "GET", httpVersionMajor: 1, headers } as unknown as IncomingMessage;
  const path = `/${stream}/x`;
  const match = /^\/(.+)\/x$/.exec(path) as RegExpExecArray;
  return { request, response: response ?? NO_ANSWER, path, query, match, ip };
}

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const state = {
    verdict: { ok: true } as Verdict,
    asked: [] as AccessRequest[],
    open: [] as string[],
    touched: [] as string[],
  };
  const viewers = new DocumentViewers({
    clock: { nowNs: () => Date.now() * 1e6, wallMs: () => Date.now() },
    authorize: async (access) => {
      state.asked.push(access);
      await Promise.resolve();
      return state.verdict;
    },
    knows: (stream) => stream !== "nobody",
    openSession: ({ stream, protocol }) => {
      const name = `${protocol} ${stream}`;
      state.open.push(name);
      const close = (): void => void state.open.splice(state.open.indexOf(name), 1);
      return { id: "1", stream, bytes: 0, skips: 0, lagBytes: 0, close };
    },
    touch: (stream) => void state.touched.push(stream),
  });
  return { state, viewers };
}

test("one session for all documents of a viewer, whichever protocol it asks; others are told apart", async (t) => {
  const { state, viewers } = setUp(t);
  const first = await viewers.admit(exchangeOf({}), "hls");
  assert.equal(await viewers.admit(exchangeOf({}), "dash"), first);
  assert.deepEqual(state.open, ["hls one"]);
  const others: Ask[] = [
    { stream: "two" },
    { ip: "::2" },
    { query: { token: "t" } },
    { query: { password: "p" } },
    { headers: { "user-agent": "box" } },
    { headers: { authorization: `Basic ${Buffer.from("a:b").toString("base64")}` } },
  ];
  for (const ask of others) assert.notEqual(await viewers.admit(exchangeOf(ask), "hls"), first);
  assert.equal(state.open.length, others.length + 1);
  assert.equal(state.asked.length, others.length + 1);
  const both = await Promise.all([
    viewers.admit(exchangeOf({ ip: "::9" }), "hls"),
    viewers.admit(exchangeOf({ ip: "::9" }), "hls"),
  ]);
  assert.equal(both[0], both[1]);
});

/** Requests of one connection whose headers did not change. */
function connectionOf(headers: Record<string, string>): (ask: Ask) => DocumentExchange {
  const line = { socket: new Socket(), wrote: () => {}, ended: () => {} };
  const shared = { ...headers };
  return (ask) => {
    const exchange = exchangeOf(ask);
    const response = new DirectResponse(line, { headOnly: false, close: false });
    return { ...exchange, request: { ...exchange.request, headers: shared }, response };
  };
}

test("requests that share their headers are told apart by all else, and hear when the session has ended", async (t) => {
  const { state, viewers } = setUp(t);
  const on = connectionOf({ "user-agent": "box" });
  const first = await viewers.admit(on({}), "hls");
  // Known by now: nothing is waited for.
  assert.equal(viewers.admit(on({}), "dash"), first);
  assert.equal(viewers.admit(on({ query: { _HLS_msn: "1" } }), "hls"), first);
  for (const ask of [{ stream: "two" }, { query: { token: "t" } }, { query: { user: "u" } }]) {
    const other = await viewers.admit(on(ask), "hls");
    assert.notEqual(other, first);
    assert.equal(viewers.admit(on(ask), "hls"), other);
    assert.equal(viewers.admit(on({}), "hls"), first);
  }
  assert.equal(state.asked.length, 4);
  assert.notEqual(await viewers.admit(connectionOf({ "user-agent": "other" })({}), "hls"), first);
  t.mock.timers.tick(40_000);
  assert.deepEqual(state.open, []);
  assert.notEqual(await viewers.admit(on({}), "hls"), first);
  assert.equal(state.asked.length, 6);
});

test("the owner of a stream hears of a viewer once a second", async (t) => {
  const { state, viewers } = setUp(t);
  for (let i = 0; i < 10; i++) {
    await viewers.admit(exchangeOf({}), "hls");
    t.mock.timers.tick(250);
  }
  assert.deepEqual(state.touched, ["one", "one", "one"]);
});

test("a session ends 30 s after the last request", async (t) => {
  const { state, viewers } = setUp(t);
  await viewers.admit(exchangeOf({}), "hls");
  t.mock.timers.tick(25_000);
  await viewers.admit(exchangeOf({}), "hls");
  t.mock.timers.tick(25_000);
  assert.deepEqual(state.open, ["hls one"]);
  t.mock.timers.tick(10_000);
  assert.deepEqual(state.open, []);
  await viewers.admit(exchangeOf({}), "hls");
  assert.deepEqual(state.open, ["hls one"]);
  assert.equal(state.asked.length, 2);
});

test("the verdict may name another stream, which is what the session and the worker hear of", async (t) => {
  const { state, viewers } = setUp(t);
  state.verdict = { ok: true, stream: "real" };
  const session = await viewers.admit(exchangeOf({ stream: "nobody" }), "hls");
  assert.equal(session?.stream, "real");
  assert.deepEqual([state.open, state.touched], [["hls real"], ["real"]]);
});

test("who is refused, or asks for what is not there, gets no session", async (t) => {
  const { state, viewers } = setUp(t);
  await assert.rejects(async () => viewers.admit(exchangeOf({ stream: "nobody" }), "hls"), {
    code: "not-found",
  });
  state.verdict = { ok: false, reason: "unauthorized" };
  let status = 0;
  const writeHead = (code: number): void => void (status = code);
  const response = { writeHead, setTimeout: () => {}, end: () => {} } as unknown as ServerResponse;
  assert.equal(await viewers.admit(exchangeOf({ response }), "hls"), undefined);
  assert.equal(status, 401);
  assert.deepEqual([state.open, state.touched], [[], []]);
});
