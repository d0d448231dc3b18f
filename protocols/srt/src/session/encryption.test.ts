import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KM_BAD_SECRET, KM_NO_SECRET, KM_SECURED, KM_UNSECURED } from "../wire/key-material.ts";
import { REJECTION } from "../wire/rejection.ts";
import type { Connection } from "./connection.ts";
import type { SrtOptions } from "./options.ts";
import { kindOf, losing, withHandshake } from "./packets.test-support.ts";
import { all, Simulation } from "./simulation.test-support.ts";

const GOOD = "correct horse";
const OTHER = "wrong horse";
const NONE = undefined;

const states = ({ agreement: { crypto } }: Connection): readonly number[] => [
  crypto.sendState,
  crypto.receiveState,
];

const SECURED = [KM_SECURED, KM_SECURED];
const CLEAR = [KM_UNSECURED, KM_UNSECURED];

/** Both ends send 20 messages. */
function converse(sim: Simulation): void {
  const [caller, server] = sim.both();
  for (let i = 0; i < 20; i++) {
    const payload = Uint8Array.of(0, 0, 0, i);
    caller.send(payload, sim.nowUs, sim.nowUs);
    server.send(payload, sim.nowUs, sim.nowUs);
    sim.run(5);
  }
  sim.run(500);
}

describe("encryption", () => {
  const enforced: readonly (readonly [
    caller: string | undefined,
    server: string | undefined,
    code: number,
  ])[] = [
    [NONE, NONE, 0],
    [GOOD, GOOD, 0],
    [GOOD, OTHER, REJECTION.BADSECRET],
    [GOOD, NONE, REJECTION.UNSECURE],
    [NONE, GOOD, REJECTION.UNSECURE],
  ];
  for (const [caller, server, code] of enforced) {
    const what = code === 0 ? "connects" : `refuses as ${code}`;
    test(`${what}: the caller has ${caller ?? "none"}, the listener ${server ?? "none"}`, () => {
      const sim = new Simulation({ passphrase: caller }, { passphrase: server }).connect();
      if (code > 0) {
        assert.equal(sim.failed, code);
        assert.equal(sim.refused, code);
        return;
      }
      for (const side of sim.both()) assert.deepEqual(states(side), caller === undefined ? CLEAR : SECURED);
      converse(sim);
      assert.deepEqual(sim.numbers(), all(20));
      assert.deepEqual(
        sim.receivedByCaller.map((it) => it[3]),
        all(20),
      );
    });
  }

  // docs/API/API-socket-options.md, SRTO_ENFORCEDENCRYPTION and "KM state": [send, receive].
  const lax: readonly (readonly [
    caller: string | undefined,
    server: string | undefined,
    callerStates: readonly number[],
    serverStates: readonly number[],
    toServer: number,
    toCaller: number,
  ])[] = [
    [NONE, NONE, CLEAR, CLEAR, 20, 20],
    [GOOD, GOOD, SECURED, SECURED, 20, 20],
    [GOOD, OTHER, [KM_BAD_SECRET, KM_BAD_SECRET], [KM_BAD_SECRET, KM_BAD_SECRET], 0, 0],
    [GOOD, NONE, [KM_NO_SECRET, KM_UNSECURED], [KM_UNSECURED, KM_NO_SECRET], 0, 20],
    [NONE, GOOD, [KM_UNSECURED, KM_NO_SECRET], [KM_NO_SECRET, KM_UNSECURED], 20, 0],
  ];
  for (const [caller, server, callerStates, serverStates, toServer, toCaller] of lax) {
    test(`not enforced, connects all the same: the caller has ${caller ?? "none"}, the listener ${server ?? "none"}`, () => {
      const sim = new Simulation(
        { passphrase: caller, enforcedEncryption: false },
        { passphrase: server, enforcedEncryption: false },
      ).connect();
      const [left, right] = sim.both();
      assert.deepEqual(states(left), callerStates);
      assert.deepEqual(states(right), serverStates);
      converse(sim);
      // What cannot be read is dropped, counted, and acknowledged: nobody asks for it again.
      assert.deepEqual(sim.numbers(), all(toServer));
      assert.deepEqual(
        sim.receivedByCaller.map((it) => it[3]),
        all(toCaller),
      );
      assert.equal(right.statistics.pktRcvUndecryptTotal, 20 - toServer);
      assert.equal(right.statistics.pktRcvDropTotal, 20 - toServer);
      assert.equal(left.statistics.pktRcvUndecryptTotal, 20 - toCaller);
      assert.equal(left.statistics.pktRetransTotal + right.statistics.pktRetransTotal, 0);
      assert.equal(left.sender.inFlight + right.sender.inFlight, 0);
      assert.equal(sim.gaps.length, 0);
    });
  }

  test("one side that enforces is enough to refuse", () => {
    const lenient = { passphrase: GOOD, enforcedEncryption: false };
    const strict = { passphrase: OTHER };
    assert.equal(new Simulation(lenient, strict).connect().failed, REJECTION.BADSECRET);
    assert.equal(new Simulation(strict, lenient).connect().failed, REJECTION.BADSECRET);
    assert.equal(
      new Simulation({ ...lenient, passphrase: NONE }, strict).connect().failed,
      REJECTION.UNSECURE,
    );
    assert.equal(new Simulation({}, { ...lenient }).connect().failed, REJECTION.UNSECURE);
  });

  const lengths: readonly (readonly [
    caller: SrtOptions["keyBytes"],
    server: SrtOptions["keyBytes"],
    agreed: number,
  ])[] = [
    [0, 0, 16],
    [16, 0, 16],
    [24, 0, 24],
    [32, 0, 32],
    [0, 16, 16],
    [0, 24, 24],
    [0, 32, 32],
    [32, 16, 32],
    [16, 32, 16],
  ];
  for (const [caller, server, agreed] of lengths) {
    test(`keys of ${agreed} bytes when the caller wants ${caller} and the listener ${server}`, () => {
      const sim = new Simulation(
        { passphrase: GOOD, keyBytes: caller },
        { passphrase: GOOD, keyBytes: server },
      ).connect();
      for (const { agreement } of sim.both()) assert.equal(agreement.crypto.keyBytes, agreed);
      converse(sim);
      assert.deepEqual(sim.numbers(), all(20));
      assert.equal(sim.receivedByCaller.length, 20);
    });
  }

  const modes: readonly (readonly [
    caller: Partial<SrtOptions>,
    server: Partial<SrtOptions>,
    overhead: number | undefined,
  ])[] = [
    [{ cryptoMode: "gcm" }, { cryptoMode: "gcm" }, 16],
    [{ cryptoMode: "gcm" }, { cryptoMode: "auto" }, 16],
    [{ cryptoMode: "gcm", keyBytes: 32 }, {}, 16],
    [{ cryptoMode: "auto" }, { cryptoMode: "auto" }, 0],
    [{ cryptoMode: "ctr" }, { cryptoMode: "auto" }, 0],
    [{ cryptoMode: "ctr" }, { cryptoMode: "gcm" }, undefined],
    [{ cryptoMode: "gcm" }, { cryptoMode: "ctr" }, undefined],
    [{ cryptoMode: "gcm" }, { keyBytes: 24 }, 16],
  ];
  for (const [caller, server, overhead] of modes) {
    test(`cipher modes: ${JSON.stringify(caller)} calls ${JSON.stringify(server)}`, () => {
      const sim = new Simulation({ ...caller, passphrase: GOOD }, { ...server, passphrase: GOOD }).connect();
      if (overhead === undefined) {
        assert.equal(sim.failed, REJECTION.CRYPTO);
        return;
      }
      for (const { agreement } of sim.both()) {
        assert.equal(agreement.crypto.overheadBytes, overhead);
        assert.equal(agreement.payloadBytes, 1316);
      }
      sim.stream(300);
      sim.run(500);
      assert.deepEqual(sim.numbers(), all(300));
    });
  }

  test("GCM and a filter leave less room for the payload", () => {
    const options = { passphrase: GOOD, cryptoMode: "gcm", payloadBytes: 1456 } as const;
    for (const [packetFilter, payloadBytes] of [
      [undefined, 1440],
      ["fec,cols:5,rows:5", 1436],
    ] as const) {
      const sim = new Simulation({ ...options, packetFilter }, options, { lossPercent: 2 }).connect();
      const [caller] = sim.both();
      assert.equal(caller.agreement.payloadBytes, payloadBytes);
      sim.stream(300, 1500, payloadBytes);
      sim.run(500);
      assert.deepEqual(sim.numbers(), all(300));
    }
  });

  test("a packet that GCM does not recognize is dropped, and what follows is delivered", () => {
    const options = { passphrase: GOOD, cryptoMode: "gcm" } as const;
    let seen = 0;
    const sim = new Simulation(options, options, {
      meddle: (packet, toServer) => {
        if (toServer && kindOf(packet) === "data" && ++seen === 50) packet[100] = (packet[100] as number) ^ 1;
        return packet;
      },
    }).connect();
    sim.stream(200);
    sim.run(500);
    assert.deepEqual(
      sim.numbers(),
      all(200).filter((n) => n !== 49),
    );
    assert.equal(sim.server?.statistics.pktRcvUndecryptTotal, 1);
  });

  test("in clear what should be encrypted is dropped", () => {
    let seen = 0;
    const sim = new Simulation(
      { passphrase: GOOD },
      { passphrase: GOOD },
      {
        meddle: (packet, toServer) => {
          if (toServer && kindOf(packet) === "data" && ++seen % 10 === 0)
            packet[4] = (packet[4] as number) & ~0x18;
          return packet;
        },
      },
    ).connect();
    sim.stream(100);
    sim.run(500);
    assert.equal(sim.received.length, 90);
    assert.equal(sim.server?.statistics.pktRcvUndecryptTotal, 10);
  });

  const ciphers: readonly Partial<SrtOptions>[] = [
    { cryptoMode: "ctr" },
    { cryptoMode: "ctr", keyBytes: 24 },
    { cryptoMode: "gcm", keyBytes: 32 },
  ];
  for (const cipher of ciphers) {
    for (const lossPercent of [0, 10, 20]) {
      test(`keys change under ${lossPercent} % loss: ${JSON.stringify(cipher)}`, () => {
        const options = {
          ...cipher,
          passphrase: GOOD,
          keyRefreshPackets: 100,
          keyAnnouncePackets: 40,
          receiveLatencyMs: 600,
        };
        const sim = new Simulation(options, options, {
          lossPercent,
          delayMs: 5,
          seed: 7 + lossPercent,
        }).connect();
        const [caller, server] = sim.both();
        for (let i = 0; i < 1000; i++) {
          server.send(Uint8Array.of(i >> 8, i), sim.nowUs, sim.nowUs);
          sim.stream(1);
        }
        sim.run(1500);
        assert.equal(sim.received.length, 1000);
        assert.deepEqual(
          sim.receivedByCaller.map((it) => (it[0] as number) * 256 + (it[1] as number)),
          all(1000),
        );
        for (const { agreement, statistics } of [caller, server]) {
          assert.equal(statistics.pktRcvUndecryptTotal, 0);
          const { keyRefreshes } = agreement.crypto;
          assert.ok(keyRefreshes >= 6 && keyRefreshes <= 10, `${keyRefreshes} changes`);
        }
      });
    }
  }

  test("a key is not replaced while packets of the last one with its flag are on the way", () => {
    const options = {
      passphrase: GOOD,
      keyRefreshPackets: 60,
      keyAnnouncePackets: 20,
      receiveLatencyMs: 1500,
    };
    const slow = new Simulation(options, options, { lossPercent: 5, delayMs: 150, seed: 5 }).connect();
    slow.stream(1000);
    slow.run(2500);
    assert.deepEqual(slow.numbers(), all(1000));
    const paced = new Simulation({ ...options, maxBandwidth: 400_000 }, options).connect();
    paced.stream(400, 0);
    paced.run(4000);
    assert.deepEqual(paced.numbers(), all(400));
    for (const { caller } of [slow, paced]) assert.ok((caller?.agreement.crypto.keyRefreshes ?? 0) >= 1);
    assert.ok((slow.caller?.agreement.crypto.keyRefreshes ?? 0) >= 3);
  });

  for (const [kind, toServer] of [
    ["kmreq", true],
    ["kmrsp", false],
  ] as const) {
    test(`a ${kind} that is lost is sent again`, () => {
      const options = { passphrase: GOOD, keyRefreshPackets: 100, keyAnnouncePackets: 40 };
      const sim = new Simulation(options, options, { meddle: losing(kind, toServer, 2) }).connect();
      sim.stream(500);
      sim.run(500);
      assert.deepEqual(sim.numbers(), all(500));
      assert.equal(sim.server?.statistics.pktRcvUndecryptTotal, 0);
      assert.equal(sim.caller?.agreement.crypto.keyRefreshes, 4);
    });
  }

  test("a listener may advertise a key length that there is not, or not for GCM", () => {
    for (const [encryption, keyBytes] of [
      [1, 16],
      [3, 32],
      [5, 16],
      [0xffff, 16],
    ] as const) {
      const sim = new Simulation(
        { passphrase: GOOD, cryptoMode: "gcm" },
        { passphrase: GOOD },
        {
          meddle: (packet, toServer) =>
            !toServer && kindOf(packet) === "induction"
              ? withHandshake(packet, (it) => ({ ...it, encryption }))
              : packet,
        },
      ).connect();
      for (const { agreement } of sim.both()) assert.equal(agreement.crypto.keyBytes, keyBytes);
    }
  });
});
