import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LossList } from "./loss-list.ts";
import { ReorderTolerance } from "./retransmission.ts";
import { SEQUENCE_16, SEQUENCE_31 } from "./sequence.ts";
import { spaceAndStart, startOf } from "./space.test-support.ts";

test("a loss is reported by the packet that comes `ttl` packets after the one that showed it", () => {
  const fresh = new ReorderTolerance(SEQUENCE_31);
  const losses = new LossList(SEQUENCE_31);
  fresh.add(10, 12, 3);
  assert.deepEqual([fresh.size, fresh.first], [3, 10]);
  // The packet that showed it, and two more.
  for (let i = 0; i < 3; i++) assert.equal(fresh.tick(losses), 0);
  assert.equal(fresh.tick(losses), 3);
  assert.deepEqual([losses.low(0), losses.high(0), losses.ranges], [10, 12, 1]);
  assert.deepEqual([fresh.size, fresh.first], [0, 0]);
});

test("without patience it is reported at once", () => {
  const fresh = new ReorderTolerance(SEQUENCE_31);
  const losses = new LossList(SEQUENCE_31);
  fresh.add(10, 10, 0);
  assert.equal(fresh.tick(losses), 1);
});

test("what came late is not reported", () => {
  const fresh = new ReorderTolerance(SEQUENCE_16);
  const losses = new LossList(SEQUENCE_16);
  fresh.add(65_534, 3, 1);
  for (const sequence of [65_534, 0, 3]) assert.ok(fresh.onPacket(sequence));
  for (const sequence of [65_534, 0, 4, 65_533]) assert.equal(fresh.onPacket(sequence), false);
  fresh.tick(losses);
  assert.equal(fresh.tick(losses), 3);
  assert.deepEqual([losses.low(0), losses.high(0), losses.low(1), losses.high(1)], [65_535, 65_535, 1, 2]);
});

test("a shorter patience overtakes a longer one", () => {
  const fresh = new ReorderTolerance(SEQUENCE_31);
  const losses = new LossList(SEQUENCE_31);
  fresh.add(10, 11, 5);
  fresh.add(20, 20, 1);
  fresh.tick(losses);
  assert.equal(fresh.tick(losses), 1);
  assert.ok(losses.has(20));
  assert.equal(fresh.size, 2);
});

test("a range that ends before it begins is ignored", () => {
  const fresh = new ReorderTolerance(SEQUENCE_31);
  fresh.add(10, 8, 2);
  assert.equal(fresh.size, 0);
});

test("many losses at once", () => {
  const fresh = new ReorderTolerance(SEQUENCE_16);
  const losses = new LossList(SEQUENCE_16);
  for (let i = 0; i < 100; i++) fresh.add(SEQUENCE_16.add(65_500, i * 3), SEQUENCE_16.add(65_502, i * 3), 1);
  assert.equal(fresh.size, 300);
  assert.equal(fresh.removeBefore(65_501), 1);
  for (let i = 0; i < 50; i++) assert.ok(fresh.onPacket(SEQUENCE_16.add(65_500, 1 + i * 3)));
  fresh.tick(losses);
  assert.equal(fresh.tick(losses), 249);
  assert.equal(losses.size, 249);
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant("gap" as const), fc.integer({ min: 0, max: 4 })) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("late" as const), fc.integer({ min: 1, max: 24 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("giveUp" as const), fc.integer({ min: 0, max: 24 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("clear" as const), fc.constant(0)) },
);

test("each missing packet waits for itself", () => {
  const property = fc.property(
    spaceAndStart,
    fc.array(fc.tuple(step, fc.integer({ min: 0, max: 5 })), { maxLength: 120 }),
    (where, steps) => {
      const { space } = where;
      const start = startOf(where);
      const sequence = (at: number) => space.add(start, at);
      const fresh = new ReorderTolerance(space);
      /** Place of each missing packet to the packets that it still waits for. */
      const waits = new Map<number, number>();
      let end = 0;
      for (const [[what, n], ttl] of steps) {
        if (what === "gap") {
          if (n > 0) fresh.add(sequence(end), sequence(end + n - 1), ttl);
          for (let i = 0; i < n; i++) waits.set(end + i, ttl);
          end += n + 1;
        } else if (what === "late") {
          assert.equal(fresh.onPacket(sequence(end - n)), waits.delete(end - n));
        } else if (what === "giveUp") {
          const gone = [...waits.keys()].filter((at) => at < end - n);
          assert.equal(fresh.removeBefore(sequence(end - n)), gone.length);
          for (const at of gone) waits.delete(at);
        } else {
          fresh.clear();
          waits.clear();
        }
        const due = [...waits].filter(([, left]) => left <= 0).map(([at]) => at);
        for (const at of due) waits.delete(at);
        for (const [at, left] of waits) waits.set(at, left - 1);
        const losses = new LossList(space);
        assert.equal(fresh.tick(losses), due.length);
        assert.ok(due.every((at) => losses.has(sequence(at))));
        assert.equal(losses.size, due.length);
        assert.equal(fresh.size, waits.size);
        if (waits.size > 0) assert.equal(fresh.first, sequence(Math.min(...waits.keys())));
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});
