import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readLossReport } from "../wire/loss-report.ts";
import { kindOf } from "./packets.test-support.ts";
import { Simulation, type SimulationOptions } from "./simulation.test-support.ts";

/** The messages 0, 1, … n − 1. */
const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Loses, or delays until another packet, what is sent for the first time. */
function shuffling(lost: readonly number[], late: Readonly<Record<number, number>> = {}): SimulationOptions {
  let seen = 0;
  const waiting = new Map<number, Uint8Array>();
  const network: SimulationOptions = {
    meddle: (packet, toServer) => {
      if (!toServer || kindOf(packet) !== "data" || ((packet[4] as number) & 4) !== 0) return packet;
      const n = seen++;
      const until = late[n];
      if (until !== undefined) waiting.set(until, packet);
      if (until !== undefined || lost.includes(n)) return undefined;
      const other = waiting.get(n);
      // Both at once cannot be said: the late one takes the place of the one that is asked for again.
      return other ?? packet;
    },
  };
  return network;
}

describe("recovery", () => {
  for (const lossPercent of [5, 20, 40]) {
    test(`goes on within a bandwidth, and wakes up only when there is something to do: ${lossPercent} % lost`, () => {
      const sim = new Simulation(
        { maxBandwidth: 400_000 },
        { receiveLatencyMs: 1500 },
        { lossPercent, delayMs: 30, seed: lossPercent },
      ).connect();
      sim.both();
      for (let i = 0; i < 10; i++) {
        sim.stream(60, 100);
        sim.run(500);
      }
      sim.run(3000);
      assert.ok(sim.received.length > 590, `${sim.received.length} came`);
    });
  }

  test("asks at once for everything that has waited long enough, also without periodic reports", () => {
    const asked = new Set<number>();
    const { meddle } = shuffling([11, 13, 14], { 12: 20 });
    const sim = new Simulation(
      {},
      { nakReport: false, lossMaxTtl: 15, receiveLatencyMs: 500 },
      {
        meddle: (packet, toServer, nowUs) => {
          if (kindOf(packet) === "nak") {
            readLossReport(packet, (low, high) => {
              for (let at = low; at <= high; at++) asked.add(at - 1000);
            });
          }
          return meddle?.(packet, toServer, nowUs);
        },
      },
    ).connect();
    sim.stream(100);
    assert.deepEqual(
      [...asked].filter((n) => n < 15),
      [11, 13, 14],
    );
    sim.run(800);
    assert.deepEqual(sim.numbers(), all(100));
  });
});
