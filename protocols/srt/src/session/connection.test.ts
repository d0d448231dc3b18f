import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { all, Simulation } from "./simulation.test-support.ts";

describe("an SRT connection", () => {
  test("delivers everything in order, at the latency", () => {
    const sim = new Simulation({}, { receiveLatencyMs: 200 }).connect();
    assert.equal(sim.server?.agreement.receiveLatencyMs, 200);
    assert.equal(sim.caller?.agreement.peerLatencyMs, 200);
    sim.stream(400);
    sim.run(400);
    assert.deepEqual(sim.numbers(), all(400));
    assert.equal(sim.gaps.length, 0);
    assert.equal(sim.caller?.statistics.pktRetransTotal, 0);
    for (const { atUs, dueUs } of sim.received)
      assert.ok(atUs >= dueUs && atUs - dueUs < 1000, `${atUs - dueUs} µs late`);
    assert.equal(sim.caller?.sender.inFlight, 0);
    assert.ok(Math.abs((sim.server?.rtt.rttUs ?? 0) - 20_000) < 1000, `rtt ${sim.server?.rtt.rttUs}`);
  });

  for (const lossPercent of [1, 5, 10]) {
    for (const delayMs of [10, 50, 150]) {
      test(`loses nothing at ${lossPercent} % loss and a round trip of ${2 * delayMs} ms`, () => {
        const latency = 8 * delayMs;
        const sim = new Simulation(
          {},
          { receiveLatencyMs: latency },
          { lossPercent, delayMs, seed: lossPercent + delayMs },
        );
        assert.ok(sim.connect().server !== undefined);
        sim.stream(4000);
        sim.run(latency + 2000);
        assert.deepEqual(sim.numbers(), all(4000));
        assert.equal(sim.server?.statistics.pktRcvDropTotal, 0);
      });
    }
  }

  test("sorts what overtakes, and drops doubles", () => {
    const sim = new Simulation({}, {}, { delayMs: 20, jitterMs: 10, duplicatePercent: 10 }).connect();
    sim.stream(1000);
    sim.run(1000);
    assert.deepEqual(sim.numbers(), all(1000));
  });

  test("counts on beyond the last sequence number and the last timestamp", () => {
    const sim = new Simulation({}, {}, { lossPercent: 3 }, 0x7fff_ffff - 200).connect();
    sim.stream(1000);
    sim.run(1000);
    assert.deepEqual(sim.numbers(), all(1000));
  });

  test("gives up what comes too late, tells how much, and goes on", () => {
    const sim = new Simulation({}, { receiveLatencyMs: 20 }, { delayMs: 50, lossPercent: 10 }).connect();
    sim.stream(1000);
    sim.run(1000);
    const numbers = sim.numbers();
    const dropped = sim.server?.statistics.pktRcvDropTotal ?? 0;
    assert.ok(dropped > 30 && dropped < 200, `${dropped} dropped`);
    assert.equal(numbers.length, 1000 - dropped);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    const inGaps = sim.gaps.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    assert.equal(inGaps, dropped);
  });

  test("waits for lost packets without tlpktdrop", () => {
    const options = { tooLateDrop: false, receiveLatencyMs: 20 };
    const sim = new Simulation(options, options, { delayMs: 50, lossPercent: 10 }).connect();
    sim.stream(500);
    sim.run(3000);
    assert.deepEqual(sim.numbers(), all(500));
  });

  test("delivers at once without tsbpd", () => {
    const sim = new Simulation(
      { tsbpd: false },
      { tsbpd: false, receiveLatencyMs: 2000 },
      { lossPercent: 5 },
    ).connect();
    sim.stream(500);
    sim.run(500);
    assert.deepEqual(sim.numbers(), all(500));
  });

  test("sends again even without periodic reports", () => {
    const options = { nakReport: false, receiveLatencyMs: 800 };
    const sim = new Simulation(options, options, { delayMs: 20, lossPercent: 5 }).connect();
    sim.stream(1000);
    sim.run(2000);
    assert.deepEqual(sim.numbers(), all(1000));
  });

  test("the end of a stream that is lost is sent again", () => {
    let cut = false;
    const sim = new Simulation(
      {},
      { receiveLatencyMs: 500 },
      { meddle: (packet, toServer) => (cut && toServer ? undefined : packet) },
    );
    sim.connect().stream(50);
    cut = true;
    sim.stream(3, 0);
    cut = false;
    sim.run(2000);
    assert.deepEqual(sim.numbers(), [...all(50), 0, 1, 2]);
  });

  test("what was sent before a shutdown is delivered after it", () => {
    const sim = new Simulation({}, { receiveLatencyMs: 500 }).connect();
    sim.stream(100);
    sim.caller?.close(sim.nowUs);
    sim.run(1000);
    assert.deepEqual(sim.numbers(), all(100));
    assert.equal(sim.callerClosed, "closed");
    assert.equal(sim.serverClosed, "shutdown");
  });

  test("lingers until all is acknowledged", () => {
    const sim = new Simulation({ lingerMs: 3000 }, { receiveLatencyMs: 600 }, { lossPercent: 20 }).connect();
    sim.stream(100, 0);
    sim.caller?.close(sim.nowUs);
    sim.run(4000);
    assert.deepEqual(sim.numbers(), all(100));
    assert.equal(sim.callerClosed, "closed");
  });

  test("a peer that falls silent is gone after peeridletimeo", () => {
    let cut = false;
    const sim = new Simulation(
      { peerIdleTimeoutMs: 2000 },
      {},
      { meddle: (packet) => (cut ? undefined : packet) },
    ).connect();
    sim.stream(10);
    cut = true;
    sim.run(1900);
    assert.equal(sim.callerClosed, undefined);
    sim.run(300);
    assert.equal(sim.callerClosed, "timeout");
    sim.run(4000);
    assert.equal(sim.serverClosed, "timeout");
  });

  test("keep-alives hold an idle connection", () => {
    const sim = new Simulation().connect();
    sim.run(20_000);
    assert.equal(sim.callerClosed ?? sim.serverClosed, undefined);
  });

  test("a peer that never acknowledges costs no more than the send buffer", () => {
    const isAck = (packet: Uint8Array): boolean => packet[0] === 0x80 && packet[1] === 2;
    const sim = new Simulation(
      { sendBufferPackets: 256, sendDropDelayMs: -1 },
      {},
      {
        meddle: (packet, toServer) => (!toServer && isAck(packet) ? undefined : packet),
      },
    ).connect();
    sim.stream(1000);
    assert.equal(sim.caller?.sender.buffer.size, 256);
    assert.equal(sim.caller?.statistics.pktSndDropTotal, 744);
  });

  test("a sender gives up what its receiver cannot use any more", () => {
    let cut = false;
    const sim = new Simulation({}, {}, { meddle: (packet) => (cut ? undefined : packet) }).connect();
    cut = true;
    sim.stream(1000);
    cut = false;
    sim.stream(500);
    sim.run(1000);
    assert.ok((sim.caller?.statistics.pktSndDropTotal ?? 0) > 100);
    assert.deepEqual(sim.numbers().slice(-500), all(500));
  });

  test("follows a clock that is 100 ppm faster", () => {
    // The sender's timestamps run ahead: 0.1 ms a second.
    let startUs = 0;
    const sim: Simulation = new Simulation(
      {},
      { receiveLatencyMs: 200 },
      {
        meddle: (packet, toServer, nowUs) => {
          if (!toServer || startUs === 0) return packet;
          const view = new DataView(packet.buffer);
          view.setUint32(8, view.getUint32(8) + Math.round((nowUs - startUs) * 1e-4));
          return packet;
        },
      },
    );
    sim.connect();
    startUs = sim.nowUs;
    sim.stream(60_000, 5000, 200);
    const { timeBase } = (sim.server as NonNullable<typeof sim.server>).receiver;
    const last = sim.received.at(-1);
    assert.ok(last !== undefined);
    // 300 s at 100 ppm are 30 ms; what the tracer has not seen yet is at most its averaging time.
    assert.ok(Math.abs(timeBase.totalDriftUs + 30_000) < 2500, `drift ${timeBase.totalDriftUs}`);
    assert.equal(sim.gaps.length, 0);
  });

  test("keeps to maxbw", () => {
    const sim = new Simulation({ maxBandwidth: 125_000 }).connect();
    const before = sim.bytesToServer;
    sim.stream(500, 0);
    sim.run(1000);
    const perSecond = sim.bytesToServer - before;
    assert.ok(perSecond > 110_000 && perSecond < 135_000, `${perSecond} bytes a second`);
  });

  test("describes itself under libsrt's names", () => {
    const sim = new Simulation({ streamId: "cam" }, {}, { lossPercent: 5 }).connect();
    sim.stream(1000);
    sim.run(500);
    const sent = sim.caller?.describe(sim.nowUs) ?? {};
    const received = sim.server?.describe(sim.nowUs) ?? {};
    assert.equal(sim.streamId, "cam");
    assert.equal(sent["pktSentUniqueTotal"], 1000);
    assert.equal(sent["byteSentUniqueTotal"], 1000 * (1316 + 44));
    assert.equal(sent["pktSentTotal"], 1000 + Number(sent["pktRetransTotal"]));
    assert.ok(Number(sent["pktRetransTotal"]) >= 40);
    assert.equal(received["pktRecvUniqueTotal"], 1000);
    assert.equal(received["msRcvTsbPdDelay"], 120);
    assert.ok(Number(received["mbpsRecvRate"]) > 5, String(received["mbpsRecvRate"]));
    assert.ok(Number(received["pktRcvLossTotal"]) > 30);
  });
});
