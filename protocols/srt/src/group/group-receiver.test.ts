import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SEQUENCE_31 } from "@millrace/arq";
import fc from "fast-check";
import { GroupReceiver, type GroupReceiverOptions } from "./group-receiver.ts";
import { numbered, numberOf } from "./testing/network.ts";

const SKEW_US = 50_000;

/** A group that notes what it delivers, with two legs, 1 and 2. */
function group(options: Partial<GroupReceiverOptions> = {}, legs: readonly number[] = [1, 2]) {
  const out: number[] = [];
  const lost: [number, number][] = [];
  const receiver = new GroupReceiver({
    deliver: (payload, sequence) => {
      assert.equal(numberOf(payload), sequence, "the payload is that of its number");
      out.push(sequence);
    },
    onLost: (from, to) => lost.push([from, to]),
    maxSkewUs: SKEW_US,
    ...options,
  });
  for (const leg of legs) receiver.legUp(leg, 0);
  const bring = (leg: number, nowUs: number, ...sequences: number[]): void => {
    for (const sequence of sequences) receiver.packet(leg, sequence, numbered(sequence), nowUs);
  };
  return { receiver, out, lost, bring };
}

describe("a group with one leg", () => {
  test("passes everything on at once, gaps too", () => {
    const { receiver, out, lost, bring } = group({}, [1]);
    bring(1, 0, 10, 11);
    receiver.gap(1, 12, 14, 0);
    bring(1, 0, 15);
    assert.deepEqual(out, [10, 11, 15]);
    assert.deepEqual(lost, [[12, 14]]);
    assert.equal(receiver.nextUs, Number.POSITIVE_INFINITY);
    assert.equal(receiver.counters.lost, 3);
    assert.equal(receiver.counters.gaps, 1);
  });

  test("follows its leg to other numbers", () => {
    const { receiver, out, bring } = group({}, [1]);
    bring(1, 0, 10, 11, 2 ** 30, 2 ** 30 + 1);
    assert.deepEqual(out, [10, 11, 2 ** 30, 2 ** 30 + 1]);
    assert.equal(receiver.counters.strays, 0);
  });
});

describe("a group with two legs", () => {
  test("delivers each number once", () => {
    const { receiver, out, bring } = group();
    bring(1, 0, 10, 11, 12);
    bring(2, 0, 10, 11, 12, 13);
    bring(1, 0, 13, 14);
    assert.deepEqual(out, [10, 11, 12, 13, 14]);
    assert.equal(receiver.counters.duplicates, 4);
    assert.equal(receiver.counters.delivered, 5);
  });

  test("takes from one what the other has lost, however the two come", () => {
    const { receiver, out, lost, bring } = group();
    bring(1, 0, 10);
    bring(2, 0, 10);
    receiver.gap(1, 11, 12, 100);
    bring(1, 100, 13);
    bring(2, 200, 11, 12, 13);
    bring(2, 300, 14);
    receiver.gap(1, 14, 14, 400);
    bring(1, 400, 15);
    assert.deepEqual(out, [10, 11, 12, 13, 14, 15]);
    assert.deepEqual(lost, []);
    assert.equal(receiver.counters.merged, 3);
  });

  test("counts a packet that two lost and a third brought once", () => {
    const { receiver, bring } = group({}, [1, 2, 3]);
    bring(3, 0, 10, 11);
    for (const leg of [1, 2]) {
      bring(leg, 0, 10);
      receiver.gap(leg, 11, 11, 0);
      receiver.gap(leg, 12, 12, 0);
    }
    bring(3, 0, 12);
    assert.equal(receiver.counters.merged, 2);
  });

  test("waits for the first packets of a leg that begins with a gap", () => {
    const { receiver, out, bring } = group();
    receiver.gap(1, 10, 11, 0);
    bring(1, 0, 12);
    bring(2, 100, 10, 11, 12);
    assert.deepEqual(out, [10, 11, 12]);
  });

  test("waits for the first packets of its first leg when the other is faster", () => {
    const { receiver, out, bring } = group({}, []);
    receiver.legUp(1, 0, 10);
    receiver.legUp(2, 0, 10);
    bring(2, 100, 12);
    bring(1, 200, 10, 11, 12);
    assert.deepEqual(out, [10, 11, 12]);
  });

  test("gives a number up when every leg has passed it", () => {
    const { receiver, out, lost, bring } = group();
    bring(1, 0, 10);
    bring(2, 0, 10);
    receiver.gap(1, 11, 13, 0);
    bring(1, 0, 14, 15);
    assert.deepEqual(out, [10]);
    bring(2, 0, 13);
    assert.deepEqual(out, [10, 13, 14, 15]);
    assert.deepEqual(lost, [[11, 12]]);
    assert.equal(receiver.counters.merged, 1);
  });

  test("gives up first what is passed, and waits on for the rest", () => {
    const { receiver, out, lost, bring } = group();
    bring(1, 0, 10);
    bring(2, 0, 10);
    receiver.gap(1, 11, 19, 0);
    bring(1, 0, 20);
    receiver.gap(2, 11, 14, 0);
    assert.deepEqual(lost, [[11, 14]]);
    bring(2, 0, 15, 16, 17, 18, 19);
    assert.deepEqual(out, [10, 15, 16, 17, 18, 19, 20]);
    assert.equal(receiver.counters.gaps, 1);
  });

  test("counts what it gives up piece by piece as one gap", () => {
    const { receiver, lost, bring } = group();
    bring(1, 0, 10);
    bring(2, 0, 10);
    receiver.gap(1, 11, 19, 0);
    bring(1, 0, 20);
    receiver.gap(2, 11, 14, 0);
    receiver.gap(2, 15, 19, 0);
    assert.deepEqual(lost, [
      [11, 14],
      [15, 19],
    ]);
    assert.equal(receiver.counters.gaps, 1);
    assert.equal(receiver.counters.lost, 9);
  });

  test("does not take for mended what came before its time", () => {
    const { receiver, bring } = group();
    bring(1, 0, 100);
    receiver.gap(2, 95, 99, 0);
    assert.equal(receiver.counters.merged, 0);
  });

  test("waits no longer than the skew, and counts what comes after it as late", () => {
    const { receiver, out, bring } = group();
    bring(1, 0, 10);
    bring(2, 0, 10);
    receiver.gap(1, 11, 11, 1000);
    bring(1, 1000, 12);
    assert.equal(receiver.nextUs, 1000 + SKEW_US);
    bring(1, 2000, 13);
    assert.equal(receiver.held, 2);
    receiver.tick(SKEW_US + 999);
    assert.deepEqual(out, [10]);
    receiver.tick(SKEW_US + 1000);
    assert.deepEqual(out, [10, 12, 13]);
    assert.equal(receiver.nextUs, Number.POSITIVE_INFINITY);
    bring(2, SKEW_US + 1001, 11, 12);
    assert.deepEqual(out, [10, 12, 13]);
    assert.equal(receiver.counters.late, 1);
    assert.equal(receiver.counters.duplicates, 2);
    assert.equal(receiver.counters.merged, 0);
  });

  test("measures the wait of the packet that came first, not of the first number", () => {
    const { receiver, out, bring } = group({}, [1, 2, 3]);
    for (const leg of [1, 2, 3]) bring(leg, 0, 10);
    receiver.gap(1, 11, 19, 0);
    bring(1, 0, 20);
    receiver.gap(2, 11, 14, 30_000);
    bring(2, 30_000, 15);
    assert.equal(receiver.nextUs, SKEW_US);
    receiver.tick(SKEW_US);
    assert.deepEqual(out, [10, 15, 20]);
  });

  test("looks for the packet that waits longest when the first one has gone", () => {
    const { receiver, out, bring } = group({}, [1, 2, 3]);
    for (const leg of [1, 2, 3]) bring(leg, 0, 10);
    bring(1, 0, 12);
    receiver.gap(1, 13, 19, 5000);
    bring(1, 5000, 20);
    receiver.gap(2, 11, 14, 10_000);
    bring(2, 10_000, 15);
    bring(3, 12_000, 11);
    assert.deepEqual(out, [10, 11, 12]);
    assert.equal(receiver.nextUs, 5000 + SKEW_US);
  });

  test("keeps its own copy of what waits", () => {
    const { receiver, out, bring } = group();
    bring(1, 0, 10);
    const payload = numbered(12);
    receiver.packet(1, 12, payload, 0);
    payload.fill(0xff);
    bring(2, 0, 10, 11);
    assert.deepEqual(out, [10, 11, 12]);
  });

  test("waits for nobody who is idle, or gone", () => {
    const { receiver, out, bring } = group({ idleAfterUs: 1_000_000 });
    bring(1, 0, 10);
    bring(2, 0, 10);
    bring(1, 1_000_000, 11);
    receiver.gap(1, 12, 12, 1_000_001);
    bring(1, 1_000_001, 13);
    assert.deepEqual(out, [10, 11, 13]);
    bring(2, 1_000_001, 11, 12, 13);
    receiver.gap(1, 14, 14, 1_000_002);
    bring(1, 1_000_002, 15);
    assert.deepEqual(out, [10, 11, 13]);
    receiver.legDown(2, 1_000_002);
    assert.deepEqual(out, [10, 11, 13, 15]);
  });

  test("waits for a leg that was idle and has packets again, though none is due", () => {
    const { receiver, out, bring } = group();
    bring(1, 2_000_000, 10);
    receiver.heard(2, 2_000_000);
    receiver.heard(3, 2_000_000);
    receiver.gap(1, 11, 11, 2_000_000);
    bring(1, 2_000_000, 12);
    bring(2, 2_010_000, 11);
    assert.deepEqual(out, [10, 11, 12]);
  });

  test("goes on at the number of a leg that joins late, and takes nothing that was delivered", () => {
    const { receiver, out, bring } = group({}, [1]);
    bring(1, 0, 10, 11, 12);
    receiver.legUp(2, 0);
    assert.equal(receiver.nextSequence, 13);
    bring(2, 0, 12, 13, 14);
    receiver.legDown(1, 0);
    bring(2, 0, 15);
    assert.deepEqual(out, [10, 11, 12, 13, 14, 15]);
  });

  test("holds no more packets than it may", () => {
    const { receiver, out, lost, bring } = group({ maxHeldPackets: 8, maxSkewUs: 1e9 });
    bring(1, 0, 10);
    bring(2, 0, 10);
    for (let sequence = 12; sequence < 40; sequence += 2) {
      bring(1, 0, sequence);
      assert.ok(receiver.held <= 8);
    }
    assert.deepEqual(out, [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]);
    bring(1, 0, 5000);
    assert.equal(receiver.held, 1);
    assert.deepEqual(lost.at(-1), [39, 4992]);
    receiver.legDown(2, 0);
    assert.equal(out.at(-1), 5000);
  });

  test("does not wait with a payload that is too long for it", () => {
    const { receiver, out, lost, bring } = group({ maxPayloadBytes: 188 });
    bring(1, 0, 10);
    bring(2, 0, 10);
    bring(1, 0, 12);
    receiver.packet(1, 14, numbered(14, 189), 0);
    assert.deepEqual(out, [10, 12, 14]);
    assert.deepEqual(lost, [
      [11, 11],
      [13, 13],
    ]);
  });

  test("refuses numbers that have nothing to do with those of the other leg", () => {
    const { receiver, out, bring } = group();
    bring(1, 0, 10);
    assert.equal(receiver.packet(2, 2 ** 29, numbered(2 ** 29), 0), false);
    assert.equal(receiver.gap(2, 2 ** 29, 2 ** 29, 0), false);
    assert.equal(receiver.packet(3, 11, numbered(11), 0), false, "an unknown leg");
    assert.equal(receiver.gap(1, 13, 12, 0), false, "an empty range");
    bring(1, 0, 11);
    assert.deepEqual(out, [10, 11]);
    assert.equal(receiver.counters.strays, 1);
  });
});

describe("a group that lost all its legs", () => {
  test("goes on with the old numbers, without doubling", () => {
    const { receiver, out, bring } = group({}, [1]);
    bring(1, 0, 10, 11, 12);
    receiver.legDown(1, 0);
    receiver.legUp(2, 1000);
    bring(2, 1000, 11, 12, 13);
    assert.deepEqual(out, [10, 11, 12, 13]);
  });

  test("takes up new numbers, before or after the old", () => {
    const { receiver, out, bring } = group({}, [1]);
    bring(1, 0, 100_000);
    for (const first of [50_000, 150_000]) {
      receiver.legDown(1, 0);
      receiver.legUp(1, 1000, first);
      bring(1, 1000, first + 1, first + 2);
    }
    assert.deepEqual(out, [100_000, 50_001, 50_002, 150_001, 150_002]);
    assert.equal(receiver.counters.lost, 2, "the first of each, which never came");
  });
});

/** What one leg brings of the packets, and in what steps it does. */
const legArbitrary = fc.record({
  lost: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
  dies: fc.integer({ min: 5, max: 80 }),
});
const planArbitrary = fc.record({
  start: fc.oneof(fc.constant(0), fc.integer({ min: 2 ** 31 - 60, max: 2 ** 31 - 1 })),
  legs: fc.array(legArbitrary, { minLength: 1, maxLength: 3 }),
  turns: fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
  stepUs: fc.integer({ min: 0, max: 5000 }),
});

describe("any order in which legs bring packets", () => {
  const COUNT = 40;

  /** Plays a plan; returns what came out, as distances from the start, and what any leg brought. */
  function play(plan: typeof planArbitrary extends fc.Arbitrary<infer T> ? T : never, maxSkewUs: number) {
    const brought = new Set<number>();
    const { receiver, out, bring } = group(
      { maxSkewUs, maxHeldPackets: 64, idleAfterUs: 1e12 },
      plan.legs.map((_, i) => i),
    );
    const places = plan.legs.map(() => 0);
    let nowUs = 0;
    let longestWaitUs = 0;
    for (const turn of plan.turns) {
      nowUs += plan.stepUs;
      receiver.tick(nowUs);
      longestWaitUs = Math.max(longestWaitUs, nowUs - receiver.nextUs);
      const index = turn % plan.legs.length;
      const place = places[index] as number;
      const { lost, dies } = plan.legs[index] as (typeof plan.legs)[number];
      if (place > Math.min(COUNT - 1, dies)) continue;
      if (place === dies) receiver.legDown(index, nowUs);
      else if (lost[place] === true) {
        receiver.gap(index, SEQUENCE_31.add(plan.start, place), SEQUENCE_31.add(plan.start, place), nowUs);
      } else {
        bring(index, nowUs, SEQUENCE_31.add(plan.start, place));
        brought.add(place);
      }
      places[index] = place + 1;
    }
    for (const index of plan.legs.keys()) receiver.legDown(index, nowUs);
    return {
      receiver,
      brought,
      longestWaitUs,
      out: out.map((sequence) => SEQUENCE_31.diff(sequence, plan.start)),
    };
  }

  test("loses nothing that a leg brought, when nobody is in a hurry", () => {
    fc.assert(
      fc.property(planArbitrary, (plan) => {
        const { out, brought, receiver } = play(plan, 1e12);
        assert.deepEqual(
          out,
          [...brought].sort((a, b) => a - b),
        );
        assert.equal(receiver.counters.late, 0);
      }),
    );
  });

  test("keeps the order and doubles nothing, and nothing waits for longer than the skew", () => {
    fc.assert(
      fc.property(planArbitrary, fc.integer({ min: 0, max: 30_000 }), (plan, maxSkewUs) => {
        const { out, brought, receiver, longestWaitUs } = play(plan, maxSkewUs);
        for (let i = 1; i < out.length; i++) assert.ok((out[i] as number) > (out[i - 1] as number));
        assert.ok(out.every((place) => brought.has(place)));
        assert.equal(receiver.held, 0);
        assert.ok(longestWaitUs <= 0, "after a tick nothing is overdue");
        const { delivered, lost, gaps } = receiver.counters;
        assert.equal(delivered, out.length);
        if (out.length > 0) assert.ok(delivered + lost >= (out.at(-1) as number) - (out[0] as number) + 1);
        assert.ok(gaps <= lost);
      }),
    );
  });
});
