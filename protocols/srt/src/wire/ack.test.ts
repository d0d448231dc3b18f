import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concat, fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import {
  ACK_FULL,
  ACK_LIGHT,
  ACK_SMALL,
  Acknowledgement,
  readAcknowledgement,
  serializeAcknowledgement,
} from "./ack.ts";
import { corpusPacket, pooled } from "./corpus.test-support.ts";
import { HEADER_BYTES } from "./header.ts";

const HEADER = "80020000 00000001 00000000 00000000";

function acknowledgement(fields: Partial<Acknowledgement>): Acknowledgement {
  return Object.assign(new Acknowledgement(), fields);
}

const SENT: readonly [file: string, Partial<Acknowledgement>][] = [
  [
    "ack-full",
    {
      kind: ACK_FULL,
      sequence: 0x325ee68e,
      rttUs: 228,
      rttVarianceUs: 174,
      bufferAvailable: 8168,
      packetsPerSecond: 0,
      linkCapacity: 1000,
      bytesPerSecond: 0,
    },
  ],
  ["ack-light", { kind: ACK_LIGHT, sequence: 0x60700508 }],
];

const BODIES: readonly [name: string, body: string, Partial<Acknowledgement> | undefined][] = [
  [
    "small",
    "00000009 00000001 00000002 00000003",
    { kind: ACK_SMALL, sequence: 9, rttUs: 1, rttVarianceUs: 2, bufferAvailable: 3 },
  ],
  [
    "full without the byte rate",
    "00000009 00000001 00000002 00000003 00000004 00000005",
    {
      kind: ACK_FULL,
      sequence: 9,
      rttUs: 1,
      rttVarianceUs: 2,
      bufferAvailable: 3,
      packetsPerSecond: 4,
      linkCapacity: 5,
    },
  ],
  [
    "full with a field of the future",
    "7fffffff ffffffff 00000002 00000003 00000004 00000005 ffffffff 00000007",
    {
      kind: ACK_FULL,
      sequence: 0x7fff_ffff,
      rttUs: 0xffff_ffff,
      rttVarianceUs: 2,
      bufferAvailable: 3,
      packetsPerSecond: 4,
      linkCapacity: 5,
      bytesPerSecond: 0xffff_ffff,
    },
  ],
  ["empty", "", undefined],
  ["half a number", "0000", undefined],
  ["between light and small", "00000009 00000001", undefined],
  ["one byte short of small", "00000009 00000001 00000002 000000", undefined],
  ["a number of 32 bits", "80000009", undefined],
];

suite("acknowledgement", () => {
  for (const [file, fields] of SENT) {
    test(`reads and writes ${file}`, () => {
      const packet = corpusPacket(file);
      // Fields that a light one does not have must not stay from the packet before.
      const read = acknowledgement({
        rttUs: 9,
        rttVarianceUs: 9,
        bufferAvailable: 9,
        packetsPerSecond: 9,
        linkCapacity: 9,
      });
      read.bytesPerSecond = 9;
      assert.equal(readAcknowledgement(packet, read), true);
      assert.deepEqual(read, acknowledgement(fields));
      assert.equal(hex(serializeAcknowledgement(read)), hex(packet, HEADER_BYTES));
    });
  }

  for (const [name, body, fields] of BODIES) {
    test(name, () => {
      const before = acknowledgement({ kind: ACK_SMALL, sequence: 77, rttUs: 78 });
      const read = acknowledgement({ ...before });
      assert.equal(readAcknowledgement(fromHex(HEADER + body), read), fields !== undefined);
      assert.deepEqual(read, fields === undefined ? before : acknowledgement(fields));
    });
  }

  test("takes back what it wrote", () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const full = fc.record({
      kind: fc.constant(ACK_FULL),
      sequence: fc.integer({ min: 0, max: 0x7fff_ffff }),
      rttUs: u32,
      rttVarianceUs: u32,
      bufferAvailable: u32,
      packetsPerSecond: u32,
      linkCapacity: u32,
      bytesPerSecond: u32,
    });
    fc.assert(
      fc.property(full, fc.constantFrom(ACK_LIGHT, ACK_SMALL, ACK_FULL), (fields, kind) => {
        const body = serializeAcknowledgement(acknowledgement({ ...fields, kind }));
        const read = new Acknowledgement();
        assert.equal(readAcknowledgement(pooled(concat([fromHex(HEADER), body]), 0xff), read), true);
        const small = kind === ACK_LIGHT ? { rttUs: 0, rttVarianceUs: 0, bufferAvailable: 0 } : {};
        const short = kind === ACK_FULL ? {} : { packetsPerSecond: 0, linkCapacity: 0, bytesPerSecond: 0 };
        assert.deepEqual(read, acknowledgement({ ...fields, kind, ...small, ...short }));
      }),
      { numRuns: 300 },
    );
  });
});
