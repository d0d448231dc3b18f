import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GroupSender } from "./group-sender.ts";
import { numbered } from "./testing/network.ts";
import { QuietLeg } from "./testing/quiet-leg.ts";

const LAST = 2 ** 31 - 1;

function broadcast(firstSequence?: number): GroupSender {
  return new GroupSender({
    type: "broadcast",
    latencyUs: 120_000,
    ...(firstSequence === undefined ? {} : { firstSequence }),
  });
}

describe("a broadcast group", () => {
  test("gives every leg the same number and source time", () => {
    const group = broadcast();
    const a = new QuietLeg(1, LAST);
    const b = new QuietLeg(2, 77);
    group.legUp(a);
    group.legUp(b);
    for (const [value, nowUs] of [
      [0, 1000],
      [1, 2000],
    ] as const) {
      assert.equal(group.send(numbered(value), nowUs), true);
    }
    const sent = [
      { sequence: LAST, value: 0, originUs: 1000 },
      { sequence: 0, value: 1, originUs: 2000 },
    ];
    assert.deepEqual(a.sent, sent);
    assert.deepEqual(b.sent, sent);
    assert.equal(group.joinSequence, 1);
    assert.equal(group.activeLegs, 2);
    assert.equal(group.nextUs, Number.POSITIVE_INFINITY);
  });

  test("lets a leg that joins late go on with its number", () => {
    const group = broadcast(500);
    assert.equal(group.joinSequence, 500);
    const a = new QuietLeg(1, 500);
    group.legUp(a);
    for (let i = 0; i < 3; i++) group.send(numbered(i), i);
    assert.equal(group.joinSequence, 503);
    const late = new QuietLeg(2, 500);
    group.legUp(late);
    group.send(numbered(3), 3);
    assert.deepEqual(a.sequences, [500, 501, 502, 503]);
    assert.deepEqual(late.sequences, [503]);
  });

  test("goes on with what is left, and takes the numbers of the leg that comes when none is", () => {
    const group = broadcast(10);
    const a = new QuietLeg(1, 10);
    group.legUp(a);
    group.send(numbered(0), 0);
    group.legDown(1);
    assert.equal(group.legs, 0);
    assert.equal(group.send(numbered(1), 1), false, "nobody is there");
    const b = new QuietLeg(2, 900);
    group.legUp(b);
    group.send(numbered(2), 2);
    assert.deepEqual(b.sequences, [900]);
  });

  test("closes a leg that refuses what another took", () => {
    const group = broadcast();
    const a = new QuietLeg(1, 10);
    const b = new QuietLeg(2, 10);
    group.legUp(a);
    group.legUp(b);
    b.full = true;
    assert.equal(group.send(numbered(0), 0), true);
    assert.equal(b.closed, true);
    assert.equal(a.closed, false);
    assert.equal(group.isActive(2), false);
    assert.equal(group.isActive(1), true);
    assert.equal(group.switches, 1);
  });

  test("closes a leg that cannot be brought into step", () => {
    const group = broadcast();
    const a = new QuietLeg(1, 10);
    const b = new QuietLeg(2, 700);
    b.unacknowledged = 1;
    group.legUp(a);
    group.legUp(b);
    group.send(numbered(0), 0);
    assert.equal(b.closed, true);
    assert.deepEqual(b.sent, []);
  });

  test("closes nobody when all are full, and uses up no number", () => {
    const group = broadcast();
    const a = new QuietLeg(1, 10);
    group.legUp(a);
    group.legUp(a);
    assert.equal(group.legs, 1);
    a.full = true;
    assert.equal(group.send(numbered(0), 0), false);
    assert.equal(a.closed, false);
    a.full = false;
    group.send(numbered(1), 1);
    assert.deepEqual(a.sent, [{ sequence: 10, value: 1, originUs: 1 }]);
  });
});
