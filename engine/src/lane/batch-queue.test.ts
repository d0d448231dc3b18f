import assert from "node:assert/strict";
import { test } from "node:test";
import { makeLane, put } from "../testing/lane-kit.ts";
import { Batch } from "./batch.ts";
import { BatchQueue } from "./batch-queue.ts";

/** A socket that takes all at once while it is open, and what it holds when told. */
class FakeSocket {
  isOpen = true;
  writableLength = 0;
  readonly taken: number[] = [];
  readonly #waiting: { bytes: Uint8Array; done: (() => void) | undefined }[] = [];
  callbacks = 0;

  write(bytes: Uint8Array, done?: () => void): void {
    if (done !== undefined) this.callbacks++;
    this.writableLength += bytes.length;
    this.#waiting.push({ bytes, done });
    if (this.isOpen) this.open();
  }

  open(): void {
    this.isOpen = true;
    for (const { bytes, done } of this.#waiting.splice(0)) {
      this.taken.push(...bytes);
      this.writableLength -= bytes.length;
      done?.();
    }
  }
}

function setUp() {
  const lane = makeLane();
  const reader = lane.view.read("live");
  const socket = new FakeSocket();
  const queue = new BatchQueue(socket);
  const write = (value: number): void => {
    put(lane.writer, { value, length: 2 });
    const batch = new Batch(reader);
    while (reader.next()) assert.ok(batch.add());
    queue.write(batch);
    batch.done();
  };
  const refs = (): number => lane.pool.arenas[0]?.refs(0) ?? 0;
  return { socket, queue, write, refs };
}

test("what the system takes at once needs no callback, and is not held", () => {
  const { socket, write, refs } = setUp();
  write(1);
  const own = refs();
  write(2);
  assert.deepEqual([socket.taken, socket.callbacks, refs()], [[1, 1, 2, 2], 0, own]);
});

test("what waits is held until it was written, in order", () => {
  const { socket, write, refs } = setUp();
  write(1);
  const own = refs();
  socket.isOpen = false;
  write(2);
  write(3);
  assert.equal(refs(), own + 2);
  socket.open();
  assert.deepEqual(socket.taken, [1, 1, 2, 2, 3, 3]);
  assert.equal(refs(), own);
});

test("for a socket that is gone everything is let go", () => {
  const { socket, queue, write, refs } = setUp();
  write(1);
  const own = refs();
  socket.isOpen = false;
  write(2);
  queue.clear();
  assert.equal(refs(), own);
  socket.open();
  assert.equal(refs(), own);
});
