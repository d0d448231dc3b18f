import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concat, fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { corpusPacket, pooled } from "./corpus.test-support.ts";
import { DropRequest, readDropRequest, serializeDropRequest } from "./drop-request.ts";
import { HEADER_BYTES } from "./header.ts";
import { readLossReport, serializeLossReport } from "./loss-report.ts";

type Range = readonly [low: number, high: number];

const HEADER = fromHex("80030000 00000000 00000000 00000000");
const TOP = 0x7fff_ffff;

function read(packet: Uint8Array): Range[] | undefined {
  const ranges: Range[] = [];
  const good = readLossReport(packet, (low, high) => ranges.push([low, high]));
  if (!good) assert.deepEqual(ranges, [], "visited something in a malformed report");
  return good ? ranges : undefined;
}

function write(ranges: readonly Range[], maxBytes: number): Uint8Array {
  return serializeLossReport(
    ranges.length,
    (i) => (ranges[i] as Range)[0],
    (i) => (ranges[i] as Range)[1],
    maxBytes,
  );
}

const LISTS: readonly [name: string, list: string, Range[] | undefined][] = [
  ["one", "00000005", [[5, 5]]],
  ["a range", "80000005 00000007", [[5, 7]]],
  ["a range of one", "80000005 00000005", [[5, 5]]],
  ["a range over the wrap", "fffffffe 00000001", [[TOP - 1, 1]]],
  [
    "mixed",
    "00000001 80000003 00000009 7fffffff",
    [
      [1, 1],
      [3, 9],
      [TOP, TOP],
    ],
  ],
  ["empty", "", undefined],
  ["no whole words", "00000005 0000", undefined],
  ["three bytes", "000005", undefined],
  ["a range without an end", "00000001 80000005", undefined],
  ["a range that ends in the start of one", "80000005 80000007", undefined],
  ["a range that runs backwards", "00000001 80000005 00000004", undefined],
  ["a range of half of all numbers", "80000000 40000000", undefined],
  ["a range of one number less", "80000000 3fffffff", [[0, 0x3fff_ffff]]],
];

suite("loss report", () => {
  test("reads what libsrt sends", () => {
    assert.deepEqual(read(corpusPacket("nak-one")), [[0x325ee609, 0x325ee609]]);
    const packet = corpusPacket("nak-range-and-one");
    const ranges: Range[] = [
      [0x66d4cecf, 0x66d4ced2],
      [0x66d4ceda, 0x66d4ceda],
    ];
    assert.deepEqual(read(packet), ranges);
    assert.equal(hex(write(ranges, 1456)), hex(packet, HEADER_BYTES));
  });

  for (const [name, list, ranges] of LISTS) {
    test(name, () => assert.deepEqual(read(pooled(concat([HEADER, fromHex(list)]), 0x55)), ranges));
  }

  test("writes as many ranges as there is room for, from the first on", () => {
    const ranges: Range[] = [
      [1, 1],
      [3, 5],
      [9, 9],
    ];
    const sizes = Array.from({ length: 20 }, (_, room) => write(ranges, room).length);
    assert.deepEqual(sizes, [0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 12, 12, 12, 12, 16, 16, 16, 16]);
    assert.equal(write([], 100).length, 0);
    assert.equal(write(ranges, -1).length, 0);
  });

  test("takes back what it wrote", () => {
    const ranges = fc.array(
      fc.tuple(fc.integer({ min: 0, max: TOP }), fc.oneof(fc.constant(0), fc.nat(300), fc.nat(0x3fff_ffff))),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(ranges, (starts) => {
        const given = starts.map(([low, more]): Range => [low, (low + more) & TOP]);
        assert.deepEqual(read(concat([HEADER, write(given, 8 * given.length)])), given);
      }),
      { numRuns: 300 },
    );
  });
});

suite("drop request", () => {
  test("reads and writes what libsrt sends", () => {
    const packet = corpusPacket("drop-request");
    const into = new DropRequest();
    assert.equal(readDropRequest(packet, into), true);
    assert.deepEqual({ ...into }, { first: 0x66d4cecf, last: 0x66d4ced2 });
    assert.equal(hex(serializeDropRequest(into.first, into.last)), hex(packet, HEADER_BYTES));
  });

  const BODIES: readonly [name: string, body: string, [first: number, last: number] | undefined][] = [
    ["one packet", "00000005 00000005", [5, 5]],
    ["over the wrap", "7fffffff 00000000", [TOP, 0]],
    ["more than it should have", "00000005 00000006 00000000", [5, 6]],
    ["too short", "00000005 000000", undefined],
    ["backwards", "00000005 00000004", undefined],
    ["no first number", "80000005 00000006", undefined],
    ["no last number", "00000005 80000006", undefined],
  ];
  for (const [name, body, range] of BODIES) {
    test(name, () => {
      const into = new DropRequest();
      assert.equal(readDropRequest(concat([HEADER, fromHex(body)]), into), range !== undefined);
      assert.deepEqual([into.first, into.last], range ?? [0, 0]);
    });
  }
});
