import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { REJECTION } from "../wire/rejection.ts";
import type { NetworkOptions } from "./bad-network.test-support.ts";
import type { SrtOptions } from "./options.ts";
import {
  forged,
  handshakeIn,
  kindOf,
  losing,
  withExtensions,
  withHandshake,
} from "./packets.test-support.ts";
import { MeetingPlace, type PartyOptions } from "./rendezvous.test-support.ts";
import { all } from "./simulation.test-support.ts";

/** The left one is the initiator when its cookie is the greater, by 32-bit subtraction. */
const COOKIES = [
  ["left", 0x2000, 0x1000],
  ["right", 0x1000, 0x2000],
  ["left", 0x1000, 0xffff_f000],
  ["right", 0xffff_f000, 0x1000],
] as const;

function assertMet(place: MeetingPlace, what: string): void {
  place.converse(40).run(600);
  for (const { connection, received, failed, closed } of place.parties) {
    assert.ok(connection !== undefined, `${what}: ${failed}`);
    assert.equal(closed, undefined, what);
    assert.deepEqual(received, all(40), what);
    const { peerId, localId, sendSequence, receiveSequence } = connection.agreement;
    assert.equal(localId + peerId, 33);
    assert.equal(sendSequence, 1000 * localId);
    assert.equal(receiveSequence, 1000 * peerId);
  }
}

/** Names of the handshakes that went each way: the flow. */
function watched(network: NetworkOptions = {}): { flow: string[]; network: NetworkOptions } {
  const flow: string[] = [];
  const meddle: NetworkOptions["meddle"] = (packet, toRight, nowUs) => {
    const handshake = handshakeIn(packet);
    if (handshake !== undefined) {
      const hello = handshake.extensions.find(({ kind }) => kind === "hsreq" || kind === "hsrsp")?.kind ?? "";
      flow.push(`${toRight ? ">" : "<"}${kindOf(packet)}${hello === "" ? "" : `/${hello}`}`);
    }
    return network.meddle === undefined ? packet : network.meddle(packet, toRight, nowUs);
  };
  return { flow, network: { ...network, meddle } };
}

describe("a rendezvous", () => {
  for (const [initiator, left, right] of COOKIES) {
    test(`of peers that begin together: the ${initiator} one initiates (${left}, ${right})`, () => {
      const { flow, network } = watched();
      const place = new MeetingPlace({ cookie: left }, { cookie: right }, network).run(500);
      assertMet(place, "parallel");
      const [mine, its] = initiator === "left" ? [">", "<"] : ["<", ">"];
      assert.deepEqual(flow.slice(0, 2), [">waveahand", "<waveahand"]);
      const firsts = (direction: string): string[] => [
        ...new Set(flow.filter((it) => it.startsWith(direction)).map((it) => it.slice(1))),
      ];
      assert.deepEqual(firsts(mine), ["waveahand", "conclusion/hsreq", "agreement"]);
      assert.deepEqual(firsts(its), ["waveahand", "conclusion", "conclusion/hsrsp"]);
    });

    for (const startMs of [100, 600, 1000]) {
      test(`of peers that begin one after the other: the ${initiator} one initiates (${left}, ${right}), ${startMs} ms`, () => {
        assertMet(new MeetingPlace({ cookie: left }, { cookie: right, startMs }).run(2000), "right later");
        assertMet(new MeetingPlace({ cookie: left, startMs }, { cookie: right }).run(2000), "left later");
      });
    }
  }

  for (const kind of ["waveahand", "conclusion", "agreement", "ack", "keepalive", "data"]) {
    for (const toRight of [true, false]) {
      for (const count of [1, 2, 3]) {
        test(`survives the loss of ${count}: ${kind}s to the ${toRight ? "right" : "left"} one`, () => {
          for (const [, left, right] of COOKIES.slice(0, 2)) {
            for (const startMs of [0, 500]) {
              const place = new MeetingPlace(
                { cookie: left },
                { cookie: right, startMs },
                { meddle: losing(kind, toRight, count) },
              );
              assertMet(place.run(3500), `${left} ${startMs}`);
            }
          }
        });
      }
    }
  }

  test("survives a network that loses half of all", () => {
    for (let seed = 1; seed <= 40; seed++) {
      let isBad = true;
      const place = new MeetingPlace(
        { connectTimeoutMs: 30_000 },
        { connectTimeoutMs: 30_000, startMs: seed * 10 },
        {
          seed,
          lossPercent: 0,
          jitterMs: 8,
          duplicatePercent: 20,
          meddle: (packet, _toRight, nowUs) =>
            isBad && (nowUs / 100 + packet.length * seed) % 7 < 3.5 ? undefined : packet,
        },
      ).run(6000);
      isBad = false;
      place.run(4000);
      assertMet(place, `seed ${seed}`);
    }
  });

  for (const same of [0, 1, 0x8000_0000, 0xffff_ffff]) {
    test(`is refused when both cookies are ${same}`, () => {
      const { left, right } = new MeetingPlace({ cookie: same }, { cookie: same }).run(4000);
      assert.deepEqual([left.failed, right.failed], [REJECTION.RDVCOOKIE, REJECTION.RDVCOOKIE]);
    });
  }

  test("is refused when neither cookie is the greater", () => {
    // Half of all numbers apart, each seems less than the other.
    const { left, right } = new MeetingPlace({ cookie: 5 }, { cookie: 0x8000_0005 }).run(4000);
    assert.deepEqual([left.failed, right.failed], [REJECTION.RDVCOOKIE, REJECTION.RDVCOOKIE]);
  });

  const refusals: readonly (readonly [
    what: string,
    left: PartyOptions,
    right: PartyOptions,
    code: number,
  ])[] = [
    ["two passphrases", { passphrase: "correct horse" }, { passphrase: "wrong horse" }, REJECTION.BADSECRET],
    ["one passphrase", { passphrase: "correct horse" }, {}, REJECTION.UNSECURE],
    ["a version too old", { minVersion: 0x020000 }, {}, REJECTION.VERSION],
    [
      "filters that contradict",
      { packetFilter: "fec,cols:5" },
      { packetFilter: "fec,cols:6" },
      REJECTION.FILTER,
    ],
  ];
  for (const [what, left, right, code] of refusals) {
    test(`is refused on both sides: ${what}`, () => {
      for (const [, mine, its] of COOKIES.slice(0, 2)) {
        for (const [a, b] of [
          [left, right],
          [right, left],
        ] as const) {
          const place = new MeetingPlace({ ...a, cookie: mine }, { ...b, cookie: its }).run(4000);
          assert.deepEqual([place.left.failed, place.right.failed], [code, code]);
        }
      }
    });
  }

  test("is over when the time for it is, and when nobody comes", () => {
    const place = new MeetingPlace(
      { connectTimeoutMs: 900 },
      { connectTimeoutMs: 900 },
      { meddle: () => undefined },
    );
    const startUs = place.nowUs;
    place.run(899);
    assert.equal(place.left.failed, undefined);
    place.run(1);
    assert.deepEqual([place.left.failed, place.right.failed], [REJECTION.TIMEOUT, REJECTION.TIMEOUT]);
    assert.equal(place.nowUs - startUs, 900_000);
  });

  const agreements: readonly (readonly [
    what: string,
    left: Partial<SrtOptions>,
    right: Partial<SrtOptions>,
  ])[] = [
    ["latencies", { receiveLatencyMs: 300 }, { receiveLatencyMs: 80, peerLatencyMs: 400 }],
    ["encryption", { passphrase: "correct horse", keyBytes: 24 }, { passphrase: "correct horse" }],
    ["a filter", { packetFilter: "fec,cols:5,rows:5" }, {}],
    ["packet sizes", { maxPacketSize: 1400 }, {}],
  ];
  for (const [what, left, right] of agreements) {
    test(`agrees, whoever initiates: ${what}`, () => {
      for (const [, mine, its] of COOKIES.slice(0, 2)) {
        const place = new MeetingPlace({ ...left, cookie: mine }, { ...right, cookie: its }).run(1000);
        assertMet(place, what);
        const [a, b] = place.parties.map(({ connection }) => connection?.agreement);
        assert.ok(a !== undefined && b !== undefined);
        assert.equal(a.receiveLatencyMs, Math.max(left.receiveLatencyMs ?? 120, right.peerLatencyMs ?? 0));
        assert.equal(a.receiveLatencyMs, b.peerLatencyMs);
        assert.equal(b.receiveLatencyMs, a.peerLatencyMs);
        assert.equal(a.maxPacketSize, Math.min(left.maxPacketSize ?? 1500, 1500));
        assert.equal(a.maxPacketSize, b.maxPacketSize);
        assert.deepEqual(a.filter, b.filter);
        assert.equal(a.filter === undefined, left.packetFilter === undefined);
        assert.equal(a.crypto.keyBytes, left.keyBytes ?? 0);
        assert.equal(b.crypto.keyBytes, left.keyBytes ?? 0);
      }
    });
  }

  test("takes a peer that answers as it should not for what it is", () => {
    const asRequest: NetworkOptions["meddle"] = (packet) =>
      withHandshake(packet, (handshake) =>
        withExtensions(handshake, (it) => (it.kind === "hsrsp" ? { ...it, kind: "hsreq" } : it)),
      );
    const place = new MeetingPlace({ cookie: 2 }, { cookie: 1 }, { meddle: asRequest }).run(4000);
    assert.equal(place.left.failed, REJECTION.ROGUE);
    const small = new MeetingPlace(
      { cookie: 2 },
      { cookie: 1 },
      {
        meddle: (packet) => withHandshake(packet, (it) => ({ ...it, maxPacketSize: 20 })),
      },
    ).run(4000);
    assert.equal(small.right.failed, REJECTION.ROGUE);
  });

  test("is not disturbed by rubbish in any state", () => {
    const rubbish = [
      new Uint8Array(0),
      new Uint8Array(15),
      new Uint8Array(64),
      forged({ type: 0, socketId: 11 }),
      forged({ type: 0, socketId: 11 }, new Uint8Array(47)),
      forged({ type: 0, socketId: 0 }, new Uint8Array(60).fill(0xff)),
      forged({ type: 5, socketId: 0 }),
    ];
    for (let afterMs = 0; afterMs < 60; afterMs += 5) {
      const place = new MeetingPlace({ cookie: 2 }, { cookie: 1 }).run(afterMs);
      for (const packet of rubbish) for (const toRight of [true, false]) place.inject(packet, toRight);
      assertMet(place.run(1000), `${afterMs} ms`);
    }
  });
});
