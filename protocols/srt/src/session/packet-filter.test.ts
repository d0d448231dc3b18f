import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseFilter } from "../filter/config.ts";
import { FLAG_PACKET_FILTER } from "../wire/extension.ts";
import { REJECTION } from "../wire/rejection.ts";
import type { SrtOptions } from "./options.ts";
import { kindOf, withExtensions, withHandshake } from "./packets.test-support.ts";
import { all, Simulation, type SimulationOptions } from "./simulation.test-support.ts";

/** Numbers the packets of data towards the server from 0 on, first sendings only, and loses some. */
function losingData(isLost: (n: number) => boolean): SimulationOptions {
  let seen = 0;
  return {
    meddle: (packet, toServer) => {
      const isFirst = toServer && kindOf(packet) === "data" && ((packet[4] as number) & 4) === 0;
      return isFirst && isLost(seen++) ? undefined : packet;
    },
  };
}

/** The peer in this direction does not know of packet filters. */
function ignorant(toServer: boolean): SimulationOptions {
  return {
    meddle: (packet, isToServer) =>
      isToServer === toServer && kindOf(packet) === "conclusion"
        ? withHandshake(packet, (handshake) =>
            withExtensions(handshake, (it) => {
              if (it.kind === "filter") return undefined;
              return it.kind === "hsreq" || it.kind === "hsrsp"
                ? { ...it, flags: it.flags & ~FLAG_PACKET_FILTER }
                : it;
            }),
          )
        : packet,
  };
}

describe("the packet filter", () => {
  const agreements: readonly (readonly [
    caller: string | undefined,
    server: string | undefined,
    agreed: string | null | undefined,
  ])[] = [
    [undefined, undefined, undefined],
    ["fec,cols:10,rows:5", undefined, "fec,cols:10,rows:5"],
    [undefined, "fec,cols:10", "fec,cols:10"],
    ["fec,cols:10,rows:5", "fec,cols:10,rows:5", "fec,cols:10,rows:5,layout:staircase,arq:onreq"],
    ["fec,cols:10,rows:5", "fec,arq:never", "fec,cols:10,rows:5,layout:staircase,arq:never"],
    ["fec,cols:10,layout:even", "fec,rows:7", "fec,cols:10,rows:7,layout:even,arq:onreq"],
    ["fec,cols:10", "fec,cols:9", null],
    ["fec,cols:10,arq:never", "fec,arq:always", null],
    ["fec,cols:1", undefined, null],
  ];
  for (const [caller, server, agreed] of agreements) {
    test(`${caller ?? "none"} and ${server ?? "none"} make ${agreed === null ? "a conflict" : (agreed ?? "none")}`, () => {
      const sim = new Simulation({ packetFilter: caller }, { packetFilter: server }).connect();
      if (agreed === null) {
        assert.equal(sim.failed, REJECTION.FILTER);
        assert.equal(sim.server, undefined);
        return;
      }
      for (const { agreement } of sim.both()) {
        assert.deepEqual(agreement.filter, agreed === undefined ? undefined : parseFilter(agreed));
      }
      sim.stream(100);
      sim.run(300);
      assert.deepEqual(sim.numbers(), all(100));
    });
  }

  test("a caller that does not know of filters is refused by a listener that wants one", () => {
    const sim = new Simulation({}, { packetFilter: "fec,cols:10,rows:5" }, ignorant(true)).connect();
    assert.equal(sim.failed, REJECTION.FILTER);
    new Simulation({}, {}, ignorant(true)).connect().both();
  });

  test("a listener that does not know of filters gets none", () => {
    const sim = new Simulation({ packetFilter: "fec,cols:10,rows:5" }, {}, ignorant(false)).connect();
    assert.equal(sim.both()[0].agreement.filterText, undefined);
    sim.stream(100);
    assert.equal(sim.caller?.statistics.pktSndFilterExtraTotal, 0);
  });

  const ciphers: readonly Partial<SrtOptions>[] = [
    {},
    { passphrase: "correct horse", keyRefreshPackets: 150, keyAnnouncePackets: 50 },
    { passphrase: "correct horse", cryptoMode: "gcm" },
  ];
  for (const arq of ["never", "onreq", "always"] as const) {
    for (const cipher of ciphers) {
      test(`rebuilds what is lost, arq ${arq}, ${JSON.stringify(cipher)}`, () => {
        // One of each row, and never two of a column before the rows have mended it.
        const sim = new Simulation(
          { ...cipher, packetFilter: `fec,cols:8,rows:5,arq:${arq}` },
          cipher,
          losingData((n) => n % 19 === 11),
        ).connect();
        sim.stream(600);
        sim.run(400);
        assert.deepEqual(sim.numbers(), all(600));
        assert.equal(sim.gaps.length, 0);
        const [caller, server] = sim.both();
        assert.equal(server.statistics.pktRcvUndecryptTotal, 0);
        assert.ok(server.statistics.pktRcvFilterExtraTotal >= 600 / 8 + 8 * Math.floor(600 / 40 - 1));
        if (arq === "always") return;
        assert.equal(caller.statistics.pktRetransTotal, 0);
        assert.equal(server.statistics.pktSentNAKTotal, 0);
        assert.equal(server.statistics.pktRcvFilterSupplyTotal, Math.ceil((600 - 11) / 19));
      });
    }
  }

  test("arq never: what it cannot rebuild is lost, and nothing is asked for", () => {
    const isLost = (n: number): boolean => n >= 100 && n < 140;
    const sim = new Simulation({ packetFilter: "fec,cols:8,arq:never" }, {}, losingData(isLost)).connect();
    sim.stream(400);
    sim.run(400);
    assert.deepEqual(
      sim.numbers(),
      all(400).filter((n) => !isLost(n)),
    );
    const [caller, server] = sim.both();
    assert.equal(caller.statistics.pktRetransTotal, 0);
    assert.equal(server.statistics.pktSentNAKTotal, 0);
    assert.equal(server.statistics.pktRcvDropTotal, 40);
  });

  for (const arq of ["onreq", "always"] as const) {
    for (const [what, isLost] of [
      ["a whole matrix", (n: number) => n >= 100 && n < 140],
      ["two of a row", (n: number) => n === 8 * 20 + 2 || n === 8 * 20 + 5],
      ["two of a row, its last one among them", (n: number) => n === 8 * 20 + 2 || n === 8 * 20 + 7],
      ["the end of many rows", (n: number) => n % 8 > 5 && n > 100 && n < 300],
    ] as const) {
      for (const filter of ["cols:8,rows:5", "cols:8"]) {
        test(`arq ${arq}: what ${filter} cannot rebuild is asked for: ${what}`, () => {
          const sim = new Simulation(
            { packetFilter: `fec,${filter},arq:${arq}` },
            { receiveLatencyMs: 400 },
            losingData(isLost),
          ).connect();
          sim.stream(400);
          sim.run(600);
          assert.deepEqual(sim.numbers(), all(400));
          assert.equal(sim.server?.statistics.pktRcvDropTotal, 0);
        });
      }
    }
    test(`arq ${arq}: the end of rows is asked for also when the filter has forgotten them since`, () => {
      const sim = new Simulation(
        { packetFilter: `fec,cols:8,arq:${arq}` },
        { receiveLatencyMs: 900 },
        { ...losingData((n) => n % 8 > 5 && n > 100 && n < 300), delayMs: 110 },
      ).connect();
      sim.stream(500);
      sim.run(1200);
      assert.deepEqual(sim.numbers(), all(500));
    });

    test(`arq ${arq}: a network that loses everything alike`, () => {
      const sim = new Simulation(
        { packetFilter: `fec,cols:10,rows:5,arq:${arq}` },
        { receiveLatencyMs: 500 },
        { lossPercent: 8, delayMs: 25, jitterMs: 5, seed: 3 },
      ).connect();
      sim.stream(2100);
      sim.run(1500);
      // The filter learns of losses when it is through with a matrix: the last one never ends.
      assert.deepEqual(sim.numbers().slice(0, 2000), all(2000));
    });
  }

  test("a filter that both directions use", () => {
    const sim = new Simulation(
      { packetFilter: "fec,cols:5,rows:5,arq:never" },
      {},
      {
        meddle: (packet) =>
          kindOf(packet) === "data" && (packet[3] as number) % 16 === 9 ? undefined : packet,
      },
    ).connect();
    const [, server] = sim.both();
    for (let i = 0; i < 200; i++) {
      server.send(Uint8Array.of(0, 0, 0, i), sim.nowUs, sim.nowUs);
      sim.stream(1);
    }
    sim.run(400);
    assert.equal(sim.received.length, 200);
    assert.deepEqual(
      sim.receivedByCaller.map((it) => it[3]),
      all(200),
    );
  });
});
