import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { HttpExchange, ViewerSession } from "@millrace/engine";
import { TestPackagedLane } from "../../../tests/contract/index.ts";
import { type LaneFile, LaneResponse } from "./lane-response.ts";

/** An answer whose system takes bytes when the test says so. */
class FakeResponse extends EventEmitter {
  readonly taken: string[] = [];
  ended = false;
  full = false;
  #queue: { bytes: Uint8Array; done: (() => void) | undefined }[] = [];

  get writableLength(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(bytes: Uint8Array, done?: () => void): boolean {
    this.#queue.push({ bytes, done });
    if (!this.full) this.take();
    return !this.full;
  }

  take(): void {
    for (const { bytes, done } of this.#queue.splice(0)) {
      // Copied only now: memory that was given back too early shows as wrong bytes.
      this.taken.push(Buffer.from(bytes).toString("latin1", 0, 2));
      done?.();
    }
    if (this.ended) this.emit("close");
  }

  cork(): void {}
  uncork(): void {}
  setTimeout(): void {}

  end(): void {
    this.ended = true;
    if (this.#queue.length === 0) this.emit("close");
  }
}

const HEADER = '{"tracks":[],"title":""}';

/** Passes on what is of track 1; a header with "stop" in it is no good. */
class FakeFile implements LaneFile {
  headers = 0;

  header(bytes: Uint8Array): boolean {
    this.headers++;
    return !Buffer.from(bytes).toString().includes("stop");
  }

  message(number: number, _dts: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    return number === 1 ? parts : undefined;
  }
}

function answering() {
  const lane = new TestPackagedLane({ maxBytes: 8 << 20 });
  const response = new FakeResponse();
  const socket = Object.assign(new EventEmitter(), { destroyed: false });
  const exchange = { request: { socket }, response } as unknown as HttpExchange;
  let closed = 0;
  const session: ViewerSession = {
    id: "s",
    stream: "cam",
    bytes: 0,
    skips: 0,
    lagBytes: 0,
    close: () => closed++,
  };
  const file = new FakeFile();
  lane.setHeader(Buffer.from(HEADER));
  const begin = (): void => new LaneResponse({ exchange, reader: lane.read(), session, file }).start();
  const put = (text: string, fields: { key?: boolean; track?: number; bytes?: number } = {}): void => {
    const { key = false, track = 1, bytes = 2 } = fields;
    lane.put(Buffer.alloc(bytes, text), { key, track });
  };
  return { lane, response, socket, session, file, begin, put, closed: () => closed };
}

test("a file has the messages that it takes, from a key message on, and its header once", () => {
  const { response, file, begin, put, session } = answering();
  put("K1", { key: true });
  put("x1", { track: 2 });
  begin();
  put("p1");
  put("K2", { key: true });
  assert.deepEqual(response.taken, ["K1", "p1", "K2"]);
  assert.equal(file.headers, 1);
  assert.equal(session.bytes, 6);
});

test("a client that takes nothing is waited for", () => {
  const { response, begin, put, session } = answering();
  put("K1", { key: true });
  begin();
  response.full = true;
  for (let i = 1; i < 6; i++) put(`p${i}`, { bytes: 300_000 });
  assert.ok(response.writableLength < 700_000);
  assert.ok(session.lagBytes > 1_000_000);
  response.full = false;
  response.take();
  response.emit("drain");
  // Messages that large lie in several pieces.
  assert.deepEqual([...new Set(response.taken)], ["K1", "p1", "p2", "p3", "p4", "p5"]);
});

test("a message larger than a piece of memory stays whole", () => {
  const { response, begin, put } = answering();
  put("K1", { key: true });
  begin();
  response.full = true;
  put("b1", { bytes: 3_000_000 });
  assert.equal(response.writableLength, 3_000_000);
});

test("with a header that the file cannot go on with it ends, and gives everything back", () => {
  const { lane, response, begin, put, closed } = answering();
  put("K1", { key: true });
  begin();
  lane.setHeader(Buffer.from('{"tracks":["stop"]}'));
  put("p1");
  assert.ok(response.ended);
  assert.deepEqual(response.taken, ["K1"]);
  assert.equal(closed(), 1);
  lane.end();
  lane.free();
  assert.equal(lane.heldSlabs, 0);
});

test("a client that leaves gives back what was on its way to it", () => {
  const { lane, response, socket, begin, put, closed } = answering();
  put("K1", { key: true });
  begin();
  response.full = true;
  put("p1", { bytes: 100_000 });
  socket.emit("close");
  assert.equal(closed(), 1);
  response.take();
  lane.end();
  lane.free();
  assert.equal(lane.heldSlabs, 0);
});

test("what is on its way to a client when the stream ends stays as it is until it went out", () => {
  const { lane, response, socket, begin, put, closed } = answering();
  put("K1", { key: true });
  begin();
  response.full = true;
  put("p1", { bytes: 100_000 });
  lane.end();
  assert.ok(response.ended);
  assert.equal(closed(), 1);
  lane.free();
  assert.notEqual(lane.heldSlabs, 0);
  response.take();
  assert.equal(lane.heldSlabs, 0);
  assert.equal(socket.listenerCount("close"), 0);
});

test("it ends with the stream", () => {
  const { lane, response, begin, put } = answering();
  put("K1", { key: true });
  begin();
  lane.end();
  assert.ok(response.ended);
});
