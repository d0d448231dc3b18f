import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { eventually } from "../../../tests/contract/index.ts";
import type { Awaitable, ViewerSession } from "../api.ts";
import { CountedMemory } from "../testing/counted-memory.ts";
import { openDoor } from "../testing/door-kit.ts";
import { type Client, http1Client, http2Client, throughNode } from "../testing/http-clients.ts";
import { sendItem, sendText } from "./documents.ts";
import type { HttpRoute } from "./route.ts";

const CACHE = "public, max-age=60";
const PLAYLIST = `#EXTM3U\n${"segment.ts\n".repeat(300)}`;
const pattern = (bytes: number, from: number) =>
  Uint8Array.from({ length: bytes }, (_, i) => (from + i) & 0xff);
const PIECES = [pattern(100_000, 7), pattern(250_000, 9)];
const HEAD = pattern(188, 1);
const WHOLE = Buffer.concat([HEAD, ...PIECES]);

async function serve(t: TestContext) {
  const memory = new CountedMemory();
  const item = memory.item("video/mp2t", HEAD, PIECES);
  const init = memory.item("video/mp4", HEAD, []);
  const sent: number[] = [];
  const session: ViewerSession = { id: "1", stream: "one", bytes: 0, skips: 0, lagBytes: 0, close: () => {} };
  const methods = ["GET", "HEAD"];
  const note = async (bytes: Awaitable<number>): Promise<void> => void sent.push(await bytes);
  const routes: HttpRoute[] = [
    {
      methods,
      documents: true,
      pattern: /^\/list$/,
      handle: (exchange) =>
        note(sendText(exchange, { type: "text/x-list", text: PLAYLIST, cache: CACHE, session })),
    },
    {
      methods,
      documents: true,
      pattern: /^\/short$/,
      handle: (exchange) =>
        note(sendText(exchange, { type: "text/plain", text: "short\n", cache: "no-store", status: 202 })),
    },
    {
      methods,
      documents: true,
      pattern: /^\/seg\.ts$/,
      handle: (exchange) => note(sendItem(memory, exchange, item, { cache: CACHE, session })),
    },
    {
      methods,
      documents: true,
      pattern: /^\/init\.mp4$/,
      handle: (exchange) => note(sendItem(memory, exchange, init, { cache: CACHE })),
    },
  ];
  const open = await openDoor(t, routes);
  const clients: Record<string, Client> = {
    "HTTP/1.1": http1Client(open.port),
    "HTTP/1.1 by Node's server": throughNode(http1Client(open.port)),
    "HTTP/1.1 over TLS": http1Client(open.tlsPort, { tls: true }),
    "HTTP/2": http2Client(t, open.tlsPort),
  };
  return { ...open, memory, sent, session, clients };
}

test("a text: headers, entity tag, 304, HEAD", async (t) => {
  const { clients, sent } = await serve(t);
  for (const [name, ask] of Object.entries(clients)) {
    const whole = await ask("/list");
    assert.equal(whole.status, 200, name);
    assert.equal(whole.body.toString(), PLAYLIST);
    assert.equal(whole.headers["content-type"], "text/x-list");
    assert.equal(whole.headers["content-length"], String(PLAYLIST.length));
    assert.equal(whole.headers["cache-control"], CACHE);
    assert.equal(whole.headers["access-control-allow-origin"], "*");
    assert.match(whole.headers["access-control-expose-headers"] ?? "", /Content-Range/);
    assert.equal(whole.headers.vary, "Accept-Encoding");
    const etag = whole.headers.etag ?? "";
    const same = await ask("/list", { headers: { "if-none-match": etag } });
    assert.deepEqual([same.status, same.body.length, same.headers.etag], [304, 0, etag]);
    assert.equal((await ask("/list", { headers: { "if-none-match": '"other"' } })).status, 200);
    const head = await ask("/list", { method: "HEAD" });
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal(head.headers["content-length"], String(PLAYLIST.length));
    assert.deepEqual(sent.splice(0), [PLAYLIST.length, 0, PLAYLIST.length, 0]);
    const short = await ask("/short", { headers: { "accept-encoding": "br" } });
    assert.deepEqual([short.status, short.body.toString(), short.headers.vary], [202, "short\n", undefined]);
    sent.length = 0;
  }
});

test("a long text is compressed as the client likes, each form with a tag of its own", async (t) => {
  const { clients } = await serve(t);
  for (const ask of Object.values(clients)) {
    const plain = await ask("/list");
    const gzip = await ask("/list", { headers: { "accept-encoding": "gzip" } });
    const br = await ask("/list", { headers: { "accept-encoding": "gzip, br" } });
    assert.equal(gzip.headers["content-encoding"], "gzip");
    assert.equal(gunzipSync(gzip.body).toString(), PLAYLIST);
    assert.equal(br.headers["content-encoding"], "br");
    assert.equal(brotliDecompressSync(br.body).toString(), PLAYLIST);
    assert.equal(new Set([plain.headers.etag, gzip.headers.etag, br.headers.etag]).size, 3);
    const headers = { "accept-encoding": "br", "if-none-match": br.headers.etag ?? "" };
    assert.equal((await ask("/list", { headers })).status, 304);
  }
});

test("a document in shared memory: whole, ranges, 304, HEAD; every hold is given back", async (t) => {
  const { clients, memory, sent } = await serve(t);
  for (const [name, ask] of Object.entries(clients)) {
    const whole = await ask("/seg.ts");
    assert.equal(whole.status, 200, name);
    assert.ok(whole.body.equals(WHOLE));
    assert.equal(whole.headers["content-length"], String(WHOLE.length));
    assert.equal(whole.headers["accept-ranges"], "bytes");
    const etag = whole.headers.etag ?? "";
    assert.match(etag, /^"[^"]+"$/);
    const ranges: [string, number, number][] = [
      ["bytes=0-99", 0, 100],
      ["bytes=100-299", 100, 300],
      ["bytes=100180-100199", 100_180, 100_200],
      ["bytes=200000-", 200_000, WHOLE.length],
      ["bytes=-5", WHOLE.length - 5, WHOLE.length],
    ];
    for (const [range, from, to] of ranges) {
      const part = await ask("/seg.ts", { headers: { range } });
      assert.equal(part.status, 206, range);
      assert.equal(part.headers["content-range"], `bytes ${from}-${to - 1}/${WHOLE.length}`);
      assert.ok(part.body.equals(WHOLE.subarray(from, to)), range);
    }
    const beyond = await ask("/seg.ts", { headers: { range: `bytes=${WHOLE.length}-` } });
    assert.deepEqual([beyond.status, beyond.headers["content-range"]], [416, `bytes */${WHOLE.length}`]);
    const stale = await ask("/seg.ts", { headers: { range: "bytes=0-9", "if-range": '"old"' } });
    assert.deepEqual([stale.status, stale.body.length], [200, WHOLE.length]);
    const fresh = await ask("/seg.ts", { headers: { range: "bytes=0-9", "if-range": etag } });
    assert.deepEqual([fresh.status, fresh.body.length], [206, 10]);
    assert.equal((await ask("/seg.ts", { headers: { "if-none-match": etag } })).status, 304);
    const head = await ask("/seg.ts", { method: "HEAD", headers: { range: "bytes=0-9" } });
    assert.deepEqual([head.status, head.headers["content-length"]], [200, String(WHOLE.length)]);
    assert.equal((await ask("/init.mp4")).headers.etag?.startsWith('"init.mp4-'), true);
    await eventually(() => memory.held === 0, { what: () => `${name}: ${memory.held} holds` });
  }
  assert.equal(sent[0], WHOLE.length);
});

test("a session counts the bytes of bodies", async (t) => {
  const { clients, session } = await serve(t);
  for (const ask of Object.values(clients)) {
    const before = session.bytes;
    await ask("/list");
    const { etag = "" } = (await ask("/seg.ts")).headers;
    await ask("/seg.ts", { headers: { range: "bytes=0-99" } });
    await ask("/seg.ts", { method: "HEAD" });
    await ask("/seg.ts", { headers: { "if-none-match": etag } });
    assert.equal(session.bytes - before, PLAYLIST.length + WHOLE.length + 100);
  }
});

test("a document whose memory is gone in part is not found", async (t) => {
  const { clients, memory } = await serve(t);
  memory.gone.add(1);
  for (const ask of Object.values(clients)) {
    assert.equal((await ask("/seg.ts")).status, 404);
    assert.equal((await ask("/seg.ts", { headers: { range: "bytes=0-99" } })).status, 206);
    assert.equal(memory.held, 0);
  }
});

test("a client that goes in the middle leaves no hold", async (t) => {
  const { port, tlsPort, memory } = await serve(t);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET /seg.ts HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  socket.resetAndDestroy();
  await eventually(() => memory.held === 0);
  const { session } = http2Client(t, tlsPort);
  const stream = session.request({ ":path": "/seg.ts" });
  stream.on("error", () => {});
  await new Promise((resolve) => stream.once("data", resolve));
  assert.ok(memory.held > 0, "the window of a stream is smaller than the document");
  stream.close(8);
  await eventually(() => memory.held === 0);
  const last = session.request({ ":path": "/seg.ts" });
  last.on("error", () => {});
  await new Promise((resolve) => last.once("data", resolve));
  session.destroy();
  await eventually(() => memory.held === 0);
});
