import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { WebSocket } from "ws";
import { eventually } from "../../../../tests/contract/index.ts";
import type { ItemStream } from "../item-stream.ts";
import { Dialled, get, HOST, serve } from "./direct.test-support.ts";

test("one request after the other on a connection, over plain text and TLS", async (t) => {
  const { port, tlsPort, asked } = await serve(t);
  for (const tls of [false, true]) {
    const client = new Dialled(t, tls ? tlsPort : port, { tls });
    for (let i = 0; i < 5; i++) {
      client.write(get(`/text/${i}`));
      await client.bodies(i + 1);
    }
    assert.deepEqual(
      asked.splice(0),
      [0, 1, 2, 3, 4].map((i) => `GET /text/${i}`),
    );
    const [first] = client.answers();
    assert.match(first?.head ?? "", /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(first?.head ?? "", /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
    assert.match(first?.head ?? "", /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=30\r\n/);
    assert.equal(first?.body, "/text/0\n");
  }
});

test("a request in two pieces, cut at every byte", async (t) => {
  const { port, asked } = await serve(t);
  const text = get("/text/a", "X-A: b\r\n");
  const client = new Dialled(t, port);
  client.socket.setNoDelay(true);
  await once(client.socket, "connect");
  for (let at = 1; at < text.length; at++) {
    client.write(text.slice(0, at));
    // Long enough to be a read of its own nearly always; the answer is the same if it is not.
    await new Promise((resolve) => setImmediate(resolve));
    client.write(text.slice(at));
    await client.bodies(at);
  }
  assert.ok(asked.every((each) => each === "GET /text/a"));
});

test("pipelined requests are answered in order, one at a time", async (t) => {
  const { port, next, waiting } = await serve(t);
  const client = new Dialled(t, port);
  client.write(get("/text/1") + get("/slow/2") + get("/text/3") + get("/slow/4") + get("/text/5"));
  const second = await next();
  assert.deepEqual(await client.bodies(1), ["/text/1\n"]);
  assert.deepEqual([second.path, waiting.length], ["/slow/2", 0]);
  second.answer();
  const fourth = await next();
  assert.equal(fourth.path, "/slow/4");
  client.write(get("/text/6"));
  fourth.answer();
  assert.deepEqual(
    await client.bodies(6),
    ["/text/1", "/slow/2", "/text/3", "/slow/4", "/text/5", "/text/6"].map((path) => `${path}\n`),
  );
});

test("very many pipelined requests are answered, read no faster than they are", async (t) => {
  const { port, next } = await serve(t);
  const client = new Dialled(t, port);
  client.write(get("/slow/first") + Array.from({ length: 3000 }, (_, i) => get(`/text/${i}`)).join(""));
  (await next()).answer();
  const bodies = await client.bodies(3001);
  assert.deepEqual([bodies[1], bodies.at(-1)], ["/text/0\n", "/text/2999\n"]);
});

test("HEAD has the headers of GET and no body; errors are answered and the connection goes on", async (t) => {
  const { port, log } = await serve(t);
  const client = new Dialled(t, port);
  client.write(`HEAD /text/a HTTP/1.1\r\n${HOST}\r\n`);
  await eventually(() => client.got.endsWith("\r\n\r\n"));
  assert.match(client.got, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nContent-Length: 8\r\n/);
  const other = new Dialled(t, port);
  other.write(get("/missing") + get("/throws") + get("/text/a"));
  assert.deepEqual(await other.bodies(3), ["not here\n", "internal error\n", "/text/a\n"]);
  assert.deepEqual(
    other.answers().map(({ status }) => status),
    [404, 500, 200],
  );
  assert.equal(log.lines.filter((line) => line.includes("request failed")).length, 1);
});

test("the connection is closed behind the answer where the client wants that", async (t) => {
  const { port } = await serve(t);
  const client = new Dialled(t, port);
  client.write(get("/item", "Connection: close\r\n") + get("/text/a"));
  await client.over();
  assert.equal(client.ended, true);
  assert.equal(client.answers().length, 1);
  assert.match(client.got, /\r\nConnection: close\r\n/);
  assert.doesNotMatch(client.got, /Keep-Alive/);
});

test("a client that says that it sends no more gets what it asked for", async (t) => {
  const { port, next } = await serve(t);
  const client = new Dialled(t, port);
  client.socket.end(get("/text/a") + get("/slow/b") + get("/text/c"), "latin1");
  (await next()).answer();
  assert.deepEqual(await client.bodies(3), ["/text/a\n", "/slow/b\n", "/text/c\n"]);
  await client.over();
});

test("with the first request that is something else the connection goes to Node's server, and stays there", async (t) => {
  const { port, tlsPort, asked } = await serve(t);
  const others: Record<string, [string, RegExp]> = {
    "another route": [get("/page"), /page of 0/],
    "a body": [`POST /page HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nabcde`, /page of 5/],
    "no route": [get("/nothing"), /^HTTP\/1\.1 404 /m],
    "a header twice": [get("/text/b", "X: 1\r\nX: 2\r\n"), /\/text\/b\n$/],
    "another version": [`GET /text/b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`, /\/text\/b\n$/],
  };
  for (const tls of [false, true])
    for (const [what, [text, wanted]] of Object.entries(others)) {
      // In one write, as two, and byte by byte.
      for (const pieces of [[get("/text/a") + text], [get("/text/a"), text], [...(get("/text/a") + text)]]) {
        asked.length = 0;
        const client = new Dialled(t, tls ? tlsPort : port, { tls });
        client.socket.setNoDelay(true);
        for (const piece of pieces) client.write(piece);
        await eventually(() => wanted.test(client.got), { what: () => `${what}: ${client.got}` });
        assert.equal(client.answers()[0]?.body, "/text/a\n", what);
        const before = client.got.length;
        client.write(get("/text/z"));
        await eventually(() => client.got.slice(before).endsWith("/text/z\n"), {
          what: () => `${what}: behind it: ${client.got.slice(before)}`,
        });
        assert.equal(asked[0], "GET /text/a", what);
        assert.equal(asked.at(-1), "GET /text/z by Node", what);
        client.socket.destroy();
      }
    }
});

test("what is no HTTP, and a head without end, is answered by Node", async (t) => {
  const { port } = await serve(t);
  const cases: [string, RegExp][] = [
    [`${get("/text/a")}rubbish\r\n\r\n`, /HTTP\/1\.1 400 Bad Request/],
    [`GET /text/a HTTP/1.1\r\n\r\n`, /HTTP\/1\.1 400 Bad Request/],
    [`GET /text/a HTTP/1.1\r\n${HOST}X: ${"a".repeat(20_000)}`, /HTTP\/1\.1 431 /],
    [`GET /${"a".repeat(20_000)}`, /HTTP\/1\.1 431 /],
    [get("/text/a", "X : b\r\n"), /HTTP\/1\.1 400 Bad Request/],
    [get("/text/a", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), /HTTP\/1\.1 400 Bad Request/],
  ];
  for (const [text, wanted] of cases) {
    const client = new Dialled(t, port);
    client.write(text);
    await client.over();
    assert.match(client.got, wanted);
  }
});

test("something else waits until what was asked before it is answered", async (t) => {
  const { port, next, asked } = await serve(t);
  const client = new Dialled(t, port);
  client.write(get("/slow/a") + get("/page") + get("/text/b"));
  const slow = await next();
  assert.equal(client.got, "");
  slow.answer();
  await eventually(() => client.got.endsWith("/text/b\n"), { what: () => client.got });
  assert.match(client.got, /^[\s\S]*\/slow\/a\n[\s\S]*page of 0/);
  assert.deepEqual(asked, ["GET /slow/a", "GET /text/b by Node"]);
});

test("a WebSocket behind documents on the same connection", async (t) => {
  const { port } = await serve(t);
  const socket = connect(port, "127.0.0.1");
  socket.write(get("/text/a"));
  await once(socket, "data");
  const websocket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { createConnection: () => socket });
  await once(websocket, "open");
  websocket.send("word");
  const [message] = (await once(websocket, "message")) as [Buffer];
  assert.equal(message.toString(), "heard word");
  websocket.terminate();
});

test("memory is held until a slow client took it, and the next request waits as long", async (t) => {
  const pieces = Array.from({ length: 8 }, (_, i) => new Uint8Array(2_000_000).fill(i));
  const { port, memory, asked } = await serve(t, pieces);
  const client = new Dialled(t, port, { paused: true });
  client.write(get("/item") + get("/text/a"));
  await eventually(() => memory.held === 8);
  assert.deepEqual(asked, ["GET /item"]);
  let bytes = 0;
  let sum = 0;
  client.socket.on("data", (part: Buffer) => {
    bytes += part.length;
    for (let i = 0; i < part.length; i += 100_000) sum += part[i] ?? 0;
  });
  await eventually(() => asked.length === 2 && bytes > 16_000_000);
  assert.equal(memory.held, 0);
  assert.ok(sum > 0);
});

test("a client that goes in the middle of an answer, or before it, leaves nothing", async (t) => {
  const { port, tlsPort, memory, next, streams } = await serve(t, [new Uint8Array(16_000_000)]);
  for (const tls of [false, true]) {
    const middle = new Dialled(t, tls ? tlsPort : port, { paused: true, tls });
    middle.write(get("/item"));
    await once(middle.socket, "readable");
    assert.equal(memory.held, 1);
    middle.socket.destroy();
    await eventually(() => memory.held === 0);
    const before = new Dialled(t, tls ? tlsPort : port, { tls });
    before.write(get("/slow/a"));
    const slow = await next();
    if (tls) before.socket.destroy();
    else {
      before.socket.resetAndDestroy();
      await eventually(() => slow.gone());
    }
    slow.answer();
    const growing = new Dialled(t, tls ? tlsPort : port, { tls });
    growing.write(get("/growing"));
    await eventually(() => streams.length > 0);
    const stream = streams.shift() as ItemStream;
    growing.socket.destroy();
    // A client that only says that it sends no more looks the same until something is written.
    await eventually(() => !stream.write(memory.item("", undefined, [new Uint8Array(10)])));
    assert.equal(stream.closed, true);
    await eventually(() => memory.held === 0);
  }
});

test("an answer of unknown length goes in chunks, and the connection goes on behind it", async (t) => {
  const { port, memory, streams } = await serve(t);
  const client = new Dialled(t, port);
  client.write(get("/growing") + get("/text/a"));
  await eventually(() => streams.length > 0);
  const stream = streams.shift() as ItemStream;
  const part = (text: string) => Buffer.from(text);
  assert.equal(stream.write(memory.item("", part("ab"), [part("cde"), part("f")])), true);
  await eventually(() => memory.held === 0 && client.got.includes("f"));
  stream.write(memory.item("", undefined, [part("g".repeat(20))]));
  stream.end();
  await eventually(() => client.got.endsWith("/text/a\n"));
  assert.match(
    client.got,
    /\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n14\r\ng{20}\r\n0\r\n\r\nHTTP\/1\.1 200 OK/,
  );
});

test("an answer that is given up breaks the connection off", async (t) => {
  const { port, streams } = await serve(t);
  const client = new Dialled(t, port);
  client.write(get("/growing"));
  await eventually(() => streams.length > 0);
  streams.shift()?.abort();
  await client.over();
  assert.doesNotMatch(client.got, /0\r\n\r\n$/);
});

test("a thousand idle connections cost no timer each, and are closed with the port", async (t) => {
  const { port, door, asked } = await serve(t);
  const clients = Array.from({ length: 1000 }, () => new Dialled(t, port));
  for (const client of clients) client.write(get("/text/a"));
  for (const client of clients) await client.bodies(1);
  assert.equal(asked.length, 1000);
  const closed = clients.map((client) => client.over());
  await door.close();
  await Promise.all(closed);
});

test("when the port closes, answers that are due soon are still given", async (t) => {
  const { port, door, next } = await serve(t);
  const client = new Dialled(t, port);
  client.write(get("/slow/a"));
  const slow = await next();
  const closed = door.close();
  slow.answer();
  await client.over();
  assert.deepEqual(await client.bodies(1), ["/slow/a\n"]);
  await closed;
});

test("who is too long about a request is cut off, and idle connections are closed; who waits for an answer is not", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { port, next } = await serve(t);
  const silent = new Dialled(t, port);
  const halfway = new Dialled(t, port);
  const idle = new Dialled(t, port);
  const waits = new Dialled(t, port);
  await once(silent.socket, "connect");
  idle.write(get("/text/a"));
  await idle.bodies(1);
  halfway.write(`${get("/text/a")}GET /te`);
  await halfway.bodies(1);
  waits.write(get("/slow/a"));
  const slow = await next();
  t.mock.timers.tick(14_000);
  assert.deepEqual([silent.ended, halfway.ended, idle.ended], [false, false, false]);
  t.mock.timers.tick(4000);
  await Promise.all([silent.over(), halfway.over()]);
  assert.match(silent.got, /^HTTP\/1\.1 408 /);
  assert.match(halfway.got, /\/text\/a\nHTTP\/1\.1 408 /);
  idle.write(get("/text/b"));
  await idle.bodies(2);
  t.mock.timers.tick(28_000);
  idle.write(get("/text/c"));
  await idle.bodies(3);
  t.mock.timers.tick(34_000);
  await idle.over();
  assert.equal((await idle.bodies(3)).length, 3);
  slow.answer();
  assert.deepEqual(await waits.bodies(1), ["/slow/a\n"]);
});
