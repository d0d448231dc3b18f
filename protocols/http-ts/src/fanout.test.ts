import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Fanout } from "@millrace/engine";
import fc from "fast-check";
import { GATHERING } from "./play.ts";
import { FakeLane } from "./testing/fake-lane.ts";
import { Valve } from "./testing/valve.ts";
import { Viewer } from "./viewer.ts";

/** More than a viewer may have unsent before it is left out. */
const MUCH = 300 * 1024;
const CHUNK = 500;

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  return start();
}

function start() {
  const lane = new FakeLane();
  const state = { empty: 0 };
  const fanout = new Fanout(lane.read(), { gathering: GATHERING, onEmpty: () => state.empty++ });
  const join = (at = lane.head) => {
    const valve = new Valve();
    const session = {
      id: "1",
      stream: "one",
      bytes: 0,
      skips: 0,
      lagBytes: 0,
      closed: 0,
      close: () => void session.closed++,
    };
    const ended: Viewer[] = [];
    const stalled = { times: 0 };
    const viewer = new Viewer({
      socket: valve.socket,
      session,
      onLaneEnd: (one) => ended.push(one),
      onStalled: () => stalled.times++,
    });
    const from = lane.written.length;
    viewer.join(fanout, lane.read(at));
    return { valve, session, viewer, ended, stalled, from };
  };
  return { lane, state, fanout, join };
}

/** Enough to put a reader that is stuck out of the round. */
function flood(lane: FakeLane, fanout: Fanout): void {
  for (let bytes = 0; bytes < MUCH + 64 * 1024; bytes += CHUNK) lane.put(CHUNK);
  fanout.flush();
}

/** Buffers of this size would take minutes to print. */
function same(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length, "length");
  assert.equal(Buffer.compare(actual, expected), 0, "contents");
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("viewers get the same bytes, gathered for 40 ms, and nothing stays held", (t) => {
  const { lane, join } = setUp(t);
  const viewers = [join(), join(), join()];
  for (let i = 0; i < 20; i++) {
    lane.put(188 * (1 + (i % 4)));
    assert.equal(viewers[0]?.valve.taken.length, 0);
  }
  t.mock.timers.tick(40);
  for (const { valve, session } of viewers) {
    same(valve.taken, lane.written);
    assert.equal(session.bytes, lane.written.length);
  }
  assert.equal(lane.held, 0, "taken at once, so nobody needs the memory");
});

test("much is not waited for", (t) => {
  const { lane, join } = setUp(t);
  const { valve } = join();
  for (let bytes = 0; bytes < 64 * 1024; bytes += CHUNK) lane.put(CHUNK);
  assert.equal(valve.taken.length, lane.written.length);
});

test("a write that is under way keeps its memory until it ends", async (t) => {
  const { lane, join } = setUp(t);
  const { valve } = join();
  valve.shut();
  lane.put(CHUNK);
  t.mock.timers.tick(40);
  lane.put(100);
  t.mock.timers.tick(40);
  assert.equal(lane.held, 2);
  valve.open();
  await settle();
  assert.equal(lane.held, 0);
  same(valve.taken, lane.written);
});

test("a viewer that is stuck harms no other, and loses nothing while the window lasts", async (t) => {
  const { lane, fanout, join } = setUp(t);
  const [stuck, good] = [join(), join()];
  stuck.valve.shut();
  flood(lane, fanout);
  same(good.valve.taken, lane.written);
  assert.ok(stuck.valve.writableLength < MUCH + 64 * 1024, `${stuck.valve.writableLength} bytes wait`);
  flood(lane, fanout);
  assert.ok(stuck.valve.writableLength < MUCH + 64 * 1024, "no more than before");
  t.mock.timers.tick(1000);
  assert.ok(stuck.session.lagBytes > 0);
  stuck.valve.open();
  await settle();
  same(stuck.valve.taken, lane.written);
  lane.put(CHUNK);
  t.mock.timers.tick(40);
  same(stuck.valve.taken, lane.written);
  assert.equal(stuck.session.skips, 0);
  assert.equal(lane.held, 0);
  assert.equal(lane.readers, 1, "its own cursor is closed");
});

test("one that fell out of the window goes on with what is left, and that is counted", async (t) => {
  const { lane, fanout, join } = setUp(t);
  const { valve, session } = join();
  valve.shut();
  flood(lane, fanout);
  flood(lane, fanout);
  const tail = lane.head - 10;
  lane.tail = tail;
  valve.open();
  await settle();
  assert.equal(session.skips, 1);
  const newest = lane.written.subarray(lane.written.length - 10 * CHUNK);
  assert.deepEqual(valve.taken.subarray(valve.taken.length - newest.length), newest);
  assert.equal(lane.held, 0);
});

test("a new viewer starts at a key frame of the past, with the tables before it", (t) => {
  const { lane, fanout, join } = setUp(t);
  lane.put(CHUNK);
  lane.put(CHUNK, true);
  lane.put(CHUNK);
  fanout.flush();
  const { valve } = join(1);
  const expected = Buffer.concat([lane.tables, lane.written.subarray(CHUNK)]);
  same(valve.taken, expected);
});

for (const [state, before] of [
  ["at the edge", () => {}],
  ["with a write under way", (valve: Valve) => valve.shut()],
] as const)
  for (const much of [false, true]) {
    test(`a viewer that goes ${state}${much ? ", far behind" : ""} gives everything back`, async (t) => {
      const { lane, state: of, fanout, join } = setUp(t);
      const { valve, session } = join();
      before(valve);
      if (much) flood(lane, fanout);
      lane.put(CHUNK);
      fanout.flush();
      lane.put(CHUNK);
      valve.destroy();
      await settle();
      assert.equal(lane.held, 0);
      assert.equal(session.closed, 1);
      assert.equal(of.empty, 1);
      assert.equal(lane.readers, 0);
      t.mock.timers.tick(5000);
      lane.put(CHUNK);
      assert.equal(lane.held, 0, "nobody gathers any more");
    });
  }

test("a viewer that takes nothing for half a minute is dropped", async (t) => {
  const { lane, fanout, join } = setUp(t);
  const [stuck, good] = [join(), join()];
  stuck.valve.shut();
  for (let second = 0; second < 35; second++) {
    lane.put(CHUNK);
    fanout.flush();
    t.mock.timers.tick(1000);
    await settle();
  }
  assert.equal(stuck.stalled.times, 1);
  assert.equal(stuck.valve.destroyed, true);
  assert.equal(good.valve.destroyed, false);
  assert.equal(lane.held, 0);
});

test("at the lane's end viewers get the rest and are told", (t) => {
  const { lane, state, join } = setUp(t);
  const { valve, viewer, ended } = join();
  lane.put(CHUNK);
  lane.end();
  same(valve.taken, lane.written);
  assert.deepEqual(ended, [viewer]);
  assert.equal(lane.readers, 0);
  assert.equal(lane.held, 0);
  assert.equal(state.empty, 1);
});

interface Step {
  readonly do: "put" | "flush" | "join" | "shut" | "open" | "close";
  /** Bytes to put. */
  readonly length?: number;
  /** Viewer, by the order in which they joined. */
  readonly who?: number;
}

const who = fc.nat(5);
const steps = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ do: fc.constant("put" as const), length: fc.integer({ min: 1, max: 1000 }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("flush" as const, "join" as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("shut" as const, "open" as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), who }) },
  ),
  { maxLength: 120 },
);

test("whatever comes in whatever order: no byte lost, none doubled, nothing held in the end", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan: readonly Step[]) => {
      const { lane, fanout, join } = start();
      // One stays from first to last, so that the round does.
      const viewers = [join()];
      for (const { do: what, length = 0, who = 0 } of plan) {
        const valve = viewers[who]?.valve;
        if (what === "put") lane.put(length);
        else if (what === "flush") fanout.flush();
        else if (what === "join") viewers.push(join());
        else if (what === "shut") valve?.shut();
        else if (what === "open") valve?.open();
        else if (who > 0) valve?.destroy();
      }
      for (const { valve } of viewers) valve.open();
      await settle();
      fanout.flush();
      await settle();
      assert.equal(lane.held, 0);
      for (const { valve, from } of viewers) {
        if (valve.destroyed) continue;
        same(valve.taken, lane.written.subarray(from));
      }
      for (const { valve } of viewers) valve.destroy();
      await settle();
      assert.equal(lane.readers, 0);
    }),
    { numRuns: 60 },
  );
});
