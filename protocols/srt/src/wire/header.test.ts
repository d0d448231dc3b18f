import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { corpusPacket, pooled } from "./corpus.test-support.ts";
import {
  BOUNDARY_FIRST,
  BOUNDARY_LAST,
  BOUNDARY_MIDDLE,
  BOUNDARY_SOLO,
  DataHeader,
  HEADER_BYTES,
  isControl,
  KEY_EVEN,
  KEY_NONE,
  KEY_ODD,
  markRetransmitted,
  readDataHeader,
  setDestination,
  setKeyFlag,
  writeDataHeader,
} from "./header.ts";

function header(fields: Partial<DataHeader>): DataHeader {
  return Object.assign(new DataHeader(), fields);
}

const SENT: readonly [file: string, Partial<DataHeader>][] = [
  [
    "data-clear",
    { sequence: 0x325ee5c2, boundary: BOUNDARY_SOLO, message: 3, timestamp: 0x8909, socketId: 0x04cef4cc },
  ],
  [
    "data-retransmitted",
    {
      sequence: 0x325ee609,
      boundary: BOUNDARY_SOLO,
      retransmitted: true,
      message: 0x4a,
      timestamp: 0x0623b5,
      socketId: 0x04cef4cc,
    },
  ],
  [
    "data-even-key",
    {
      sequence: 0x23483cdf,
      boundary: BOUNDARY_SOLO,
      key: KEY_EVEN,
      message: 3,
      timestamp: 0x8a62,
      socketId: 0x287b6234,
    },
  ],
  [
    "data-odd-key",
    {
      sequence: 0x1e87b5ab,
      boundary: BOUNDARY_SOLO,
      key: KEY_ODD,
      message: 0xcb,
      timestamp: 0x1045e8,
      socketId: 0x193cfc60,
    },
  ],
];

const WORDS: readonly [second: string, Partial<DataHeader>][] = [
  ["00000000", { boundary: BOUNDARY_MIDDLE, key: KEY_NONE }],
  ["40000001", { boundary: BOUNDARY_LAST, message: 1 }],
  ["80000000", { boundary: BOUNDARY_FIRST }],
  ["c0000000", { boundary: BOUNDARY_SOLO }],
  ["20000000", { inOrder: true }],
  ["08000000", { key: KEY_EVEN }],
  ["10000000", { key: KEY_ODD }],
  ["04000000", { retransmitted: true }],
  ["03ffffff", { message: 0x3ffffff }],
];

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const headers = fc
  .record({
    sequence: fc.integer({ min: 0, max: 0x7fff_ffff }),
    boundary: fc.nat(3),
    inOrder: fc.boolean(),
    key: fc.nat(3),
    retransmitted: fc.boolean(),
    message: fc.integer({ min: 0, max: 0x3ff_ffff }),
    timestamp: u32,
    socketId: u32,
  })
  .map(header);

suite("data header", () => {
  for (const [file, fields] of SENT) {
    test(`reads and writes ${file}`, () => {
      const packet = corpusPacket(file);
      const read = new DataHeader();
      assert.equal(readDataHeader(packet, read), true);
      assert.deepEqual(read, header(fields));
      const written = new Uint8Array(HEADER_BYTES);
      writeDataHeader(written, read);
      assert.equal(hex(written), hex(packet, 0, HEADER_BYTES));
    });
  }

  for (const [second, fields] of WORDS) {
    test(`second word ${second}`, () => {
      const packet = fromHex(`7fffffff ${second} ffffffff 80000001`);
      const read = new DataHeader();
      assert.equal(readDataHeader(packet, read), true);
      const expected = header({
        sequence: 0x7fff_ffff,
        timestamp: 0xffff_ffff,
        socketId: 0x8000_0001,
        ...fields,
      });
      assert.deepEqual(read, expected);
      const written = new Uint8Array(HEADER_BYTES).fill(0xff);
      writeDataHeader(written, expected);
      assert.equal(hex(written), hex(packet));
    });
  }

  test("refuses control packets and short ones, and leaves the header as it was", () => {
    const before = header({ sequence: 5, message: 6, key: KEY_ODD });
    const into = header({ ...before });
    for (const packet of [
      corpusPacket("keepalive"),
      corpusPacket("data-clear").subarray(0, HEADER_BYTES - 1),
      new Uint8Array(0),
    ]) {
      assert.equal(readDataHeader(packet, into), false);
      assert.deepEqual(into, before);
    }
  });

  test("takes back what it wrote, at any place in memory", () => {
    fc.assert(
      fc.property(headers, fc.nat(255), (fields, surroundings) => {
        const packet = pooled(new Uint8Array(HEADER_BYTES), surroundings);
        writeDataHeader(packet, fields);
        const read = new DataHeader();
        assert.equal(readDataHeader(packet, read), true);
        assert.deepEqual(read, fields);
        assert.equal(isControl(packet), false);
      }),
      { numRuns: 300 },
    );
  });

  test("flags of a finished packet change without touching the rest", () => {
    fc.assert(
      fc.property(headers, fc.nat(3), u32, (fields, key, socketId) => {
        const packet = new Uint8Array(HEADER_BYTES + 4).fill(0xa5);
        writeDataHeader(packet, fields);
        setKeyFlag(packet, key);
        setDestination(packet, socketId);
        const read = new DataHeader();
        readDataHeader(packet, read);
        assert.deepEqual(read, header({ ...fields, key, socketId }));
        markRetransmitted(packet);
        markRetransmitted(packet);
        readDataHeader(packet, read);
        assert.deepEqual(read, header({ ...fields, key, socketId, retransmitted: true }));
        assert.equal(hex(packet, HEADER_BYTES), "a5a5a5a5");
      }),
      { numRuns: 300 },
    );
  });

  test("control packets are those with the first bit", () => {
    assert.equal(isControl(fromHex("80")), true);
    assert.equal(isControl(fromHex("ffff")), true);
    assert.equal(isControl(fromHex("7f")), false);
    assert.equal(isControl(new Uint8Array(0)), false);
  });
});
