import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { countedTs, eventually } from "../../../tests/contract/index.ts";
import { openDoor } from "../testing/door-kit.ts";
import { http1Client, http2Client } from "../testing/http-clients.ts";
import type { Adopter } from "./first-bytes.ts";
import type { HttpRoute } from "./route.ts";

const PAGE: HttpRoute = {
  methods: ["GET", "PUT"],
  pattern: /^\/page$/,
  handle: async ({ request, response }) => {
    let bytes = 0;
    for await (const part of request) bytes += (part as Buffer).length;
    response.end(`page ${bytes}`);
  },
};

/** Takes connections that begin with 3, and 4 5 6; hands back what comes. */
async function serve(t: TestContext) {
  const adopted: Socket[] = [];
  const adopt = (socket: Socket): void => {
    adopted.push(socket);
    socket.on("error", () => {});
    // Late, as by a protocol that has to ask somebody first.
    setImmediate(() => socket.pipe(socket));
  };
  const adopters: Adopter[] = [
    { recognise: { bytes: 1, matches: (first) => first[0] === 3 }, adopt },
    { recognise: { bytes: 3, matches: (first) => first[0] === 4 && first[2] === 6 }, adopt },
  ];
  return { ...(await openDoor(t, [PAGE], adopters)), adopted };
}

interface Dialled {
  readonly socket: Socket;
  readonly got: () => Buffer;
}

/** With an error or without. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function dial(t: TestContext, port: number, tls: boolean): Promise<Dialled> {
  const socket = tls
    ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
    : connect(port, "127.0.0.1");
  const parts: Buffer[] = [];
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, tls ? "secureConnect" : "connect");
  return { socket, got: () => Buffer.concat(parts) };
}

test("connections are told apart by their first bytes, before and behind TLS, and lose none", async (t) => {
  const { port, tlsPort, adopted } = await serve(t);
  const stream = Buffer.from(countedTs(2000));
  for (const tls of [false, true]) {
    for (const first of [Buffer.of(3), Buffer.of(3, 1, 2), Buffer.of(4, 5, 6)]) {
      const { socket, got } = await dial(t, tls ? tlsPort : port, tls);
      socket.write(first);
      socket.write(stream);
      await eventually(() => got().length === first.length + stream.length, {
        what: () => `${got().length}`,
      });
      assert.ok(got().equals(Buffer.concat([first, stream])));
    }
  }
  assert.equal(adopted.length, 6);
});

test("bytes that come one by one are waited for, unless it can only be HTTP", async (t) => {
  const { port, adopted } = await serve(t);
  const slow = await dial(t, port, false);
  slow.socket.setNoDelay(true);
  for (const byte of [4, 9, 6]) {
    slow.socket.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await eventually(() => slow.got().equals(Buffer.of(4, 9, 6)));
  assert.equal(adopted.length, 1);
  const http = await dial(t, port, false);
  for (const letter of "GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") {
    http.socket.write(letter);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closing(http.socket);
  assert.match(http.got().toString(), /^HTTP\/1\.1 200 .*page 0$/s);
  const rubbish = await dial(t, port, false);
  rubbish.socket.write(Buffer.of(4, 5, 7));
  await closing(rubbish.socket);
  assert.match(rubbish.got().toString(), /^HTTP\/1\.1 400 /);
  assert.equal(adopted.length, 1);
});

test("HTTP of every version works beside it, bodies too", async (t) => {
  const { port, tlsPort, adopted } = await serve(t);
  const clients = [http1Client(port), http1Client(tlsPort, { tls: true }), http2Client(t, tlsPort)];
  for (const ask of clients) {
    assert.equal((await ask("/page")).body.toString(), "page 0");
    const body = new Uint8Array(500_000).fill(3);
    assert.equal((await ask("/page", { method: "PUT", body })).body.toString(), "page 500000");
  }
  assert.equal(adopted.length, 0);
});

test("a client that says nothing is cut off, and one that goes at once harms nobody", async (t) => {
  const { port } = await serve(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const silent = await dial(t, port, false);
  const brief = await dial(t, port, false);
  brief.socket.end();
  await closing(brief.socket);
  const slow = await dial(t, port, false);
  slow.socket.write(Buffer.of(4));
  await new Promise((resolve) => setImmediate(resolve));
  const closed = [closing(silent.socket), closing(slow.socket)];
  // The server may not have seen them yet: its timers count from then.
  for (let i = 0; i < 100 && !(silent.socket.closed && slow.socket.closed); i++) {
    t.mock.timers.tick(15_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(closed);
});

test("the port closes though a foreign connection is open", async (t) => {
  const { port, tlsPort, door, adopted } = await serve(t);
  const open = [await dial(t, port, false), await dial(t, tlsPort, true)];
  for (const { socket } of open) socket.write(Buffer.of(3));
  await eventually(() => adopted.length === 2);
  const mute = await dial(t, port, false);
  const closed = [...open, mute].map(({ socket }) => closing(socket));
  await door.close();
  await Promise.all(closed);
});
