import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CONTROL_ACK, CONTROL_DROPREQ, CONTROL_NAK } from "../wire/control.ts";
import { readLossReport } from "../wire/loss-report.ts";
import type { NetworkOptions } from "./bad-network.test-support.ts";
import { forged, forgedData, kindOf, words } from "./packets.test-support.ts";
import { all, CALLER_ID, SERVER_ID, Simulation } from "./simulation.test-support.ts";

/** Numbers what is sent for the first time from 0 on. Loses some, and puts others in the place of a later one. */
function shuffling(
  lost: readonly number[],
  late: Readonly<Record<number, number>> = {},
): NonNullable<NetworkOptions["meddle"]> {
  let seen = 0;
  const waiting = new Map<number, Uint8Array>();
  return (packet, toServer) => {
    if (!toServer || kindOf(packet) !== "data" || ((packet[4] as number) & 4) !== 0) return packet;
    const n = seen++;
    const until = late[n];
    if (until !== undefined) waiting.set(until, packet);
    return until !== undefined || lost.includes(n) ? undefined : (waiting.get(n) ?? packet);
  };
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
    const meddle = shuffling([11, 13, 14], { 12: 20 });
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
          return meddle(packet, toServer, nowUs);
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

  for (const options of [{ tooLateDrop: false }, { tsbpd: false }, {}]) {
    test(`waits no longer for what the peer says is gone: ${JSON.stringify(options)}`, () => {
      // Sent again it is lost, too.
      const sim = new Simulation(options, options, {
        meddle: (packet, toServer) =>
          toServer && kindOf(packet) === "data" && [30, 31, 32].includes((packet[7] as number) - 1)
            ? undefined
            : packet,
      }).connect();
      const [, server] = sim.both();
      sim.stream(60);
      sim.run(50);
      sim.inject(forged({ type: CONTROL_DROPREQ, socketId: SERVER_ID, info: 1 }, words(1020, 1032)));
      sim.stream(60);
      sim.run(300);
      const expected = [...all(60), ...all(60)].filter((_, i) => i < 30 || i > 32);
      assert.deepEqual(sim.numbers(), expected);
      assert.equal(server.statistics.pktRcvDropTotal, 3);
      const inGaps = sim.gaps.flatMap(([from, to]) => all(to - from + 1).map((i) => from + i));
      assert.deepEqual(inGaps, [1030, 1031, 1032]);
      assert.equal(server.receiver.losses.size, 0);
    });
  }

  test("what was acknowledged by mistake, and is asked for, is said to be gone", () => {
    const options = { tooLateDrop: false };
    const sim = new Simulation(options, options, { meddle: shuffling([20]) }).connect();
    sim.stream(30);
    sim.inject(forged({ type: CONTROL_ACK, socketId: CALLER_ID }, words(1025)), false);
    sim.stream(30);
    sim.run(500);
    assert.deepEqual(
      sim.numbers(),
      [...all(30), ...all(30)].filter((_, i) => i !== 20),
    );
    assert.deepEqual(sim.gaps, [[1020, 1020]]);
  });

  test("tells of a few at a time that they are gone, however many are asked for", () => {
    let told = 0;
    const sim = new Simulation(
      {},
      {},
      {
        meddle: (packet, toServer) => {
          if (toServer && kindOf(packet) === "dropreq") told++;
          return packet;
        },
      },
    ).connect();
    sim.stream(800);
    sim.run(100);
    const nak = forged(
      { type: CONTROL_NAK, socketId: CALLER_ID },
      words(...all(360).map((i) => 1000 + 2 * i)),
    );
    sim.inject(nak, false);
    sim.run(20);
    assert.equal(told, 16);
    sim.inject(nak, false);
    sim.run(20);
    assert.equal(told, 32);
  });

  test("gives up a peer that acknowledges nothing but what was never sent", () => {
    let isStrange = false;
    const sim = new Simulation(
      { tooLateDrop: false, peerIdleTimeoutMs: 3000 },
      { tooLateDrop: false },
      {
        meddle: (packet, toServer) => {
          if (isStrange && !toServer && kindOf(packet) === "ack") packet[17] = 1;
          return packet;
        },
      },
    ).connect();
    sim.stream(100);
    isStrange = true;
    sim.stream(1500);
    assert.equal(sim.callerClosed, undefined);
    isStrange = false;
    sim.stream(100);
    isStrange = true;
    sim.stream(1500);
    assert.equal(sim.callerClosed, undefined);
    sim.stream(1000);
    assert.equal(sim.callerClosed, "lost-track");
    sim.run(500);
    assert.equal(sim.serverClosed, "shutdown");
  });

  for (const [what, by] of [
    ["ahead", 100_000],
    ["behind", -100_000],
  ] as const) {
    test(`gives up a peer whose numbers are all far ${what}, and not one of whose some are`, () => {
      const sim = new Simulation({}, {}, {}, 500_000).connect();
      for (let i = 0; i < 4000; i++) {
        sim.inject(forgedData({ socketId: SERVER_ID, sequence: 500_000 + i + by }, new Uint8Array(10)));
        if (i % 1000 === 0) sim.stream(1);
        else sim.run(0.1);
      }
      sim.stream(1);
      sim.run(100);
      assert.equal(sim.serverClosed, undefined);
      for (let i = 0; i < 4100; i++) {
        sim.inject(forgedData({ socketId: SERVER_ID, sequence: 500_000 + i + by }, new Uint8Array(10)));
        sim.run(0.1);
      }
      assert.equal(sim.serverClosed, "lost-track");
    });
  }

  test("an acknowledgement that overtook a later one does not narrow the window", () => {
    const sim = new Simulation({}, {}).connect();
    const [caller] = sim.both();
    sim.stream(100);
    sim.run(100);
    const room = caller.sender.peerRoom;
    sim.inject(
      forged({ type: CONTROL_ACK, socketId: CALLER_ID, info: 1 }, words(1010, 20_000, 1000, 2, 0, 0, 0)),
      false,
    );
    sim.run(1);
    assert.equal(caller.sender.peerRoom, room);
  });
});
