import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
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
  ControlHeader,
  readControlHeader,
  serializeControl,
} from "./control.ts";
import { corpusPacket, pooled } from "./corpus.test-support.ts";
import { EXTENSION_KMREQ } from "./extension.ts";
import { HEADER_BYTES, setDestination } from "./header.ts";

const SENT: readonly [file: string, ControlHeader][] = [
  ["induction-caller", { type: CONTROL_HANDSHAKE, subtype: 0, info: 0, timestamp: 0x1bb, socketId: 0 }],
  ["keepalive", { type: CONTROL_KEEPALIVE, subtype: 0, info: 0, timestamp: 0xf6d24, socketId: 0x01b6cb34 }],
  ["ack-full", { type: CONTROL_ACK, subtype: 0, info: 100, timestamp: 0x10b00f, socketId: 0x0cdc5159 }],
  ["nak-one", { type: CONTROL_NAK, subtype: 0, info: 0, timestamp: 0x06416f, socketId: 0x0cdc5159 }],
  ["shutdown", { type: CONTROL_SHUTDOWN, subtype: 0, info: 0, timestamp: 0x3d1d27, socketId: 0x04cef4cc }],
  ["ackack", { type: CONTROL_ACKACK, subtype: 0, info: 100, timestamp: 0x10bc68, socketId: 0x04cef4cc }],
  ["drop-request", { type: CONTROL_DROPREQ, subtype: 0, info: 0, timestamp: 0x171880, socketId: 0x16767196 }],
  [
    "key-refresh-request",
    { type: CONTROL_USER, subtype: EXTENSION_KMREQ, info: 0, timestamp: 0x09c1bc, socketId: 0x193cfc60 },
  ],
];

/** Libsrt sends these without a body of their own. */
const PADDED: readonly string[] = ["keepalive", "shutdown", "ackack"];

suite("control header", () => {
  for (const [file, fields] of SENT) {
    test(`reads and writes ${file}`, () => {
      const packet = corpusPacket(file);
      const header = new ControlHeader();
      assert.equal(readControlHeader(packet, header), true);
      assert.deepEqual({ ...header }, { ...fields });
      const body = PADDED.includes(file) ? undefined : packet.subarray(HEADER_BYTES);
      assert.equal(hex(serializeControl(fields, body)), hex(packet));
    });
  }

  test("packets without a body get four zeros, and defaults", () => {
    const packet = serializeControl({ type: CONTROL_CONGESTION, timestamp: 1, socketId: 2 });
    assert.equal(hex(packet), "80040000000000000000000100000002" + "00000000");
    const error = serializeControl(
      { type: CONTROL_PEERERROR, info: 4000, timestamp: 1, socketId: 2 },
      new Uint8Array(),
    );
    assert.equal(hex(error), "8008000000000fa00000000100000002" + "00000000");
  });

  test("refuses data packets and short ones, and leaves the header as it was", () => {
    const before = { type: 1, subtype: 2, info: 3, timestamp: 4, socketId: 5 };
    const into = Object.assign(new ControlHeader(), before);
    for (const packet of [
      corpusPacket("data-clear"),
      corpusPacket("keepalive").subarray(0, HEADER_BYTES - 1),
      fromHex(""),
    ]) {
      assert.equal(readControlHeader(packet, into), false);
      assert.deepEqual({ ...into }, before);
    }
  });

  test("takes back what it wrote, at any place in memory", () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const fields = fc.record({
      type: fc.nat(0x7fff),
      subtype: fc.nat(0xffff),
      info: u32,
      timestamp: u32,
      socketId: u32,
    });
    fc.assert(
      fc.property(fields, fc.uint8Array({ minLength: 1, maxLength: 64 }), u32, (given, body, moved) => {
        const packet = pooled(serializeControl(given, body), 0xee);
        assert.equal(hex(packet, HEADER_BYTES), hex(body));
        setDestination(packet, moved);
        const header = new ControlHeader();
        assert.equal(readControlHeader(packet, header), true);
        assert.deepEqual({ ...header }, { ...given, socketId: moved });
      }),
      { numRuns: 300 },
    );
  });
});
