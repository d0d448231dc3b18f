import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { PackagedMessage } from "../api.ts";
import { SLAB_BYTES } from "../memory/arena.ts";
import { PackagedOutput } from "../stream/packaged-output.ts";
import { makeLane } from "../testing/lane-kit.ts";
import type { Batch } from "./batch.ts";
import { Fanout, type FanoutMember, fanoutOf } from "./fanout.ts";
import { AUTOMATIC, FOR_LATENCY, type Gathering } from "./gathering.ts";

const FORTY_MS: Gathering = { waitMs: () => 40, mostBytes: 64 * 1024, eagerBytes: 4096 };

/** Keeps what it gets. */
class Member implements FanoutMember {
  readonly texts: string[] = [];
  readonly behind: number[] = [];
  checks = 0;
  ends = 0;

  send(batch: Batch): void {
    this.texts.push(Buffer.from(batch.view).toString());
  }

  fallBehind(seq: number): void {
    this.behind.push(seq);
  }

  check(): void {
    this.checks++;
  }

  laneEnded(): void {
    this.ends++;
  }
}

function setUp(
  t: TestContext,
  gathering: Gathering,
  options: { windowMs?: number; maxBytes?: number; members?: number } = {},
) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const lane = makeLane("lines", options);
  const output = new PackagedOutput(lane.writer);
  const state = { empty: 0 };
  const fanout = new Fanout(lane.view.read("live"), { gathering, onEmpty: () => state.empty++ });
  const members = Array.from({ length: options.members ?? 1 }, () => new Member());
  for (const member of members) fanout.add(member);
  t.after(() => {
    for (const member of members) fanout.remove(member);
  });
  const put = (text: string, fields: Partial<PackagedMessage> = {}): void => {
    const plain = { track: 9, dts: 0, pts: 0, key: false, disposable: false, discontinuity: false };
    output.put({ ...plain, ...fields, data: [Buffer.from(text)] });
  };
  const pass = (ms: number): void => {
    lane.clock.advanceMs(ms);
    t.mock.timers.tick(ms);
  };
  return { ...lane, output, state, fanout, members, member: members[0] as Member, put, pass };
}

test("everybody gets the same batch, without the headers that are repeated", (t) => {
  const { output, members, put, pass } = setUp(t, FORTY_MS, { members: 3 });
  output.setHeader(Buffer.from("<1>"));
  put("A", { key: true });
  put("b");
  put("C", { key: true });
  output.setHeader(Buffer.from("<2>"));
  put("d");
  pass(40);
  for (const { texts } of members) assert.deepEqual(texts, ["<1>AbC<2>d"]);
});

test("for latency nothing waits, for throughput all does that is not much", (t) => {
  const quick = setUp(t, FOR_LATENCY);
  quick.put("a");
  quick.put("b");
  assert.deepEqual(quick.member.texts, ["a", "b"]);
  t.mock.timers.reset();
  const { member, put, pass } = setUp(t, FORTY_MS);
  put("a");
  pass(39);
  put("b");
  assert.deepEqual(member.texts, []);
  pass(1);
  assert.deepEqual(member.texts, ["ab"]);
  put("c".repeat(64 * 1024));
  assert.deepEqual(member.texts.length, 2);
});

test("a picture goes at once, and takes along what waits, unless the last write was just now", (t) => {
  const { member, put, pass } = setUp(t, FORTY_MS);
  const picture = "p".repeat(5000);
  put("a");
  pass(20);
  put(picture);
  assert.deepEqual(member.texts, [`a${picture}`]);
  pass(10);
  put(picture);
  assert.equal(member.texts.length, 1);
  pass(10);
  put("b");
  assert.deepEqual(member.texts.slice(1), [`${picture}b`]);
  pass(60);
  assert.equal(member.texts.length, 2);
});

test("automatic is for latency with few members, and waits for longer the more they are", (t) => {
  const { fanout, member, members, put, pass } = setUp(t, AUTOMATIC, { members: 8 });
  put("a");
  assert.deepEqual(member.texts, ["a"]);
  const ninth = new Member();
  fanout.add(ninth);
  put("b");
  assert.deepEqual(ninth.texts, []);
  pass(40);
  for (const { texts } of [...members, ninth]) assert.equal(texts.at(-1), "b");
  fanout.remove(ninth);
  put("c");
  assert.equal(member.texts.at(-1), "c");
  const others = Array.from({ length: 92 }, () => new Member());
  for (const other of others) fanout.add(other);
  put("d");
  pass(99);
  assert.equal(member.texts.at(-1), "c");
  pass(1);
  assert.equal(others[91]?.texts.at(-1), "d");
  for (const other of others) fanout.remove(other);
});

test("a message larger than a slab is one batch, and nothing stays held", (t) => {
  const { member, put, writer, pool } = setUp(t, FOR_LATENCY);
  put("x".repeat(2 * SLAB_BYTES + 5));
  assert.deepEqual(
    member.texts.map((text) => text.length),
    [2 * SLAB_BYTES + 5],
  );
  writer.end();
  writer.free();
  assert.equal(pool.freeBytes, pool.totalBytes);
});

test("the edge is where what was written ends", (t) => {
  const { fanout, put, pass, writer } = setUp(t, FORTY_MS);
  assert.equal(fanout.edge, 0);
  put("a");
  put("b");
  assert.equal(fanout.edge, 0);
  pass(40);
  assert.equal(fanout.edge, 2);
  assert.equal(writer.ring.head, 2);
});

test("when the worker was away for longer than the window each member goes on by itself", (t) => {
  const { view, member, put, pass } = setUp(t, FORTY_MS, { windowMs: 1 });
  put("a");
  pass(40);
  put("b");
  assert.deepEqual(member.texts, ["a"]);
  const wake = view.wake.bind(view);
  view.wake = () => {};
  for (let i = 0; i < 9; i++) {
    pass(1);
    put("c".repeat(SLAB_BYTES / 2), { key: true });
  }
  wake();
  assert.deepEqual(member.behind, [1]);
  assert.deepEqual(member.texts, ["a"]);
  view.wake = wake;
  put("d");
  pass(40);
  assert.deepEqual(member.texts.slice(1), ["d"]);
});

test("at the end all is written before the members are told, once", (t) => {
  const { member, members, put, writer, view, state } = setUp(t, FORTY_MS, { members: 2 });
  put("a");
  writer.end();
  view.wake();
  assert.deepEqual(
    members.map(({ texts, ends }) => [texts, ends]),
    [
      [["a"], 1],
      [["a"], 1],
    ],
  );
  t.mock.timers.tick(5000);
  assert.deepEqual([member.checks, view.readers, state.empty], [0, 0, 1]);
});

test("members are asked to check each second, until the last one left", (t) => {
  const { fanout, member, view, state } = setUp(t, FORTY_MS);
  t.mock.timers.tick(3000);
  assert.equal(member.checks, 3);
  fanout.remove(member);
  fanout.remove(member);
  t.mock.timers.tick(3000);
  assert.deepEqual([member.checks, view.readers, state.empty], [3, 0, 1]);
});

test("those who gather in the same way share a fan-out while it has members", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { view } = makeLane("lines");
  const reader = view.read("live");
  const fanout = fanoutOf(reader, AUTOMATIC);
  const other = fanoutOf(reader, FOR_LATENCY);
  const members = [new Member(), new Member()] as const;
  fanout.add(members[0]);
  other.add(members[1]);
  assert.equal(fanoutOf(view.read("key"), AUTOMATIC), fanout);
  assert.notEqual(other, fanout);
  fanout.remove(members[0]);
  const next = fanoutOf(reader, AUTOMATIC);
  assert.notEqual(next, fanout);
  next.add(members[0]);
  next.remove(members[0]);
  other.remove(members[1]);
});

test("what waits is not written as if nothing were missing behind it when no key frame has come since", (t) => {
  const { view, member, fanout, put, pass } = setUp(t, FORTY_MS, {
    windowMs: 1,
    maxBytes: 4 * SLAB_BYTES,
  });
  put("K", { key: true });
  pass(40);
  assert.deepEqual(member.texts, ["K"]);
  put("b");
  const wake = view.wake.bind(view);
  view.wake = () => {};
  for (let i = 0; i < 9; i++) {
    pass(1);
    put("c".repeat(SLAB_BYTES));
  }
  view.wake = wake;
  wake();
  assert.deepEqual(member.behind, [1]);
  const { edge } = fanout;
  put("d");
  pass(40);
  assert.deepEqual(member.texts, ["K", "d"]);
  assert.equal(fanout.edge, edge + 1);
});
