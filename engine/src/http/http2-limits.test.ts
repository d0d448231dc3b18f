import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { openDoor } from "../testing/door-kit.ts";
import { http1Client, http2Client } from "../testing/http-clients.ts";

async function serve(t: TestContext) {
  return openDoor(t, [
    { methods: ["GET"], pattern: /^\/who$/, handle: ({ response, ip }) => void response.end(ip) },
    { methods: ["GET"], pattern: /^\/never$/, handle: () => {} },
    {
      methods: ["GET"],
      pattern: /^\/raw$/,
      rawSocket: true,
      handle: ({ request, response }) => {
        response.useChunkedEncodingByDefault = false;
        response.shouldKeepAlive = false;
        response.writeHead(200, { Connection: "close" });
        response.flushHeaders();
        request.socket.end("raw bytes");
      },
    },
  ]);
}

test("a route that writes to the connection sends HTTP/2 clients back to HTTP/1.1, and the session goes on", async (t) => {
  const { tlsPort } = await serve(t);
  const ask = http2Client(t, tlsPort);
  await assert.rejects(ask("/raw"), { code: constants.NGHTTP2_HTTP_1_1_REQUIRED });
  assert.equal((await ask("/who")).body.toString(), "127.0.0.1");
  const answer = await http1Client(tlsPort, { tls: true })("/raw");
  assert.deepEqual([answer.version, answer.body.toString()], ["1.1", "raw bytes"]);
});

test("streams that are opened and reset in masses end the session, and nobody else's", async (t) => {
  const { tlsPort } = await serve(t);
  const rude = http2Client(t, tlsPort).session;
  await once(rude, "remoteSettings");
  assert.equal(rude.remoteSettings.maxConcurrentStreams, 128);
  const closed = new Promise((resolve) => rude.once("close", resolve));
  const flood = setInterval(() => {
    for (let i = 0; i < 100 && !rude.closed && !rude.destroyed; i++) {
      const stream = rude.request({ ":path": "/never" });
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }, 1);
  await closed;
  clearInterval(flood);
  assert.equal((await http2Client(t, tlsPort)("/who")).status, 200);
});

test("frames that are no HTTP/2, and endless headers, end the session", async (t) => {
  const { tlsPort } = await serve(t);
  const socket = connectTls({
    port: tlsPort,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  assert.equal(socket.alpnProtocol, "h2");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.resume();
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await closed;
  const ask = http2Client(t, tlsPort);
  // Limits are in force once the client has confirmed our settings (RFC 9113 §6.5.3).
  assert.equal((await ask("/who")).status, 200);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, "y"]));
  const long = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x-${i}`, "y".repeat(500)]));
  for (const headers of [many, long]) {
    const status = await ask("/who", { headers }).then(
      (answer) => answer.status,
      () => 0,
    );
    assert.notEqual(status, 200);
  }
  assert.equal((await http1Client(tlsPort, { tls: true })("/who")).status, 200);
});

test("pings in masses end the session", async (t) => {
  const { tlsPort } = await serve(t);
  const socket = connectTls({
    port: tlsPort,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(Buffer.from("000000040000000000", "hex"));
  // A client that reads no answer: those that wait to be sent are bounded (RFC 9113 §10.5).
  const ping = Buffer.from("0000080600000000000000000000000000", "hex");
  const pings = Buffer.concat(Array.from({ length: 2000 }, () => ping));
  const flood = setInterval(() => socket.write(pings), 1);
  await closed;
  clearInterval(flood);
  assert.equal((await http2Client(t, tlsPort)("/who")).status, 200);
});

test("the port closes though sessions are open, idle or not", async (t) => {
  const { tlsPort, door } = await serve(t);
  const idle = http2Client(t, tlsPort);
  const busy = http2Client(t, tlsPort);
  await idle("/who");
  const waiting = assert.rejects(busy("/never"));
  await busy("/who");
  const closed = [idle, busy].map(({ session }) => new Promise((resolve) => session.once("close", resolve)));
  await door.close();
  await Promise.all(closed);
  await waiting;
});
