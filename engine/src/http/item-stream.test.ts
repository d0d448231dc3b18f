import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { eventually } from "../../../tests/contract/index.ts";
import { CountedMemory } from "../testing/counted-memory.ts";
import { openDoor } from "../testing/door-kit.ts";
import { type Client, http1Client, http2Client, throughNode } from "../testing/http-clients.ts";
import { ItemStream } from "./item-stream.ts";

async function serve(t: TestContext) {
  const memory = new CountedMemory();
  const streams: ItemStream[] = [];
  const open = await openDoor(t, [
    {
      methods: ["GET", "HEAD"],
      documents: true,
      pattern: /^\/growing$/,
      handle: (exchange) =>
        void streams.push(new ItemStream(memory, exchange, { type: "video/mp4", cache: "no-store" })),
    },
  ]);
  const clients: Record<string, Client> = {
    "HTTP/1.1": http1Client(open.port),
    "HTTP/1.1 by Node's server": throughNode(http1Client(open.port)),
    "HTTP/2": http2Client(t, open.tlsPort),
  };
  const next = async (): Promise<ItemStream> => {
    await eventually(() => streams.length > 0, { what: () => "the request" });
    return streams.shift() as ItemStream;
  };
  return { ...open, memory, clients, next };
}

const part = (value: number, length = 3000) => new Uint8Array(length).fill(value);

test("items go out as they come, and their memory is given back", async (t) => {
  const { clients, memory, next } = await serve(t);
  for (const [name, ask] of Object.entries(clients)) {
    const answer = ask("/growing");
    const stream = await next();
    assert.equal(stream.write(memory.item("", part(1), [part(2), part(3)])), true);
    await eventually(() => memory.held === 0, { what: () => `${name}: the first item is out` });
    stream.write(memory.item("", undefined, [part(4)]));
    stream.write(memory.item("", part(5), []));
    stream.write({ type: "" });
    stream.end();
    assert.equal(stream.closed, true);
    assert.equal(stream.write(memory.item("", undefined, [part(6)])), false);
    const { status, headers, body, broken } = await answer;
    assert.deepEqual([status, broken, headers["content-type"]], [200, false, "video/mp4"]);
    if (name.startsWith("HTTP/1.1")) assert.equal(headers["transfer-encoding"], "chunked");
    const wanted = [1, 2, 3, 4, 5].flatMap((value) => [...part(value)]);
    assert.ok(body.equals(Buffer.from(wanted)), name);
    await eventually(() => memory.held === 0);
  }
});

test("HEAD gets the headers alone", async (t) => {
  const { clients, memory, next } = await serve(t);
  for (const ask of Object.values(clients)) {
    const { status, headers } = await ask("/growing", { method: "HEAD" });
    assert.deepEqual([status, headers["content-type"]], [200, "video/mp4"]);
    const stream = await next();
    assert.equal(stream.closed, true);
    assert.equal(stream.write(memory.item("", undefined, [part(1)])), false);
  }
  assert.equal(memory.held, 0);
});

test("the client hears that a document is not whole: memory gone, or given up", async (t) => {
  const { clients, memory, next } = await serve(t);
  for (const [name, ask] of Object.entries(clients)) {
    for (const how of ["gone", "abort"]) {
      const answer = ask("/growing");
      const stream = await next();
      stream.write(memory.item("", part(1), []));
      const item = memory.item("", undefined, [part(2)]);
      if (how === "gone") {
        memory.gone.add(item.spans?.[0]?.slab as number);
        assert.equal(stream.write(item), false);
      } else stream.abort();
      assert.equal(stream.closed, true);
      assert.equal(
        await answer.then(
          ({ broken }) => broken,
          () => true,
        ),
        true,
        `${name} ${how}`,
      );
    }
  }
  assert.equal(memory.held, 0);
});

test("a client that reads nothing is behind, and one that goes leaves no hold", async (t) => {
  const { port, tlsPort, memory, next } = await serve(t);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write("GET /growing HTTP/1.1\r\nHost: x\r\n\r\n");
  const session = connectHttp2(`https://127.0.0.1:${tlsPort}`, { rejectUnauthorized: false });
  session.on("error", () => {});
  t.after(() => session.destroy());
  const leave = [() => void socket.resetAndDestroy(), () => session.destroy()];
  for (const [i, go] of leave.entries()) {
    if (i === 1) session.request({ ":path": "/growing" }).on("error", () => {});
    const stream = await next();
    let writes = 0;
    while (stream.write(memory.item("", undefined, [part(1, 500_000)])) && writes < 100) {
      writes++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(writes < 100, "it is told that the client is behind");
    assert.ok(memory.held > 0);
    go();
    await eventually(() => stream.closed && memory.held === 0);
    assert.equal(stream.write(memory.item("", undefined, [part(1)])), false);
  }
});
