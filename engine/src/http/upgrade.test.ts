import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { type ClientOptions, WebSocket } from "ws";
import { eventually } from "../../../tests/contract/index.ts";
import { refusal } from "../errors.ts";
import { openDoor } from "../testing/door-kit.ts";
import { http1Client } from "../testing/http-clients.ts";
import type { HttpRoute } from "./route.ts";
import type { WebSocketLink } from "./websocket-link.ts";

interface Served {
  readonly links: WebSocketLink[];
  readonly texts: string[];
  readonly binaries: Buffer[];
  readonly closes: [number, string][];
}

async function serve(t: TestContext) {
  const state: Served = { links: [], texts: [], binaries: [], closes: [] };
  const routes: HttpRoute[] = [
    {
      methods: ["POST"],
      pattern: /^\/(.+)\/ws$/,
      handle: ({ response }) => void response.end("posted"),
      upgrade: async ({ query, ip, match, accept, refuse }) => {
        if (query["no"] !== undefined) return refuse(403, `${match[1]} is not for ${ip}`);
        if (query["busy"] !== undefined) throw refusal("busy", "not now");
        if (query["bug"] !== undefined) throw new Error("secret");
        const link = await accept({ protocol: "good" });
        link.onText = (text) => void state.texts.push(text);
        link.onBinary = (bytes) => void state.binaries.push(Buffer.from(bytes));
        link.onClose = (code, reason) => void state.closes.push([code, reason]);
        state.links.push(link);
      },
    },
    { methods: ["GET"], pattern: /^\/page$/, handle: ({ response }) => void response.end("page") },
  ];
  return { ...(await openDoor(t, routes)), state };
}

/** A client, and the first message that comes to it. */
async function open(t: TestContext, url: string, protocols: string[] = [], options: ClientOptions = {}) {
  const client = new WebSocket(url, protocols, { rejectUnauthorized: false, ...options });
  t.after(() => client.terminate());
  client.on("error", () => {});
  await once(client, "open");
  return client;
}

test("text and binary messages both ways, over plain HTTP and over TLS", async (t) => {
  const { port, tlsPort, state } = await serve(t);
  for (const url of [`ws://127.0.0.1:${port}/a/ws`, `wss://127.0.0.1:${tlsPort}/a/ws`]) {
    const client = await open(t, url, ["other", "good"]);
    assert.equal(client.protocol, "good");
    assert.equal(client.extensions, "");
    // At once: it may come before the route has set its handlers.
    client.send("hello");
    client.send(Buffer.alloc(60_000, 7));
    await eventually(() => state.texts.length === 1 && state.binaries.length === 1);
    assert.equal(state.texts.shift(), "hello");
    assert.ok(state.binaries.shift()?.equals(Buffer.alloc(60_000, 7)));
    const link = state.links.shift() as WebSocketLink;
    const got: [string, Buffer][] = [];
    client.on("message", (data, isBinary) => got.push([isBinary ? "binary" : "text", data as Buffer]));
    let written = 0;
    const lengths = [0, 1, 125, 126, 65_535, 65_536, 300_000];
    for (const length of lengths) {
      const shared = new Uint8Array(new SharedArrayBuffer(length)).fill(length & 0xff);
      link.send(shared, () => written++);
    }
    link.sendText("between");
    link.sendParts([], () => written++);
    link.sendParts(
      [new Uint8Array(2).fill(1), new Uint8Array(0), new Uint8Array(70_000).fill(2)],
      () => written++,
    );
    await eventually(() => got.length === lengths.length + 3 && written === lengths.length + 2);
    for (const [i, length] of lengths.entries()) {
      assert.equal(got[i]?.[0], "binary");
      assert.ok(got[i]?.[1].equals(Buffer.alloc(length, length & 0xff)), `${length} bytes`);
    }
    assert.deepEqual(got[lengths.length], ["text", Buffer.from("between")]);
    assert.equal(got[lengths.length + 1]?.[1].length, 0);
    assert.ok(
      got[lengths.length + 2]?.[1].equals(Buffer.concat([Buffer.alloc(2, 1), Buffer.alloc(70_000, 2)])),
    );
    link.close(4000, "enough");
    const [code, reason] = (await once(client, "close")) as [number, Buffer];
    assert.deepEqual([code, String(reason)], [4000, "enough"]);
    await eventually(() => state.closes.length === 1);
    assert.deepEqual(state.closes.shift(), [4000, "enough"]);
    assert.equal(link.closed, true);
    link.send(new Uint8Array(1), () => written++);
    assert.equal(written, lengths.length + 3, "a closed link is done with the bytes at once");
  }
});

test("what a route refuses or throws is answered in HTTP", async (t) => {
  const { port, state, log } = await serve(t);
  const cases: [string, number, string][] = [
    ["/a/ws?no", 403, "a is not for 127.0.0.1\n"],
    ["/a/ws?busy", 409, "not now\n"],
    ["/a/ws?bug", 500, "internal error\n"],
  ];
  for (const [path, status, text] of cases) {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    client.on("error", () => {});
    const [, response] = (await once(client, "unexpected-response")) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number },
    ];
    let body = "";
    for await (const part of response) body += String(part);
    assert.deepEqual([response.statusCode, body], [status, text]);
  }
  assert.equal(log.lines.filter((line) => line.includes("secret")).length, 1);
  assert.equal(state.links.length, 0);
});

test("a broken handshake is answered and leaves nothing; other upgrades are plain requests", async (t) => {
  const { port, state } = await serve(t);
  const ask = http1Client(port);
  const upgrade = { connection: "Upgrade", upgrade: "websocket" };
  assert.equal((await ask("/a/ws", { headers: { ...upgrade, "sec-websocket-version": "13" } })).status, 400);
  assert.equal((await ask("/page", { headers: upgrade })).body.toString(), "page");
  const h2c = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" };
  assert.equal((await ask("/page", { headers: h2c })).body.toString(), "page");
  assert.equal((await ask("/a/ws", { method: "POST", headers: upgrade })).body.toString(), "posted");
  assert.equal((await ask("/a/ws")).status, 405);
  assert.equal(state.links.length, 0);
});

test("a message that is too long, and a client that vanishes, end the link", async (t) => {
  const { port, state } = await serve(t);
  const client = await open(t, `ws://127.0.0.1:${port}/a/ws`);
  client.send(Buffer.alloc(70_000));
  const [code] = (await once(client, "close")) as [number];
  assert.equal(code, 1009);
  await eventually(() => state.closes.length === 1);
  const gone = await open(t, `ws://127.0.0.1:${port}/a/ws`);
  await eventually(() => state.links.length === 2);
  gone.terminate();
  await eventually(() => state.closes.length === 2);
  assert.equal(state.closes[1]?.[0], 1006);
});

test("unsent bytes are told, and every write is called back when the client goes", async (t) => {
  const { port, state } = await serve(t);
  const client = await open(t, `ws://127.0.0.1:${port}/a/ws`);
  await eventually(() => state.links.length === 1);
  const link = state.links[0] as WebSocketLink;
  client.pause();
  let [sent, written, drains] = [0, 0, 0];
  link.onDrain = () => void drains++;
  while (link.bufferedBytes === 0 || sent < 20) {
    link.send(new Uint8Array(200_000), () => written++);
    sent++;
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(sent < 1000);
  }
  client.resume();
  await eventually(() => drains > 0 && written === sent && link.bufferedBytes === 0);
  client.pause();
  for (let i = 0; i < 50; i++) link.send(new Uint8Array(200_000), () => written++);
  client.terminate();
  await eventually(() => written === sent + 50, { what: () => `${written} of ${sent + 50}` });
});

test("when the port closes its WebSockets are told", async (t) => {
  const { port, door, state } = await serve(t);
  const client = await open(t, `ws://127.0.0.1:${port}/a/ws`);
  await eventually(() => state.links.length === 1);
  const closed = once(client, "close") as Promise<[number]>;
  await door.close();
  assert.equal((await closed)[0], 1001);
});

test("one that does not answer pings is cut off", async (t) => {
  const { port, state } = await serve(t);
  t.mock.timers.enable({ apis: ["setInterval"] });
  const client = await open(t, `ws://127.0.0.1:${port}/a/ws`, [], { autoPong: false });
  await eventually(() => state.links.length === 1);
  for (let i = 0; i < 2; i++) {
    const pinged = once(client, "ping");
    t.mock.timers.tick(20_000);
    await pinged;
    client.pong();
    client.send("behind the pong");
    await eventually(() => state.texts.length === i + 1);
  }
  const pinged = once(client, "ping");
  t.mock.timers.tick(20_000);
  await pinged;
  assert.equal(state.closes.length, 0);
  t.mock.timers.tick(20_000);
  await eventually(() => state.closes.length === 1);
});
