import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Options } from "@millrace/model";
import {
  countedTs,
  eventually,
  freeTcpPort,
  TestWriter,
  testContext,
} from "../../../tests/contract/index.ts";
import { tstcp } from "./index.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    cleanups.push(() => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => server.close());
  return (server.address() as { port: number }).port;
}

function pull(url: string, options: Options = {}) {
  const into = new TestWriter();
  const abort = new AbortController();
  const source = tstcp.pull?.(
    { url, scheme: "tstcp", priority: 1, sourceTimeoutMs: 1, options },
    testContext(),
  );
  assert.ok(source !== undefined);
  const run = source.run(into, abort.signal);
  run.catch(() => undefined);
  cleanups.push(() => abort.abort());
  return { into, abort, run };
}

async function dial(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const ready = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (!ready) continue;
    socket.on("error", () => undefined);
    cleanups.push(() => socket.destroy());
    return socket;
  }
}

suite("tstcp", () => {
  test("ends when the other side ends, with all that it sent", async () => {
    const media = countedTs(500);
    const port = await serve((socket) => socket.end(media));
    const { into, run } = pull(`tstcp://127.0.0.1:${port}`);
    await run;
    assert.deepEqual(into.bytes(), media);
  });

  test("a connection that is reset, or stays silent, is an error", async () => {
    const resetting = await serve((socket) => setTimeout(() => socket.resetAndDestroy(), 20));
    await assert.rejects(pull(`tstcp://127.0.0.1:${resetting}`).run, {
      code: "tstcp.connection",
      message: /broke/,
    });
    const silent = await serve((socket) => socket.write("x"));
    const { run, into } = pull(`tstcp://127.0.0.1:${silent}`, { timeout: 100 });
    await assert.rejects(run, { code: "tstcp.timeout" });
    assert.equal(into.length, 1);
  });

  test("an unknown host is an error", async () => {
    await assert.rejects(pull("tstcp://host.invalid:5000").run, { code: "tstcp.connection" });
  });

  test("listening: one sender at a time, the next one after it is a new beginning", async () => {
    const port = await freeTcpPort();
    const { into, run, abort } = pull(`tstcp://127.0.0.1:${port}?mode=listener`, { mode: "listener" });
    const first = await dial(port);
    first.write(countedTs(10));
    await into.until(1880);
    const second = await dial(port);
    second.write(countedTs(10));
    await eventually(() => into.counters["refused"] === 1);
    first.destroy();
    await eventually(() => into.breaks === 1);
    const third = await dial(port);
    third.write(countedTs(10));
    await into.until(2 * 1880);
    await sleep(20);
    assert.equal(into.length, 2 * 1880);
    abort.abort();
    await run;
  });
});
