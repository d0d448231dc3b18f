import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SEQUENCE_31 } from "@millrace/arq";
import fc from "fast-check";
import { GroupReceiver } from "./group-receiver.ts";
import { GroupSender } from "./group-sender.ts";
import { numbered, numberOf, seeded, Way } from "./testing/network.ts";

const LATENCY_US = 400_000;
const TICK_US = 1000;
/** Just before the numbers begin again. */
const FIRST = 2 ** 31 - 300;

interface WayPlan {
  readonly delayUs: number;
  readonly loss: number;
  readonly weight?: number;
  /** The leg joins, its way is cut, is back, and the leg ends; in ms. */
  readonly joinsMs?: number;
  readonly cutMs?: number;
  readonly backMs?: number;
  readonly endsMs?: number;
}

/** Sends a packet every 2 ms for so long over such ways, and lets the last arrive. */
function simulate(type: "broadcast" | "backup", plans: readonly WayPlan[], durationMs: number, seed = 1) {
  const out: number[] = [];
  const receiver = new GroupReceiver({
    deliver: (payload, sequence) => {
      out.push(numberOf(payload));
      assert.equal(sequence, SEQUENCE_31.add(FIRST, numberOf(payload)));
    },
  });
  const sender = new GroupSender({ type, latencyUs: LATENCY_US });
  const ways = new Map<WayPlan, Way>();
  const random = seeded(seed);
  let sent = 0;
  for (let ms = 0; ms < durationMs + 2000; ms++) {
    const nowUs = ms * TICK_US;
    plans.forEach((plan, i) => {
      if ((plan.joinsMs ?? 0) === ms) {
        const firstSequence = i === 0 ? FIRST : sender.joinSequence;
        const { delayUs, loss, weight = 0 } = plan;
        const way = new Way({
          ...{ id: i + 1, weight, firstSequence, delayUs, loss, random, receiver },
          latencyUs: LATENCY_US,
        });
        ways.set(plan, way);
        sender.legUp(way);
        receiver.legUp(way.id, nowUs, firstSequence);
      }
      const way = ways.get(plan);
      if (way === undefined) return;
      if (plan.cutMs === ms) way.dead = true;
      if (plan.backMs === ms) way.dead = false;
      if (plan.endsMs === ms || way.closed) {
        sender.legDown(way.id);
        way.end(nowUs);
      }
      way.tick(nowUs);
      if (!way.closed || !way.drained) return;
      ways.delete(plan);
      receiver.legDown(way.id, nowUs);
    });
    if (ms < durationMs && ms % 2 === 0) sender.send(numbered(sent++), nowUs);
    sender.tick(nowUs);
    if (receiver.nextUs <= nowUs) receiver.tick(nowUs);
  }
  return { out, sent, receiver, sender, ways };
}

/** All packets, once each, in order. */
function assertComplete({ out, sent }: { readonly out: readonly number[]; readonly sent: number }): void {
  assert.deepEqual(
    out,
    Array.from({ length: sent }, (_, i) => i),
  );
}

describe("two legs in broadcast", () => {
  test("lose and double nothing when one is cut off for good", () => {
    const run = simulate(
      "broadcast",
      [
        { delayUs: 10_000, loss: 0.05, cutMs: 700, endsMs: 1700 },
        { delayUs: 40_000, loss: 0.05 },
      ],
      2500,
    );
    assertComplete(run);
    assert.ok(run.receiver.counters.duplicates > 200);
  });

  test("mend each other's losses, where neither can do so itself", () => {
    const alone = simulate("broadcast", [{ delayUs: 300_000, loss: 0.02 }], 1500);
    assert.ok(alone.out.length < alone.sent, "a round trip is longer than the latency");
    const run = simulate(
      "broadcast",
      [
        { delayUs: 300_000, loss: 0.02 },
        { delayUs: 300_000, loss: 0 },
      ],
      1500,
    );
    assertComplete(run);
    assert.ok(run.receiver.counters.merged > 5);
  });

  test("hand over from one to another that joins late", () => {
    const run = simulate(
      "broadcast",
      [
        { delayUs: 20_000, loss: 0, endsMs: 1200 },
        { delayUs: 20_000, loss: 0.01, joinsMs: 650 },
      ],
      2000,
    );
    assertComplete(run);
  });
});

describe("a main and a backup leg", () => {
  test("lose and double nothing when the main leg is cut off", () => {
    const run = simulate(
      "backup",
      [
        { delayUs: 20_000, loss: 0.01, weight: 10, cutMs: 900 },
        { delayUs: 30_000, loss: 0.01, weight: 1 },
      ],
      2500,
    );
    assertComplete(run);
    const backup = [...run.ways.values()][1] as Way;
    assert.ok(backup.sent.length > 700 && backup.sent.length < 900, `${backup.sent.length}`);
  });

  test("go back to the main leg when it is back", () => {
    const run = simulate(
      "backup",
      [
        { delayUs: 20_000, loss: 0, weight: 10, cutMs: 900, backMs: 1400 },
        { delayUs: 30_000, loss: 0, weight: 1 },
      ],
      6000,
    );
    assertComplete(run);
    const backup = [...run.ways.values()][1] as Way;
    assert.equal(run.sender.isActive(1), true);
    assert.equal(run.sender.isActive(2), false);
    assert.equal(backup.keepAlives, 1);
    assert.ok(backup.sent.length < 1400);
  });

  test("lose nothing when the main leg ends without warning", () => {
    const run = simulate(
      "backup",
      [
        { delayUs: 20_000, loss: 0, weight: 10, endsMs: 801 },
        { delayUs: 20_000, loss: 0, weight: 1 },
      ],
      1500,
    );
    assertComplete(run);
  });
});

/** One way is good throughout; the others may do as they please. */
const troubleArbitrary = fc.record({
  delayUs: fc.integer({ min: 1000, max: 60_000 }),
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  joinsMs: fc.integer({ min: 0, max: 400 }),
  cutMs: fc.integer({ min: 0, max: 1500 }),
  endsMs: fc.integer({ min: 400, max: 1800 }),
});

test("one good leg of a broadcast group is enough, whatever becomes of the others", () => {
  fc.assert(
    fc.property(fc.array(troubleArbitrary, { maxLength: 2 }), fc.nat(), (troubles, seed) => {
      assertComplete(simulate("broadcast", [{ delayUs: 20_000, loss: 0.005 }, ...troubles], 1200, seed));
    }),
    { numRuns: 20 },
  );
});

test("one good backup leg is enough, whenever the main leg fails", () => {
  const failing = fc.record({
    delayUs: fc.integer({ min: 1000, max: 30_000 }),
    loss: fc.double({ min: 0, max: 0.005, noNaN: true }),
    weight: fc.constant(10),
    // A fresh leg is given the whole latency to answer: what is lost then comes too late to be sent again twice.
    cutMs: fc.integer({ min: 460, max: 1200 }),
    backMs: fc.integer({ min: 1300, max: 1800 }),
  });
  fc.assert(
    fc.property(failing, fc.nat(), (main, seed) => {
      const backup = { delayUs: 20_000, loss: 0.005, weight: 1 };
      assertComplete(simulate("backup", [main, backup], 1200, seed));
    }),
    { numRuns: 20 },
  );
});
