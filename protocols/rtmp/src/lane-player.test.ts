import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { ViewerSession } from "@millrace/engine";
import { TestLane } from "../../../tests/contract/index.ts";
import { LanePlayer } from "./lane-player.ts";

/** A socket whose system takes bytes when the test says so. */
class FakeSocket extends EventEmitter {
  bytesWritten = 0;
  writableLength = 0;
  readonly #queue: { left: number; done: () => void }[] = [];

  cork(): void {}
  uncork(): void {}

  write(bytes: Uint8Array, done: () => void): boolean {
    this.bytesWritten += bytes.length;
    this.writableLength += bytes.length;
    this.#queue.push({ left: bytes.length, done });
    return false;
  }

  take(bytes: number): void {
    let left = Math.min(bytes, this.writableLength);
    this.writableLength -= left;
    for (let first = this.#queue[0]; first !== undefined && left > 0; first = this.#queue[0]) {
      const part = Math.min(left, first.left);
      first.left -= part;
      left -= part;
      if (first.left > 0) break;
      this.#queue.shift();
      first.done();
    }
    if (this.writableLength === 0) this.emit("drain");
  }
}

function playing(t: TestContext) {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const socket = new FakeSocket();
  const lane = new TestLane({ maxBytes: 4 << 20 });
  const ends: string[] = [];
  const session: ViewerSession = { id: "1", bytes: 0, skips: 0, lagBytes: 0, close: () => {} };
  const reader = lane.read();
  const player = new LanePlayer({
    socket: socket as unknown as Socket,
    reader,
    session,
    onEnd: (reason) => ends.push(reason),
  });
  player.start();
  const write = (bytes: number): void => {
    lane.write(new Uint8Array(bytes), "key");
    reader.onReadable?.();
  };
  const wait = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) t.mock.timers.tick(1000);
  };
  return { socket, lane, ends, session, player, write, wait };
}

/** Five chunks of a lane, which together go beyond what a player may have unsent. */
const BIG = 188 * 3000;

test("a player whose socket always took everything is not taken for stalled when it first waits", (t) => {
  const { socket, ends, player, write, wait } = playing(t);
  write(1880);
  socket.take(1880);
  wait(300);
  write(BIG);
  wait(20);
  assert.equal(ends.length, 0);
  wait(20);
  assert.ok(ends.includes("stalled"));
  player.close();
});

test("a player that takes little is left alone as long as it takes anything", (t) => {
  const { socket, ends, session, player, write, wait } = playing(t);
  write(BIG);
  for (let i = 0; i < 20; i++) {
    socket.take(100);
    wait(10);
  }
  assert.equal(ends.length, 0);
  assert.equal(session.bytes, BIG);
  assert.equal(session.lagBytes, BIG - 2000);
  player.close();
});

test("a player that waits gets the rest when its socket drains, and its lag is told", (t) => {
  const { socket, session, player, write, wait } = playing(t);
  write(BIG);
  write(18_800);
  assert.equal(session.bytes, BIG);
  wait(5);
  assert.equal(session.lagBytes, BIG + 18_800);
  socket.take(BIG);
  assert.equal(session.bytes, BIG + 18_800);
  assert.equal(session.lagBytes, 0);
  player.close();
});

test("the lane's memory is free when all was taken, and the end of the lane is told", (t) => {
  const { socket, lane, ends, player, write } = playing(t);
  write(1880);
  write(3760);
  lane.end();
  assert.deepEqual(ends, ["ended"]);
  socket.take(5640);
  player.close();
  lane.free();
  assert.equal(lane.heldSlabs, 0);
});

test("a player of a lane that is over says so when it starts, and not before", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const lane = new TestLane();
  lane.end();
  const session: ViewerSession = { id: "1", bytes: 0, skips: 0, lagBytes: 0, close: () => {} };
  let ends = 0;
  const player: LanePlayer = new LanePlayer({
    socket: new FakeSocket() as unknown as Socket,
    reader: lane.read(),
    session,
    onEnd: () => {
      ends++;
      player.close();
    },
  });
  assert.equal(ends, 0);
  player.start();
  assert.equal(ends, 1);
});
