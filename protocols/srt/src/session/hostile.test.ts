import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ACK_FULL, ACK_LIGHT, Acknowledgement, serializeAcknowledgement } from "../wire/ack.ts";
import {
  CONTROL_ACK,
  CONTROL_ACKACK,
  CONTROL_CONGESTION,
  CONTROL_DROPREQ,
  CONTROL_HANDSHAKE,
  CONTROL_KEEPALIVE,
  CONTROL_NAK,
  CONTROL_PEERERROR,
  CONTROL_SHUTDOWN,
  CONTROL_USER,
} from "../wire/control.ts";
import { corpusPacket } from "../wire/corpus.test-support.ts";
import { EXTENSION_HSREQ, EXTENSION_KMREQ, EXTENSION_KMRSP } from "../wire/extension.ts";
import { setDestination } from "../wire/header.ts";
import type { Connection } from "./connection.ts";
import type { SrtOptions } from "./options.ts";
import { forged, forgedData, kindOf, words } from "./packets.test-support.ts";
import { all, CALLER_ID, SERVER_ID, Simulation } from "./simulation.test-support.ts";

/** Number of the first packet of a simulation, and of one after the last of 200. */
const FIRST = 1000;
const END = 1200;

function ack(sequence: number, fields: Partial<Acknowledgement> = {}): Uint8Array {
  return serializeAcknowledgement(
    Object.assign(new Acknowledgement(), { kind: ACK_FULL, sequence, ...fields }),
  );
}

/** A control packet for the side that it is meant for, which is the caller for what receivers send. */
function to(
  toServer: boolean,
  type: number,
  more: { info?: number; subtype?: number } = {},
  body?: Uint8Array,
): Uint8Array {
  return forged({ type, socketId: toServer ? SERVER_ID : CALLER_ID, ...more }, body);
}

type Forgery = readonly [what: string, toServer: boolean, packet: Uint8Array, violations: number];

/** What a third party might send into a connection on which 200 packets from number 1000 on are through. */
const FORGERIES: readonly Forgery[] = [
  ["an ACK for a packet that was never sent", false, to(false, CONTROL_ACK, { info: 1 }, ack(END + 1)), 1],
  ["an ACK far ahead", false, to(false, CONTROL_ACK, { info: 1 }, ack(END + 2 ** 29)), 1],
  ["an ACK half the numbers away", false, to(false, CONTROL_ACK, { info: 1 }, ack(END + 2 ** 30)), 0],
  ["an ACK of 32 bits", false, to(false, CONTROL_ACK, { info: 1 }, words(0xffff_ffff, 0, 0, 0)), 1],
  ["an old ACK", false, to(false, CONTROL_ACK, { info: 1 }, ack(FIRST)), 0],
  [
    "an ACK that leaves no room",
    false,
    to(false, CONTROL_ACK, { info: 1 }, ack(END, { bufferAvailable: 0 })),
    0,
  ],
  [
    "an ACK of endless round trips",
    false,
    to(false, CONTROL_ACK, { info: 1 }, ack(END, { rttUs: 2 ** 32 - 1 })),
    0,
  ],
  [
    "an ACK of endless variance",
    false,
    to(false, CONTROL_ACK, { info: 1 }, ack(END, { rttUs: 20_000, rttVarianceUs: 2 ** 32 - 1 })),
    0,
  ],
  [
    "an ACK of endless rates",
    false,
    to(
      false,
      CONTROL_ACK,
      { info: 1 },
      ack(END, { linkCapacity: 2 ** 32 - 1, packetsPerSecond: 2 ** 32 - 1 }),
    ),
    0,
  ],
  ["an ACK cut off", false, to(false, CONTROL_ACK, { info: 1 }, ack(END).subarray(0, 11)), 1],
  ["an ACK for who sends nothing", true, to(true, CONTROL_ACK, { info: 1 }, ack(END)), 1],
  ["a light ACK ahead", false, to(false, CONTROL_ACK, {}, ack(END + 5, { kind: ACK_LIGHT })), 1],
  ["an ACKACK of a number that was not given", true, to(true, CONTROL_ACKACK, { info: 999_999 }), 0],
  ["an ACKACK of 32 bits", true, to(true, CONTROL_ACKACK, { info: 0xffff_ffff }), 0],
  ["an ACKACK of number 0", true, to(true, CONTROL_ACKACK, { info: 0 }), 0],
  ["a NAK of what was never sent", false, to(false, CONTROL_NAK, {}, words(END)), 1],
  [
    "a NAK of a range that ends beyond",
    false,
    to(false, CONTROL_NAK, {}, words(0x8000_0000 + END - 5, END)),
    1,
  ],
  [
    "a NAK of what was acknowledged",
    false,
    to(false, CONTROL_NAK, {}, words(0x8000_0000 + FIRST, FIRST + 20)),
    0,
  ],
  [
    "a NAK of half the numbers",
    false,
    to(false, CONTROL_NAK, {}, words(0x8000_0000 + END + 1 - 2 ** 30 + 2 ** 31, END - 1)),
    0,
  ],
  ["a NAK from end to beginning", false, to(false, CONTROL_NAK, {}, words(0x8000_0000 + END - 1, FIRST)), 1],
  [
    "a NAK of a range without end",
    false,
    to(false, CONTROL_NAK, {}, words(END - 1, 0x8000_0000 + END - 1)),
    1,
  ],
  ["a NAK of three bytes", false, to(false, CONTROL_NAK, {}, Uint8Array.of(0, 0, 4)), 1],
  [
    "a NAK full of numbers",
    false,
    to(false, CONTROL_NAK, {}, words(...Array.from({ length: 364 }, (_, i) => FIRST + i))),
    164,
  ],
  ["a NAK for who sends nothing", true, to(true, CONTROL_NAK, {}, words(FIRST)), 1],
  ["a DROPREQ of what was not sent", true, to(true, CONTROL_DROPREQ, { info: 1 }, words(END, END + 5)), 1],
  [
    "a DROPREQ of all that was and will be",
    true,
    to(true, CONTROL_DROPREQ, { info: 1 }, words(0, 2 ** 31 - 1)),
    1,
  ],
  ["a DROPREQ of what was delivered", true, to(true, CONTROL_DROPREQ, { info: 1 }, words(FIRST, END - 1)), 0],
  ["a DROPREQ from end to beginning", true, to(true, CONTROL_DROPREQ, { info: 1 }, words(END - 1, FIRST)), 1],
  ["a DROPREQ cut off", true, to(true, CONTROL_DROPREQ, { info: 1 }, words(FIRST)), 1],
  [
    "a DROPREQ for who receives nothing",
    false,
    to(false, CONTROL_DROPREQ, { info: 1 }, words(FIRST, FIRST + 3)),
    1,
  ],
  ["a KMREQ in a clear connection", true, destined(corpusPacket("key-refresh-request"), SERVER_ID), 0],
  ["a KMREQ of nothing", true, to(true, CONTROL_USER, { subtype: EXTENSION_KMREQ }), 0],
  [
    "a KMRSP that nobody asked for",
    false,
    to(false, CONTROL_USER, { subtype: EXTENSION_KMRSP }, words(2)),
    0,
  ],
  ["a KMRSP that says bad secret", false, to(false, CONTROL_USER, { subtype: EXTENSION_KMRSP }, words(4)), 0],
  [
    "an HSREQ of version 4",
    true,
    to(true, CONTROL_USER, { subtype: EXTENSION_HSREQ }, words(0x010300, 0xbf, 120 << 16)),
    0,
  ],
  ["a message of somebody's own", true, to(true, CONTROL_USER, { subtype: 0x1234 }, new Uint8Array(1000)), 0],
  [
    "a handshake to a connection",
    true,
    destined(corpusPacket("conclusion-caller-streamid-filter"), SERVER_ID),
    0,
  ],
  ["an induction to a connection", false, destined(corpusPacket("induction-listener"), CALLER_ID), 0],
  ["a handshake of nothing", true, to(true, CONTROL_HANDSHAKE), 0],
  ["a keep-alive of 1400 bytes", true, to(true, CONTROL_KEEPALIVE, {}, new Uint8Array(1400)), 0],
  ["a congestion warning", false, to(false, CONTROL_CONGESTION), 0],
  ["a control packet of no type", true, to(true, 9), 0],
  ["a control packet of the last type but one", false, to(false, 0x7ffe), 0],
  ["a header cut off", true, new Uint8Array(15), 1],
  ["nothing", true, new Uint8Array(0), 1],
  [
    "data longer than a packet",
    true,
    forgedData({ socketId: SERVER_ID, sequence: END }, new Uint8Array(1457)),
    1,
  ],
  ["data again", true, forgedData({ socketId: SERVER_ID, sequence: END - 1 }), 0],
  ["data of long ago", true, forgedData({ socketId: SERVER_ID, sequence: FIRST }), 0],
  ["data far ahead", true, forgedData({ socketId: SERVER_ID, sequence: END + 100_000 }), 1],
  ["data half the numbers away", true, forgedData({ socketId: SERVER_ID, sequence: END + 2 ** 30 }), 0],
  ["data with both keys", true, forgedData({ socketId: SERVER_ID, sequence: END - 1, key: 3 }), 0],
  ["parity without a filter", true, forgedData({ socketId: SERVER_ID, sequence: END - 1, message: 0 }), 0],
];

function destined(packet: Uint8Array, socketId: number): Uint8Array {
  const copy = packet.slice();
  setDestination(copy, socketId);
  return copy;
}

const violations = ({ statistics }: Connection): number => statistics.pktViolations;

describe("a connection into which somebody sends", () => {
  for (const [what, toServer, packet, expected] of FORGERIES) {
    test(`${what} goes on`, () => {
      const sim = new Simulation().connect();
      const [caller, server] = sim.both();
      sim.stream(200);
      sim.run(200);
      const inFlight = caller.sender.inFlight;
      for (let i = 0; i < 3; i++) {
        sim.inject(packet.slice(), toServer);
        sim.run(1);
      }
      assert.equal(violations(toServer ? server : caller), 3 * expected);
      assert.equal(caller.sender.inFlight, inFlight);
      sim.stream(200);
      sim.run(300);
      assert.deepEqual(sim.numbers(), [...all(200), ...all(200)]);
      assert.equal(sim.callerClosed ?? sim.serverClosed, undefined);
      assert.equal(sim.gaps.length, 0);
      assert.ok(caller.rtt.rttUs < 40_000 && server.rtt.rttUs < 40_000, "the round trip is believed");
    });
  }

  for (const passphrase of [undefined, "correct horse"]) {
    for (const name of ["lie-key-count", "lie-key-length", "lie-key-salt-length", "key-refresh-request"]) {
      test(`key material with lengths that lie, ${passphrase ?? "in clear"}: ${name}`, () => {
        const body = corpusPacket(name);
        // The material of a handshake lies behind 16 + 48 + 16 + 4 bytes, that of a refresh behind the header.
        const bytes = body.subarray(name === "key-refresh-request" ? 16 : 84);
        const sim = new Simulation({ passphrase }, { passphrase }).connect();
        sim.stream(50);
        for (let cut = 0; cut <= bytes.length; cut += 4) {
          sim.inject(to(true, CONTROL_USER, { subtype: EXTENSION_KMREQ }, bytes.subarray(0, cut)));
          sim.inject(to(false, CONTROL_USER, { subtype: EXTENSION_KMRSP }, bytes.subarray(0, cut)), false);
          sim.run(1);
        }
        sim.stream(50);
        sim.run(300);
        assert.equal(sim.received.length, 100);
        assert.equal(sim.server?.statistics.pktRcvUndecryptTotal, 0);
      });
    }
  }

  for (const [what, toServer, type, reason, least] of [
    ["SHUTDOWN", true, CONTROL_SHUTDOWN, "shutdown", 100],
    ["SHUTDOWN", false, CONTROL_SHUTDOWN, "shutdown", 100],
    ["PEERERROR", true, CONTROL_PEERERROR, "peer-error", 10],
  ] as const) {
    test(`${what} ends, once, and what comes after is ignored: ${toServer ? "to" : "from"} the listener`, () => {
      const sim = new Simulation().connect();
      sim.stream(100);
      const [caller, server] = sim.both();
      const side = toServer ? server : caller;
      for (let i = 0; i < 3; i++) sim.inject(to(toServer, type), toServer);
      sim.run(2500);
      assert.equal(toServer ? sim.serverClosed : sim.callerClosed, reason);
      assert.equal(side.closed, true);
      assert.equal(side.nextUs, Number.POSITIVE_INFINITY);
      for (const [, isToServer, packet] of FORGERIES)
        side.receive(isToServer === toServer ? packet : new Uint8Array(40), packet.length, sim.nowUs);
      side.tick(sim.nowUs);
      assert.equal(side.send(new Uint8Array(10), sim.nowUs, sim.nowUs), false);
      assert.ok(sim.received.length >= least, `${sim.received.length} came`);
    });
  }

  test("every packet twice, and all of them again later, delivers each once", () => {
    const recorded: (readonly [Uint8Array, boolean])[] = [];
    const sim = new Simulation(
      {},
      {},
      {
        duplicatePercent: 100,
        meddle: (packet, toServer) => {
          if (recorded.length < 3000) recorded.push([packet.slice(), toServer]);
          return packet;
        },
      },
    ).connect();
    sim.stream(300);
    sim.run(500);
    for (const [i, [packet, toServer]] of recorded.entries()) {
      sim.inject(packet.slice(), toServer);
      if (i % 10 === 0) sim.run(1);
    }
    sim.stream(200);
    sim.run(500);
    assert.deepEqual(sim.numbers(), [...all(300), ...all(200)]);
    assert.equal(sim.callerClosed ?? sim.serverClosed, undefined);
  });

  test("packets cut off at every length", () => {
    const kinds = new Map<string, readonly [Uint8Array, boolean]>();
    const options: Partial<SrtOptions> = {
      passphrase: "correct horse",
      keyRefreshPackets: 60,
      keyAnnouncePackets: 20,
    };
    const sim = new Simulation({ ...options, packetFilter: "fec,cols:5,rows:5" }, options, {
      lossPercent: 5,
      meddle: (packet, toServer) => {
        kinds.set(`${kindOf(packet)} ${toServer}`, [packet.slice(), toServer]);
        return packet;
      },
    }).connect();
    sim.stream(300);
    for (const kind of [
      "data true",
      "parity true",
      "ack false",
      "ackack true",
      "kmreq true",
      "kmrsp false",
      "conclusion true",
    ]) {
      assert.ok(kinds.has(kind), kind);
    }
    for (const [packet, toServer] of [...kinds.values()]) {
      for (let length = 0; length < Math.min(packet.length, 200); length++) {
        sim.inject(packet.slice(0, length), toServer);
        if (length % 20 === 0) sim.run(1);
      }
    }
    sim.run(1000);
    const before = sim.received.length;
    sim.stream(200);
    sim.run(600);
    assert.ok(sim.received.length - before > 190);
    assert.equal(sim.callerClosed ?? sim.serverClosed, undefined);
  });
});
