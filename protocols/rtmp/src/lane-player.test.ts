import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { type TestContext, test } from "node:test";
import { FOR_LATENCY, type ViewerSession } from "@millrace/engine";
import fc from "fast-check";
import { TestPackagedLane } from "../../../tests/contract/index.ts";
import { LanePlayer, type LanePlayerOptions } from "./lane-player.ts";

/** A socket whose system takes bytes when the test says so, and keeps what it took. */
class FakeSocket extends EventEmitter {
  bytesWritten = 0;
  writableLength = 0;
  readonly #queue: { bytes: Uint8Array; at: number; done: (() => void) | undefined }[] = [];
  readonly #taken: Uint8Array[] = [];

  cork(): void {}
  uncork(): void {}

  write(bytes: Uint8Array, done?: () => void): boolean {
    this.bytesWritten += bytes.length;
    this.writableLength += bytes.length;
    this.#queue.push({ bytes, at: 0, done });
    return false;
  }

  take(most = Number.POSITIVE_INFINITY): void {
    let left = Math.min(most, this.writableLength);
    this.writableLength -= left;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const part = Math.min(left, first.bytes.length - first.at);
      // Copied only now: memory that was given back too early shows as wrong bytes.
      this.#taken.push(first.bytes.slice(first.at, first.at + part));
      first.at += part;
      left -= part;
      if (first.at < first.bytes.length) break;
      this.#queue.shift();
      first.done?.();
    }
    if (this.writableLength === 0) this.emit("drain");
  }

  get taken(): Buffer {
    return Buffer.concat(this.#taken);
  }
}

function sessionOf(): ViewerSession {
  return { id: "1", stream: "cam/one", bytes: 0, skips: 0, lagBytes: 0, close: () => {} };
}

function playing(t: TestContext, options: Partial<LanePlayerOptions> & { windowMs?: number } = {}) {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"] });
  const socket = new FakeSocket();
  const lane = new TestPackagedLane({ maxBytes: 4 << 20, ...options });
  const ends: string[] = [];
  const session = sessionOf();
  const player = new LanePlayer({
    socket,
    reader: lane.read(),
    session,
    onEnd: (reason) => ends.push(reason),
    ...options,
  });
  t.after(() => player.close());
  player.start();
  const key = (bytes: number, mark = "K"): void => lane.put(Buffer.alloc(bytes, mark), { key: true });
  const plain = (bytes: number, mark = "p"): void => lane.put(Buffer.alloc(bytes, mark));
  const disposable = (bytes: number, mark = "b"): void =>
    lane.put(Buffer.alloc(bytes, mark), { disposable: true });
  const wait = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) t.mock.timers.tick(1000);
  };
  /** The marks of what was taken, each run of equal ones once. */
  const marks = (): string => socket.taken.toString("latin1").replace(/(.)\1+/gs, "$1");
  return { socket, lane, ends, session, player, key, plain, disposable, wait, marks };
}

const FIRST_MARK = 256 * 1024;
const SECOND_MARK = 512 * 1024;
/** More than a player may have unsent. */
const BIG = SECOND_MARK + 5000;

test("a player whose socket always took everything is not taken for stalled when it first waits", (t) => {
  const { socket, ends, key, wait } = playing(t);
  key(1880);
  socket.take();
  wait(300);
  key(BIG);
  wait(20);
  assert.deepEqual(ends, []);
  wait(20);
  assert.deepEqual(ends, ["stalled"]);
});

test("a player that takes little is left alone as long as it takes anything", (t) => {
  const { socket, ends, session, key, wait } = playing(t);
  key(BIG);
  for (let i = 0; i < 20; i++) {
    socket.take(100);
    wait(10);
  }
  assert.deepEqual(ends, []);
  assert.equal(session.bytes, BIG);
  assert.equal(session.lagBytes, BIG - 2000);
});

test("a player that waits gets the rest when its socket drains, and its lag is told", (t) => {
  const { socket, session, key, plain, wait } = playing(t);
  key(BIG);
  plain(18_800);
  plain(1000);
  assert.equal(session.bytes, BIG);
  wait(5);
  assert.equal(session.lagBytes, BIG + 19_800);
  socket.take();
  assert.equal(session.bytes, BIG + 19_800);
  socket.take();
  wait(1);
  assert.equal(session.lagBytes, 0);
});

test("the lane's memory is free when all was taken, and the end of the lane is told", (t) => {
  const { socket, lane, ends, key, player } = playing(t);
  key(1880);
  key(3760);
  lane.end();
  assert.deepEqual(ends, ["ended"]);
  player.close();
  lane.free();
  assert.equal(lane.heldSlabs, 1);
  socket.take();
  assert.equal(lane.heldSlabs, 0);
});

test("a player that waits hears the end of the lane when it has the rest", (t) => {
  const { socket, lane, ends, key, plain, marks } = playing(t);
  key(BIG);
  plain(100);
  lane.end();
  assert.deepEqual(ends, []);
  socket.take();
  assert.deepEqual(ends, ["ended"]);
  socket.take();
  assert.equal(marks(), "Kp");
});

test("a paused player hears the end of its lane at once", (t) => {
  const { socket, lane, ends, key, plain, player, marks } = playing(t);
  key(100);
  player.pause(true);
  plain(100);
  assert.deepEqual(ends, []);
  lane.end();
  assert.deepEqual(ends, ["ended"]);
  socket.take();
  assert.equal(marks(), "K");
});

test("a paused player that waits for its socket hears the end, too", (t) => {
  const { lane, ends, key, player } = playing(t);
  key(BIG);
  player.pause(true);
  lane.end();
  assert.deepEqual(ends, ["ended"]);
});

test("a paused player gets nothing, and goes on where it was if that is still there", (t) => {
  const { socket, key, plain, player, marks } = playing(t);
  key(100);
  player.pause(true);
  plain(100, "1");
  plain(100, "2");
  socket.take();
  assert.equal(marks(), "K");
  player.pause(false);
  plain(100, "3");
  socket.take();
  assert.equal(marks(), "K123");
});

test("a player of a lane that is over says so when it starts, and not before", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const lane = new TestPackagedLane();
  lane.end();
  let ends = 0;
  const player: LanePlayer = new LanePlayer({
    socket: new FakeSocket(),
    reader: lane.read(),
    session: sessionOf(),
    onEnd: () => {
      ends++;
      player.close();
    },
  });
  assert.equal(ends, 0);
  player.start();
  assert.equal(ends, 1);
});

test("what goes ahead of the first bytes is made of the header alone", (t) => {
  const firsts: string[] = [];
  const preface = (first: Uint8Array): Uint8Array => {
    firsts.push(Buffer.from(first).toString());
    return Buffer.from("!");
  };
  const { socket, lane, key, plain, marks } = playing(t, { preface });
  lane.setHeader(Buffer.from("<1>"));
  key(100);
  plain(100);
  key(100);
  socket.take();
  assert.deepEqual(firsts, ["<1>"]);
  assert.equal(marks(), "!<1>KpK");
});

test("beyond the first mark a player does without what no other message needs, and that is counted", (t) => {
  const { socket, session, key, plain, disposable, marks } = playing(t);
  key(100);
  socket.take();
  disposable(FIRST_MARK, "1");
  disposable(100, "2");
  // One byte beyond the mark from here on.
  for (let i = 0; i < 3; i++) disposable(100, "3");
  plain(100, "4");
  disposable(100, "5");
  socket.take();
  disposable(100, "6");
  socket.take();
  assert.equal(marks(), "K1246");
  assert.deepEqual(session.describe?.(), { leftOut: 4 });
  assert.equal(session.skips, 0);
});

test("beyond the second mark it waits, and goes on at a later key frame when the rest is gone", (t) => {
  const { socket, lane, session, key, plain, disposable, marks } = playing(t, { windowMs: 1 });
  lane.setHeader(Buffer.from("<>"));
  key(100);
  socket.take();
  plain(BIG, "1");
  disposable(100, "2");
  plain(100, "3");
  for (let i = 0; i < 40; i++) {
    lane.advanceMs(10);
    plain(64 * 1024, "4");
  }
  key(64 * 1024);
  for (let i = 0; i < 4; i++) {
    lane.advanceMs(10);
    plain(64 * 1024, "5");
  }
  socket.take();
  socket.take();
  assert.equal(session.skips, 1);
  assert.equal(marks(), "<>K1<>K5");
});

test("what a player begins with is whole, however much it is: it is not slow yet", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"] });
  const lane = new TestPackagedLane();
  lane.put(Buffer.alloc(FIRST_MARK, "K"), { key: true });
  for (let i = 0; i < 9; i++) lane.put(Buffer.alloc(20_000, String(i)), { disposable: true });
  const socket = new FakeSocket();
  const session = sessionOf();
  const player = new LanePlayer({ socket, reader: lane.read(), session, onEnd: () => {} });
  t.after(() => player.close());
  player.start();
  socket.take();
  socket.take();
  assert.equal(socket.taken.toString().replace(/(.)\1+/g, "$1"), "K012345678");
  assert.deepEqual(session.describe?.(), { leftOut: 0 });
});

test("many players get what gathers in one write, few each message at once", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"] });
  const lane = new TestPackagedLane();
  const join = () => {
    const socket = new FakeSocket();
    const player = new LanePlayer({ socket, reader: lane.read(), session: sessionOf(), onEnd: () => {} });
    t.after(() => player.close());
    player.start();
    return socket;
  };
  const sockets = Array.from({ length: 8 }, join);
  lane.put(Buffer.from("A"), { key: true });
  for (const socket of sockets) socket.take();
  assert.equal(sockets[0]?.taken.toString(), "A");
  sockets.push(join());
  lane.put(Buffer.from("b"));
  lane.put(Buffer.from("c"));
  for (const socket of sockets) socket.take();
  assert.equal(sockets[8]?.taken.toString(), "A");
  t.mock.timers.tick(40);
  for (const socket of sockets) {
    socket.take();
    assert.equal(socket.taken.toString(), "Abc");
  }
});

/** Lengths and marks in front, so that a test can take apart what came. */
function framed(mark: string, bytes: number): Buffer {
  const message = Buffer.alloc(5 + bytes, mark);
  message.writeUInt32BE(bytes, 1);
  return message;
}

function marksIn(bytes: Buffer): string {
  let marks = "";
  for (let at = 0; at < bytes.length; ) {
    marks += String.fromCharCode(bytes[at] as number);
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    assert.ok(end <= bytes.length, "whole messages");
    at = end;
  }
  return marks;
}

test("property: messages come whole, in order, and only what may be missing is", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"] });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("p", "d"), bytes: fc.nat(200_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("K"), bytes: fc.nat(300_000) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("take"), bytes: fc.nat(500_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("pause", "tick"), bytes: fc.nat(90) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, atOnce) => {
      const lane = new TestPackagedLane({ windowMs: 4000 });
      const socket = new FakeSocket();
      const session = sessionOf();
      const gathering = atOnce ? { gathering: FOR_LATENCY } : {};
      const player = new LanePlayer({
        socket,
        reader: lane.read(),
        session,
        ...gathering,
        onEnd: () => {},
      });
      player.start();
      let paused = false;
      let wanted = "";
      let isStarted = false;
      for (const { kind, bytes } of steps) {
        if (kind === "take") socket.take(bytes);
        else if (kind === "tick") t.mock.timers.tick(bytes);
        else if (kind === "pause") player.pause((paused = !paused));
        else {
          isStarted ||= kind === "K";
          if (isStarted) wanted += kind;
          lane.put(framed(kind, bytes), { key: kind === "K", disposable: kind === "d" });
        }
      }
      player.pause(false);
      t.mock.timers.tick(100);
      while (socket.writableLength > 0) socket.take();
      const got = marksIn(socket.taken);
      const leftOut = Number(session.describe?.()?.["leftOut"]);
      assert.equal(got.replaceAll("d", ""), wanted.replaceAll("d", ""));
      assert.equal(got.length + leftOut, wanted.length);
      player.close();
      lane.end();
      lane.free();
      assert.equal(lane.heldSlabs, 0);
    }),
    { numRuns: 100 },
  );
});
