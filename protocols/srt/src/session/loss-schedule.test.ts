import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LossList, SEQUENCE_31 } from "@millrace/arq";
import { LossSchedule } from "./loss-schedule.ts";

/** When a packet that never comes is asked for, in milliseconds after the first report. */
function asksOf(rttMs: number, varianceMs: number, untilMs: number): number[] {
  const losses = new LossList(SEQUENCE_31);
  const schedule = new LossSchedule(losses, 100);
  losses.add(7, 7);
  schedule.reported(7, 7, 0);
  const asks = [0];
  while (schedule.nextUs <= untilMs * 1000) {
    const nowUs = schedule.nextUs;
    if (schedule.collect(nowUs, rttMs * 1000, varianceMs * 1000) > 0) asks.push(nowUs / 1000);
    assert.ok(schedule.nextUs > nowUs, "time goes on");
  }
  return asks;
}

describe("loss schedule", () => {
  const cases = [
    { rttMs: 20, varianceMs: 0, asks: [0, 3, 21, 24, 27, 30, 33] },
    { rttMs: 20, varianceMs: 1, asks: [0, 3, 25, 28, 31, 34] },
    { rttMs: 100, varianceMs: 0, asks: [0, 15, 105, 120, 135, 150] },
    // Not measured yet: it must not cost the packet.
    { rttMs: 100, varianceMs: 50, asks: [0, 15, 130, 145, 160] },
    // Not more often than every 3 ms.
    { rttMs: 2, varianceMs: 0, asks: [0, 3, 6, 9, 12] },
  ];
  for (const { rttMs, varianceMs, asks } of cases) {
    test(`round trip ${rttMs} ms, variance ${varianceMs} ms`, () => {
      assert.deepEqual(asksOf(rttMs, varianceMs, asks.at(-1) ?? 0), asks);
    });
  }

  test("asks for neighbours in one range, and for nothing that came", () => {
    const losses = new LossList(SEQUENCE_31);
    const schedule = new LossSchedule(losses, 100);
    losses.add(5, 9);
    schedule.reported(5, 9, 0);
    losses.remove(7);
    assert.equal(schedule.collect(3000, 20_000, 0), 2);
    assert.deepEqual(
      [0, 1].map((i) => [schedule.low(i), schedule.high(i)]),
      [
        [5, 6],
        [8, 9],
      ],
    );
    losses.clear();
    assert.equal(schedule.collect(60_000, 20_000, 0), 0);
    assert.equal(schedule.nextUs, Number.POSITIVE_INFINITY);
  });

  test("a shorter round trip counts at once", () => {
    const losses = new LossList(SEQUENCE_31);
    const schedule = new LossSchedule(losses, 100);
    losses.add(5, 5);
    schedule.reported(5, 5, 0);
    assert.equal(schedule.collect(3000, 300_000, 0), 0);
    assert.ok(schedule.nextUs <= 13_000);
    assert.equal(schedule.collect(schedule.nextUs, 20_000, 0), 1);
  });
});
