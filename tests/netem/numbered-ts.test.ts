import assert from "node:assert/strict";
import { test } from "node:test";
import { continuityErrors } from "../e2e/kit/ts-check.ts";
import { ArrivalCounter, NumberedTs } from "./kit/numbered-ts.ts";

function datagrams(count: number): Buffer[] {
  const stream = new NumberedTs(7_000_000);
  return Array.from({ length: count }, () => stream.nextDatagram());
}

test("a numbered stream is whole packets at a constant rate", () => {
  const stream = new NumberedTs(7_000_000);
  const bytes = Buffer.concat(Array.from({ length: 1000 }, () => stream.nextDatagram()));
  assert.deepEqual(continuityErrors(bytes), []);
  assert.ok(Math.abs(stream.bitsPerSecond / 7_000_000 - 1) < 0.01);
  assert.ok(Math.abs(stream.datagramMs - (1316 * 8000) / 7_000_000) < 0.02);
});

test("a counter finds what is missing, doubled and out of order", () => {
  const all = datagrams(100);
  const counter = new ArrivalCounter();
  const order = [
    ...Array(10).keys(),
    12,
    11,
    13,
    13,
    ...Array(80)
      .keys()
      .map((i) => i + 20),
  ];
  for (const i of order) counter.push(all[i] as Buffer);
  const { packets, unique, duplicates, reordered, first, last, missing, broken } = counter.report();
  assert.deepEqual([packets, unique, duplicates, reordered], [94 * 7, 93 * 7, 7, 7]);
  assert.deepEqual([first, last, broken], [0, 699, 0]);
  assert.deepEqual(missing, [
    [70, 76],
    [98, 139],
  ]);
  assert.equal(counter.missingBetween(0, 700), 49);
  assert.equal(counter.missingBetween(72, 100), 7);
  assert.equal(counter.missingBetween(690, 710), 10);
});

test("a counter takes nothing for a packet that is none", () => {
  const counter = new ArrivalCounter();
  counter.push(Buffer.alloc(188, 0x47));
  counter.push(Buffer.alloc(376));
  counter.push((datagrams(1)[0] as Buffer).subarray(0, 200));
  const { unique, broken } = counter.report();
  assert.deepEqual([unique, broken], [1, 4]);
});
