import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FLAG_CRYPT,
  FLAG_PACKET_FILTER,
  FLAG_PERIODICNAK,
  FLAG_REXMITFLG,
  FLAG_STREAM,
  FLAG_TLPKTDROP,
  FLAG_TSBPDRCV,
  FLAG_TSBPDSND,
  type HandshakeExtension,
} from "../wire/extension.ts";
import type { Handshake } from "../wire/handshake.ts";
import { REJECTION } from "../wire/rejection.ts";
import { ownFlags } from "./negotiation.ts";
import { DEFAULT_OPTIONS, SRT_VERSION, type SrtOptions } from "./options.ts";
import { handshakeIn, kindOf, losing, withExtensions, withHandshake } from "./packets.test-support.ts";
import { Simulation, type SimulationOptions } from "./simulation.test-support.ts";

/** Changes the handshakes of a kind and direction. */
function changing(
  kind: string,
  toServer: boolean,
  change: (handshake: Handshake) => Handshake,
): SimulationOptions {
  return {
    meddle: (packet, isToServer) =>
      isToServer === toServer && kindOf(packet) === kind ? withHandshake(packet, change) : packet,
  };
}

type Hello = Extract<HandshakeExtension, { kind: "hsreq" | "hsrsp" }>;

/** Changes the HSREQ of the caller, or the HSRSP of the listener. */
function changingHello(toServer: boolean, change: (hello: Hello) => Hello): SimulationOptions {
  return changing("conclusion", toServer, (handshake) =>
    withExtensions(handshake, (it) => (it.kind === "hsreq" || it.kind === "hsrsp" ? change(it) : it)),
  );
}

const withText = (kind: "congestion" | "filter", text: string): SimulationOptions =>
  changing("conclusion", true, (it) => ({
    ...it,
    extensionField: it.extensionField | 4,
    extensions: [...it.extensions, { kind, text }],
  }));

describe("a handshake", () => {
  const refusals: readonly (readonly [
    what: string,
    code: keyof typeof REJECTION,
    network: SimulationOptions,
    caller?: Partial<SrtOptions>,
    server?: Partial<SrtOptions>,
  ])[] = [
    ["a listener of version 4", "VERSION", changing("induction", false, (it) => ({ ...it, version: 4 }))],
    [
      "a listener that is none of SRT",
      "VERSION",
      changing("induction", false, (it) => ({ ...it, extensionField: 2 })),
    ],
    [
      "a conclusion of version 4",
      "VERSION",
      changing("conclusion", true, (it) => ({ ...it, version: 4, extensionField: 2, extensions: [] })),
    ],
    [
      "a listener that concludes in version 4",
      "VERSION",
      changing("conclusion", false, (it) => ({ ...it, version: 4, extensions: [] })),
    ],
    [
      "a caller below the least version",
      "VERSION",
      changingHello(true, (it) => ({ ...it, srtVersion: 0x010200 })),
    ],
    [
      "a listener below the least version",
      "VERSION",
      changingHello(false, (it) => ({ ...it, srtVersion: 0x010200 })),
    ],
    ["a caller below minversion", "VERSION", {}, {}, { minVersion: SRT_VERSION + 1 }],
    ["a listener below minversion", "VERSION", {}, { minVersion: SRT_VERSION + 1 }],
    ["the stream API", "MESSAGEAPI", changingHello(true, (it) => ({ ...it, flags: it.flags | FLAG_STREAM }))],
    ["file mode", "CONGESTION", withText("congestion", "file")],
    ["a filter that there is not", "FILTER", withText("filter", "raid,disks:5")],
    [
      "a filter that contradicts",
      "FILTER",
      withText("filter", "fec,cols:5"),
      {},
      { packetFilter: "fec,cols:10" },
    ],
    [
      "a conclusion without HSREQ",
      "ROGUE",
      changing("conclusion", true, (it) => ({ ...it, extensionField: 0, extensions: [] })),
    ],
    ["an HSRSP in place of HSREQ", "ROGUE", changingHello(true, (it) => ({ ...it, kind: "hsrsp" }))],
    ["an HSREQ in place of HSRSP", "ROGUE", changingHello(false, (it) => ({ ...it, kind: "hsreq" }))],
    [
      "an answer without HSRSP",
      "ROGUE",
      changing("conclusion", false, (it) => ({ ...it, extensionField: 0, extensions: [] })),
    ],
    [
      "packets with no room for a payload",
      "ROGUE",
      changing("conclusion", true, (it) => ({ ...it, maxPacketSize: 75 })),
    ],
    ["packets of no size", "ROGUE", changing("conclusion", true, (it) => ({ ...it, maxPacketSize: 0 }))],
    [
      "a listener's packets of no size",
      "ROGUE",
      changing("conclusion", false, (it) => ({ ...it, maxPacketSize: 0 })),
    ],
  ];
  for (const [what, code, network, caller, server] of refusals) {
    test(`is refused as ${code}: ${what}`, () => {
      const sim = new Simulation(caller, server, network).connect();
      assert.equal(sim.failed, REJECTION[code]);
      assert.equal(sim.caller, undefined);
    });
  }

  test("brings the listener's own refusals to the caller", () => {
    for (const code of [REJECTION.CONFLICT, REJECTION.FORBIDDEN, REJECTION.NOTFOUND, 2999, 3001]) {
      const sim = new Simulation({ streamId: "cam" }, {}, { judge: () => code }).connect();
      assert.equal(sim.failed, code);
      assert.equal(sim.streamId, "cam");
      assert.equal(sim.server, undefined);
    }
  });

  test("asks again when a refusal is lost", () => {
    const meddle = losing("rejection", false, 2);
    const sim = new Simulation({}, {}, { judge: () => REJECTION.FORBIDDEN, meddle }).connect();
    assert.equal(sim.failed, REJECTION.FORBIDDEN);
    assert.equal(sim.requests, 3);
  });

  test("is over when the time for it is", () => {
    for (const connectTimeoutMs of [400, 3000]) {
      const sim = new Simulation({ connectTimeoutMs }, {}, { meddle: () => undefined });
      const startUs = sim.nowUs;
      sim.connect();
      assert.equal(sim.failed, REJECTION.TIMEOUT);
      assert.equal(sim.nowUs - startUs, connectTimeoutMs * 1000);
      sim.run(1000);
      assert.equal(sim.sentToServer, Math.ceil(connectTimeoutMs / 250));
    }
  });

  for (const [kind, toServer] of [
    ["induction", true],
    ["induction", false],
    ["conclusion", true],
    ["conclusion", false],
  ] as const) {
    for (const count of [1, 2, 5]) {
      test(`survives the loss of ${count} ${kind}s ${toServer ? "to" : "of"} the listener`, () => {
        const sim = new Simulation({}, {}, { meddle: losing(kind, toServer, count) }).connect();
        sim.both();
        assert.equal(sim.requests, 1);
        sim.stream(50);
        sim.run(400);
        assert.equal(sim.received.length, 50);
        // The handshake took its time, the delivery does not.
        for (const { atUs, dueUs } of sim.received) assert.ok(atUs - dueUs < 1000);
        const [caller] = sim.both();
        const flightUs = (sim.received[0]?.dueUs ?? 0) - caller.agreement.startUs;
        assert.ok(flightUs > 0);
      });
    }
  }

  test("a repeated conclusion gets the same answer, and makes no second connection", () => {
    const answers: Uint8Array[] = [];
    const passphrase = "correct horse";
    const sim = new Simulation(
      { passphrase },
      { passphrase },
      {
        meddle: (packet, toServer) => {
          if (toServer || kindOf(packet) !== "conclusion") return packet;
          answers.push(packet);
          return answers.length < 4 ? undefined : packet;
        },
      },
    ).connect();
    sim.both();
    assert.equal(answers.length, 4);
    assert.equal(sim.requests, 1);
    for (const [i, answer] of answers.entries()) {
      const time = new DataView(answer.buffer).getUint32(8);
      assert.ok(Math.abs(time - i * 250_000) <= 1000, `${time} µs`);
      assert.deepEqual(answer.subarray(16), (answers[0] as Uint8Array).subarray(16));
    }
  });

  test("a wrong cookie gets no answer", () => {
    const sim = new Simulation(
      { connectTimeoutMs: 1000 },
      {},
      changing("conclusion", true, (it) => ({ ...it, cookie: it.cookie ^ 1 })),
    ).connect();
    assert.equal(sim.failed, REJECTION.TIMEOUT);
    assert.equal(sim.requests, 0);
    assert.equal(sim.doorkeeper.violations, 4);
  });

  test("a cookie is good for the next minute", () => {
    // Lost for so long that the minute is another.
    const from = { at: 0 };
    const sim = new Simulation(
      { connectTimeoutMs: 120_000 },
      {},
      {
        meddle: (packet, toServer, nowUs) => {
          from.at ||= nowUs;
          return toServer && kindOf(packet) === "conclusion" && nowUs - from.at < 56e6 ? undefined : packet;
        },
      },
    );
    assert.ok(sim.runUntil(() => sim.caller !== undefined, 100_000));
  });

  const latencies: readonly (readonly [
    caller: readonly [receive: number, peer: number],
    server: readonly [receive: number, peer: number],
    toServer: number,
    toCaller: number,
  ])[] = [
    [[120, 0], [120, 0], 120, 120],
    [[120, 0], [500, 0], 500, 120],
    [[300, 0], [120, 0], 120, 300],
    [[120, 400], [120, 0], 400, 120],
    [[120, 0], [120, 350], 120, 350],
    [[200, 200], [300, 300], 300, 300],
    [[0, 0], [0, 0], 0, 0],
    [[60_000, 60_000], [20, 20], 60_000, 60_000],
  ];
  for (const [caller, server, toServer, toCaller] of latencies) {
    test(`agrees on the greater latencies: ${caller} and ${server}`, () => {
      const options = ([receive, peer]: readonly [number, number]): Partial<SrtOptions> => ({
        receiveLatencyMs: receive,
        peerLatencyMs: peer,
      });
      const [left, right] = new Simulation(options(caller), options(server)).connect().both();
      assert.equal(right.agreement.receiveLatencyMs, toServer);
      assert.equal(left.agreement.peerLatencyMs, toServer);
      assert.equal(left.agreement.receiveLatencyMs, toCaller);
      assert.equal(right.agreement.peerLatencyMs, toCaller);
    });
  }

  test("agrees on the smaller packet, and on numbers and names", () => {
    for (const [ours, theirs] of [
      [1500, 1400],
      [1360, 1500],
    ] as const) {
      const [caller, server] = new Simulation(
        { maxPacketSize: ours, streamId: "live/bühne", flowWindow: 8192 },
        { maxPacketSize: theirs, flowWindow: 4096 },
        {},
        0x7fff_fff0,
      )
        .connect()
        .both();
      for (const { agreement } of [caller, server]) {
        assert.equal(agreement.maxPacketSize, Math.min(ours, theirs));
        assert.equal(agreement.payloadBytes, Math.min(1316, Math.min(ours, theirs) - 44));
        assert.equal(agreement.streamId, "live/bühne");
        assert.equal(agreement.sendSequence, 0x7fff_fff0);
        assert.equal(agreement.receiveSequence, 0x7fff_fff0);
        assert.equal(agreement.peerVersion, SRT_VERSION);
      }
      assert.equal(caller.agreement.flowWindow, 4096);
      assert.equal(server.agreement.flowWindow, 8192);
      assert.equal(caller.agreement.peerId, server.localId);
      assert.equal(server.agreement.peerId, caller.localId);
    }
  });

  const ALWAYS = FLAG_CRYPT | FLAG_REXMITFLG | FLAG_PACKET_FILTER;
  const TSBPD = FLAG_TSBPDSND | FLAG_TSBPDRCV;
  const flags: readonly (readonly [options: Partial<SrtOptions>, flags: number])[] = [
    [{}, ALWAYS | TSBPD | FLAG_TLPKTDROP | FLAG_PERIODICNAK],
    [{ tsbpd: false }, ALWAYS | FLAG_TLPKTDROP | FLAG_PERIODICNAK],
    [{ tooLateDrop: false }, ALWAYS | TSBPD | FLAG_PERIODICNAK],
    [{ nakReport: false }, ALWAYS | TSBPD | FLAG_TLPKTDROP],
    [{ passphrase: "correct horse" }, ALWAYS | TSBPD | FLAG_TLPKTDROP | FLAG_PERIODICNAK],
  ];
  for (const [options, expected] of flags) {
    test(`states what it is capable of: ${JSON.stringify(options)}`, () => {
      assert.equal(ownFlags({ ...DEFAULT_OPTIONS, ...options }), expected);
      const passphrase = "correct horse";
      const [caller, server] = new Simulation({ ...options, passphrase }, { ...options, passphrase })
        .connect()
        .both();
      assert.equal(caller.agreement.peerFlags, expected);
      assert.equal(server.agreement.peerFlags, expected);
    });
  }

  test("every packet that it sends can be read by its own parser", () => {
    const seen = new Set<string>();
    const sim = new Simulation(
      { streamId: "a", packetFilter: "fec,cols:10,rows:5", passphrase: "correct horse" },
      { passphrase: "correct horse" },
      {
        meddle: (packet, toServer) => {
          const handshake = handshakeIn(packet);
          if (handshake !== undefined) {
            seen.add(`${kindOf(packet)} ${toServer}`);
            const kinds = handshake.extensions.map(({ kind }) => kind);
            if (kindOf(packet) === "conclusion") {
              assert.deepEqual(
                kinds,
                toServer ? ["hsreq", "kmreq", "streamid", "filter"] : ["hsrsp", "kmrsp", "filter"],
              );
              assert.equal(handshake.extensionField, 7);
              assert.equal(handshake.encryption, 2);
            }
          }
          return packet;
        },
      },
    ).connect();
    sim.both();
    assert.deepEqual([...seen], ["induction true", "induction false", "conclusion true", "conclusion false"]);
  });
});
