import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runPair } from "./mixed-pair.test-support.ts";

const PACKETS = 150_000;

describe("recovery with a peer that has the timers of libsrt", () => {
  // Of packets all whose reports are lost libsrt leaves one or two in a million that nobody can save.
  const cases = [
    { sender: "ours", receiver: "libsrt", rttMs: 20, mostDropped: 1, mostAgain: 0.22 },
    { sender: "ours", receiver: "libsrt", rttMs: 101, mostDropped: 1, mostAgain: 0.18 },
    { sender: "ours", receiver: "libsrt", rttMs: 300, mostDropped: 1, mostAgain: 0.2 },
    { sender: "libsrt", receiver: "ours", rttMs: 20, mostDropped: 0, mostAgain: 0.16 },
    { sender: "libsrt", receiver: "ours", rttMs: 101, mostDropped: 0, mostAgain: 0.17 },
    { sender: "libsrt", receiver: "ours", rttMs: 300, mostDropped: 0, mostAgain: 0.17 },
    { sender: "ours", receiver: "ours", rttMs: 20, mostDropped: 0, mostAgain: 0.2 },
    { sender: "ours", receiver: "ours", rttMs: 101, mostDropped: 0, mostAgain: 0.2 },
  ] as const;
  for (const { mostDropped, mostAgain, ...pair } of cases) {
    const name = `${pair.sender} to ${pair.receiver}, ${pair.rttMs} ms`;
    test(`drops nothing at 10 %: ${name}`, () => {
      const { dropped, again } = runPair({ ...pair, lossPercent: 10, packets: PACKETS, seed: 5 });
      assert.ok(dropped <= mostDropped, `${dropped} dropped`);
      assert.ok(again < mostAgain, `${again} sent again`);
    });
    test(`sends little more again than was lost at 1 %: ${name}`, () => {
      const { dropped, again } = runPair({ ...pair, lossPercent: 1, packets: 20_000, seed: 6 });
      assert.equal(dropped, 0);
      assert.ok(again < 0.016, `${again} sent again`);
    });
  }

  for (const latencyMs of [60, 100, 120, 150, 200]) {
    for (const receiver of ["ours", "libsrt"] as const) {
      test(`sends nothing twice when nothing is lost: latency ${latencyMs} ms, ${receiver}`, () => {
        const line = { rttMs: 101, latencyMs, lossPercent: 0, packets: 5000, seed: 1 };
        assert.deepEqual(runPair({ sender: "ours", receiver, ...line }), { dropped: 0, again: 0 });
      });
    }
  }

  test("the timers alone would lose some", () => {
    const { dropped } = runPair({
      sender: "libsrt",
      receiver: "libsrt",
      rttMs: 20,
      lossPercent: 10,
      packets: PACKETS,
      seed: 5,
    });
    assert.ok(dropped > 10, `${dropped} dropped`);
  });
});
