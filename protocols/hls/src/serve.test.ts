import assert from "node:assert/strict";
import { createServer, get, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DocumentViewers, type HttpRoute, type Runtime, type ShelfReader, type Span } from "@millrace/engine";
import { tsRoutes } from "./serve.ts";

const BYTES = 8 * 1024 * 1024;

/** The HLS routes behind a real listener, over a runtime that counts what is held. */
async function serve(t: TestContext, options: { shelfDelayMs?: number; gone?: boolean } = {}) {
  const spans: Span[] = [0, 1].map((slab) => ({
    arena: 1,
    slab,
    generation: 1,
    offset: 0,
    length: BYTES / 2,
  }));
  const item = { type: "video/mp2t", head: new Uint8Array(188), spans, facts: { bytes: BYTES + 188 } };
  const state = { held: 0, most: 0, opened: 0 };
  const runtime: Partial<Runtime> = {
    clock: { nowNs: () => performance.now() * 1e6, wallMs: () => Date.now() },
    knows: () => true,
    authorize: async () => {
      await sleep(5);
      return { ok: true };
    },
    openSession: () => {
      state.opened++;
      return { id: "1", stream: "one", bytes: 0, skips: 0, lagBytes: 0, close: () => {} };
    },
    touch: () => {},
    shelf: async () => {
      await sleep(options.shelfDelayMs ?? 0);
      return { get: () => item } as Partial<ShelfReader> as ShelfReader;
    },
    holdSpan: (span) => {
      if (options.gone === true && span.slab === 1) return undefined;
      state.most = Math.max(state.most, ++state.held);
      return new Uint8Array(span.length);
    },
    releaseSpan: () => void state.held--,
  };
  const viewers = new DocumentViewers(runtime as Runtime);
  runtime.admit = (exchange, protocol) => viewers.admit(exchange, protocol);
  const route = tsRoutes(runtime as Runtime).find(({ pattern }) => pattern.test("/one/1-1.ts")) as HttpRoute;
  const server = createServer((request, response) => {
    const match = route.pattern.exec(request.url ?? "");
    assert.ok(match !== null);
    const work = route.handle({ request, response, path: request.url ?? "", query: {}, match, ip: "::1" });
    void Promise.resolve(work).catch(() => {
      response.statusCode = 404;
      response.end();
    });
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { state, port, url: `http://127.0.0.1:${port}/one/1-1.ts` };
}

async function released(state: { held: number; most: number }): Promise<void> {
  for (let tries = 0; tries < 100 && state.held !== 0; tries++) await sleep(20);
  assert.equal(state.held, 0);
}

function fetchSegment(url: string, method = "GET"): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, agent: false };
    get(url, options, resolve).on("error", reject);
  });
}

test("a segment's memory is released when it was sent", async (t) => {
  const { state, url } = await serve(t);
  const response = await fetchSegment(url);
  let bytes = 0;
  for await (const part of response) bytes += (part as Buffer).length;
  assert.equal(bytes, BYTES + 188);
  await released(state);
  assert.equal(state.most, 2);
});

test("…for a request without a body, and when half of it is gone already", async (t) => {
  const head = await serve(t);
  assert.equal((await fetchSegment(head.url, "HEAD")).headers["content-length"], String(BYTES + 188));
  await released(head.state);
  const gone = await serve(t, { gone: true });
  assert.equal((await fetchSegment(gone.url)).statusCode, 404);
  await released(gone.state);
  assert.equal(gone.state.most, 1);
});

test("…when the client goes away in the middle", async (t) => {
  const { state, url } = await serve(t);
  const response = await fetchSegment(url);
  response.on("error", () => {});
  response.once("data", () => response.destroy());
  await new Promise((resolve) => response.once("close", resolve));
  await released(state);
  assert.equal(state.most, 2);
});

test("…when it went away before there was anything to send", async (t) => {
  const { state, port } = await serve(t, { shelfDelayMs: 150 });
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /one/1-1.ts HTTP/1.1\r\nHost: x\r\n\r\n");
  await sleep(60);
  socket.resetAndDestroy();
  await sleep(200);
  assert.equal(state.most, 2);
  await released(state);
});

test("…and for every request that was pipelined on a connection that broke", async (t) => {
  const { state, port } = await serve(t);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write("GET /one/1-1.ts HTTP/1.1\r\nHost: x\r\n\r\n".repeat(5));
  await sleep(150);
  assert.ok(state.most > 2);
  // They are one viewer, though the second one asked before the first one was let in.
  assert.equal(state.opened, 1);
  socket.resetAndDestroy();
  await released(state);
});
