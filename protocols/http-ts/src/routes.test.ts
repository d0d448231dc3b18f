import assert from "node:assert/strict";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LaneReader, Logger, Runtime, Verdict } from "@millrace/engine";
import { type AccessRequest, MillraceError } from "@millrace/model";
import { httpTs } from "./index.ts";
import { FakeLane } from "./testing/fake-lane.ts";

const log: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => log };

/** The routes behind a real listener, over a runtime whose answers the test chooses. */
async function serve(t: TestContext) {
  const lane = new FakeLane();
  const state = {
    lane,
    verdict: { ok: true } as Verdict,
    refusal: undefined as string | undefined,
    asked: [] as AccessRequest[],
    opened: 0,
    closed: 0,
    published: Buffer.alloc(0),
    publications: 0,
    abort: new AbortController(),
  };
  const runtime: Partial<Runtime> = {
    log,
    authorize: (access) => {
      state.asked.push(access);
      return Promise.resolve(state.verdict);
    },
    read: async () => {
      await sleep(1);
      return state.lane.read(0) as LaneReader;
    },
    openSession: () => {
      state.opened++;
      return {
        id: "1",
        stream: "cam/one",
        bytes: 0,
        skips: 0,
        lagBytes: 0,
        close: () => void state.closed++,
      };
    },
    publish: () => {
      if (state.refusal !== undefined) return Promise.reject(new MillraceError(state.refusal, "not now"));
      state.publications++;
      let over = false;
      const end = (): void => {
        if (!over) state.publications--;
        over = true;
      };
      const ts = (bytes: Uint8Array): void => {
        state.published = Buffer.concat([state.published, bytes]);
      };
      return Promise.resolve({ writer: { ts }, signal: state.abort.signal, end });
    },
  };
  const routes = httpTs.routes?.(runtime as Runtime) ?? [];
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "/", "http://x");
    const query = Object.fromEntries(url.searchParams);
    for (const route of routes) {
      const match = route.pattern.exec(url.pathname);
      if (match === null || !route.methods.includes(incoming.method ?? "")) continue;
      const exchange = { request: incoming, response, path: url.pathname, query, match, ip: "127.0.0.1" };
      void Promise.resolve(route.handle(exchange)).catch(() => response.destroy());
      return;
    }
    response.writeHead(404).end();
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { state, port: (server.address() as AddressInfo).port };
}

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

function ask(port: number, options: Ask = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method = "GET", path = "/cam/one/mpegts", headers = {} } = options;
    const sent = request({ port, host: "127.0.0.1", agent: false, method, path, headers }, resolve);
    sent.on("error", reject);
    sent.end(options.body);
  });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !holds(); tries++) await sleep(10);
  assert.ok(holds(), what);
}

test("a viewer gets the lane from its start, as a body that the end of the connection ends", async (t) => {
  const { state, port } = await serve(t);
  state.lane.put(300, true);
  const response = await ask(port);
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers["content-type"], "video/mp2t");
  assert.equal(response.headers["transfer-encoding"], undefined);
  assert.equal(response.headers.connection, "close");
  const parts: Buffer[] = [];
  response.on("data", (part: Buffer) => parts.push(part));
  await until("the viewer is there", () => state.opened === 1);
  for (let i = 0; i < 20; i++) {
    state.lane.put(500);
    await sleep(5);
  }
  const expected = Buffer.concat([state.lane.tables, state.lane.written]);
  await until("all came", () => Buffer.concat(parts).length >= expected.length);
  assert.equal(Buffer.compare(Buffer.concat(parts), expected), 0);
  response.destroy();
  await until("the session ends with it", () => state.closed === 1);
  assert.equal(state.lane.held, 0);
  assert.equal(state.lane.readers, 0);
});

test("a stream that goes on in another lane goes on for its viewers", async (t) => {
  const { state, port } = await serve(t);
  state.lane.put(300, true);
  const response = await ask(port);
  const parts: Buffer[] = [];
  response.on("data", (part: Buffer) => parts.push(part));
  await until("the viewer is there", () => state.opened === 1);
  const [before, after] = [state.lane, new FakeLane()];
  before.end();
  await sleep(150);
  after.put(400, true);
  state.lane = after;
  const expected = Buffer.concat([before.tables, before.written, after.written]);
  await until("both came", () => Buffer.concat(parts).length >= expected.length);
  assert.equal(Buffer.compare(Buffer.concat(parts), expected), 0);
  assert.equal(before.readers, 0);
  assert.equal(state.opened, 1);
  response.destroy();
  await until("nothing is left", () => after.readers === 0);
});

test("HEAD gets the headers and holds nothing", async (t) => {
  const { state, port } = await serve(t);
  assert.equal((await ask(port, { method: "HEAD" })).statusCode, 200);
  await until("no reader is left", () => state.lane.readers === 0);
  assert.equal(state.opened, 0);
});

test("a client that goes while it is let in leaves nothing behind", async (t) => {
  const { state, port } = await serve(t);
  for (let i = 0; i < 10; i++) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /cam/mpegts HTTP/1.1\r\nHost: x\r\n\r\n");
    await sleep(i);
    socket.resetAndDestroy();
  }
  await sleep(50);
  assert.equal(state.lane.readers, 0);
  assert.equal(state.opened, state.closed);
});

for (const [reason, status] of [
  ["unauthorized", 401],
  ["forbidden", 403],
  ["not-found", 404],
] as const)
  for (const method of ["GET", "PUT", "POST"])
    test(`${method} that is ${reason}: ${status}, and no session`, async (t) => {
      const { state, port } = await serve(t);
      state.verdict = { ok: false, reason, text: "because" };
      const body = method === "GET" ? {} : { body: Buffer.alloc(1000) };
      const response = await ask(port, { method, ...body });
      assert.equal(response.statusCode, status);
      const text = await response.toArray();
      assert.equal(Buffer.concat(text as Buffer[]).toString(), "because\n");
      assert.deepEqual([state.opened, state.publications, state.lane.readers], [0, 0, 0]);
    });

test("the access check gets stream, token, user and password", async (t) => {
  const { state, port } = await serve(t);
  const authorization = `Basic ${Buffer.from("eve:pa:ss").toString("base64")}`;
  const headers = { authorization, "user-agent": "box", referer: "http://page/" };
  (await ask(port, { method: "HEAD", path: "/cam/one/mpegts?token=t%201", headers })).resume();
  const { query, ...access } = state.asked[0] as AccessRequest;
  assert.deepEqual(
    { ...access },
    {
      kind: "play",
      stream: "cam/one",
      protocol: "http-ts",
      ip: "127.0.0.1",
      token: "t 1",
      userAgent: "box",
      referer: "http://page/",
      user: "eve",
      password: "pa:ss",
    },
  );
  assert.equal(query["token"], "t 1");
});

for (const method of ["PUT", "POST"])
  test(`${method} publishes its body, byte for byte`, async (t) => {
    const { state, port } = await serve(t);
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i & 0xff));
    const response = await ask(port, { method, body });
    assert.equal(response.statusCode, 200);
    assert.equal(Buffer.compare(state.published, body), 0);
    assert.equal(state.asked[0]?.kind, "publish");
    await until("it is over", () => state.publications === 0);
  });

test("a second publisher is told that the stream is busy", async (t) => {
  const { state, port } = await serve(t);
  state.refusal = "busy";
  const response = await ask(port, { method: "PUT", body: Buffer.alloc(188) });
  assert.equal(response.statusCode, 409);
});

test("a publisher that dies in the middle ends the publication; what it sent stays", async (t) => {
  const { state, port } = await serve(t);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("PUT /cam/mpegts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n");
  socket.write(Buffer.alloc(90, 7));
  await until("its bytes came", () => state.published.length === 90);
  socket.resetAndDestroy();
  await until("it is over", () => state.publications === 0);
});

test("a publisher is cut off when its stream stops", async (t) => {
  const { state, port } = await serve(t);
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => (answer += bytes.toString("latin1")));
  socket.write("PUT /cam/mpegts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
  await until("its bytes came", () => state.published.length === 2);
  state.abort.abort();
  await new Promise((resolve) => socket.once("close", resolve));
  assert.match(answer, /^HTTP\/1\.1 503 /);
});
