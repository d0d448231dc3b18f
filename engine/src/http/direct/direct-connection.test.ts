import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { PreparedAnswer } from "../prepared-answer.ts";
import { STALL_MS } from "../response-end.ts";
import { DirectConnection, type DirectRequest } from "./direct-connection.ts";

/** Takes what is written only when it is told to. */
class FakeSocket extends Duplex {
  readonly timeouts: number[] = [];
  #taken: (() => void)[] = [];

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    this.#taken.push(done);
  }

  setTimeout(ms: number): void {
    this.timeouts.push(ms);
  }

  destroySoon(): void {
    this.destroy();
  }

  takeIn(): void {
    for (const done of this.#taken.splice(0)) done();
  }
}

function setUp() {
  const socket = new FakeSocket();
  const asked: DirectRequest[] = [];
  const host = {
    tick: 0,
    closing: false,
    find: () => true as const,
    serve: (_found: true, request: DirectRequest): void => void asked.push(request),
    handOver: () => {},
    forget: () => {},
  };
  new DirectConnection(socket as unknown as Socket, host);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  socket.push("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  return { socket, asked, turn };
}

const HELLO = new PreparedAnswer(200, { "Content-Length": 5 }, Buffer.from("hello"));

test("a client that takes nothing is cut off, and what was held for it is let go", async () => {
  const { socket, asked, turn } = setUp();
  await turn();
  assert.deepEqual(socket.timeouts, []);
  let over = 0;
  asked[0]?.response.whole(HELLO, [], () => void over++);
  assert.deepEqual(socket.timeouts, [STALL_MS]);
  socket.emit("timeout");
  await turn();
  assert.deepEqual([socket.destroyed, over], [true, 1]);
});

test("a client for which an answer is not ready, or that took it, is not cut off", async () => {
  const { socket, asked, turn } = setUp();
  await turn();
  socket.emit("timeout");
  let over = 0;
  asked[0]?.response.whole(HELLO, [], () => void over++);
  await turn();
  assert.deepEqual([asked.length, over], [1, 0]);
  while (over === 0) {
    socket.takeIn();
    await turn();
  }
  assert.equal(asked.length, 2);
  socket.emit("timeout");
  assert.equal(socket.destroyed, false);
});

test("an answer is given once, and one that comes too late goes nowhere", async () => {
  const { socket, asked, turn } = setUp();
  await turn();
  const response = asked[0]?.response;
  assert.ok(response !== undefined);
  socket.destroy();
  await turn();
  let over = 0;
  response.whole(HELLO, [], () => void over++);
  assert.deepEqual([response.gone, over], [true, 1]);
  assert.throws(() => response.whole(HELLO), /answered already/);
  response.part([new Uint8Array(1)], () => void over++);
  response.end();
  response.breakOff();
  assert.equal(over, 2);
});
