import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CONTROL_NAK } from "../wire/control.ts";
import { forged, forgedData, kindOf, words } from "./packets.test-support.ts";
import { all, CALLER_ID, SERVER_ID, Simulation } from "./simulation.test-support.ts";

/** Number of the first packet of a simulation. */
const FIRST = 1000;

describe("numbers out of reach", () => {
  test("end the connection when there are nothing but such, and cost no memory", () => {
    const sim = new Simulation().connect();
    const [, server] = sim.both();
    sim.stream(100);
    for (let i = 0; i < 4300 && sim.serverClosed === undefined; i++) {
      sim.inject(forgedData({ socketId: SERVER_ID, sequence: 500_000 + ((i * 7919) & 0x3fff_0000) }));
      sim.run(0.1);
      assert.ok(server.receiver.buffer.size <= 100);
      assert.equal(server.receiver.losses.size, 0);
    }
    assert.equal(sim.serverClosed, "lost-track");
    sim.run(100);
    assert.equal(sim.callerClosed, "shutdown");
  });

  test("among good ones are counted, and do no harm", () => {
    const sim = new Simulation().connect();
    for (let i = 0; i < 5000; i++) {
      sim.inject(forgedData({ socketId: SERVER_ID, sequence: 500_000 + i }));
      sim.stream(1, 300);
    }
    sim.run(300);
    assert.equal(sim.received.length, 5000);
    assert.equal(sim.server?.statistics.pktViolations, 5000);
  });

  test("within reach: what they pass over is lost, the rest follows", () => {
    const sim = new Simulation({}, { receiveBufferPackets: 512 }).connect();
    const [, server] = sim.both();
    sim.stream(100);
    sim.inject(forgedData({ socketId: SERVER_ID, sequence: 1000 + 100 + 400, timestamp: 500_000 }));
    for (let i = 0; i < 20; i++) {
      sim.stream(50);
      assert.ok(server.receiver.buffer.size <= 512);
      assert.ok(server.receiver.losses.ranges <= 512);
    }
    sim.run(400);
    const sequences = sim.received.map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      [...new Set(sequences)].sort((a, b) => a - b),
    );
    assert.ok(sequences.length > 100 + 500, `${sequences.length} came`);
    assert.deepEqual(
      sequences.slice(-500),
      all(500).map((i) => 1600 + i),
    );
  });
});

describe("timestamps out of reach", () => {
  for (const [what, timestamp] of [
    ["ahead", (now: number) => now + 600e6],
    ["a little ahead", (now: number) => now + 4e6],
    ["behind", (now: number) => now - 600e6],
    ["that stand still", () => 0],
    ["that jump", (now: number, i: number) => now * 7 + i * 0x3456_7891],
  ] as const) {
    test(`${what} change the time of delivery, not the order, and not for long`, () => {
      let isBad = false;
      let n = 0;
      const sim: Simulation = new Simulation(
        {},
        {},
        {
          meddle: (packet, toServer) => {
            if (isBad && toServer) {
              const view = new DataView(packet.buffer);
              view.setUint32(8, timestamp(view.getUint32(8), n++) >>> 0);
            }
            return packet;
          },
        },
      ).connect();
      sim.stream(500);
      isBad = true;
      sim.stream(500);
      isBad = false;
      sim.stream(100);
      sim.run(6000);
      assert.equal(sim.callerClosed ?? sim.serverClosed, undefined);
      const before = sim.received.length;
      sim.stream(500);
      sim.run(300);
      assert.equal(sim.received.length - before, 500);
      for (const { atUs, dueUs } of sim.received.slice(-500)) assert.ok(atUs >= dueUs && atUs - dueUs < 1000);
      const sequences = sim.received.map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        sequences.toSorted((a, b) => a - b),
      );
      assert.ok(Math.abs(sim.server?.receiver.timeBase.totalDriftUs ?? 0) < 6000);
    });
  }
});

describe("a peer that asks for too much", () => {
  test("gets each packet once in a round trip, however often it asks", () => {
    const sim = new Simulation(
      {},
      {},
      { meddle: (packet, toServer) => (!toServer && kindOf(packet) === "ack" ? undefined : packet) },
    ).connect();
    const [caller] = sim.both();
    sim.stream(100);
    const before = sim.sentToServer;
    // For two seconds, all of it every 5 ms.
    for (let i = 0; i < 100; i++) {
      sim.inject(
        forged({ type: CONTROL_NAK, socketId: CALLER_ID }, words(0x8000_0000 + FIRST, FIRST + 99)),
        false,
      );
      sim.run(5);
    }
    const sent = sim.sentToServer - before;
    const roundTrips = 500_000 / (caller.rtt.rttUs / 2);
    assert.ok(sent < 100 * 3 * (roundTrips + 2), `${sent} packets`);
    assert.ok(caller.sender.losses.size <= 100);
  });

  test("and reports as many ranges as it can, costs no more than the send buffer", () => {
    const sim = new Simulation({ sendBufferPackets: 512, maxBandwidth: 10_000 }, {}, {}).connect();
    const [caller] = sim.both();
    sim.stream(400, 0);
    for (let i = 0; i < 200; i++) {
      const odd = Array.from({ length: 180 }, (_, k) => FIRST + ((2 * k + i) % 400));
      sim.inject(forged({ type: CONTROL_NAK, socketId: CALLER_ID }, words(...odd)), false);
      sim.run(1);
      assert.ok(caller.sender.losses.size <= 512 && caller.sender.losses.ranges <= 512);
    }
    assert.equal(sim.callerClosed, undefined);
  });
});
