import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CELLS, type Cell } from "./cells.ts";
import { burstChances } from "./kit/impairment.ts";
import { wordsOf } from "./kit/wire.ts";
import type { Measured, Pair } from "./measure.ts";
import { judge, tableOf } from "./report.ts";

const cell = (name: string): Cell => CELLS.find((each) => each.name === name) as Cell;
const OURS: Pair = { sender: "millrace", receiver: "libsrt" };
const THEIRS: Pair = { sender: "libsrt", receiver: "libsrt" };

function measured(name: string, pair: Pair, changes: Partial<Measured> = {}): Measured {
  return {
    cell: cell(name),
    pair,
    sent: 10_000,
    dropped: 0,
    recovered: 500,
    duplicates: 0,
    reordered: 0,
    overhead: 0.1,
    controlOverhead: 0.01,
    again: 0.06,
    machineDrops: 0,
    lateMs: 3,
    ...changes,
  };
}

describe("what is measured is judged", () => {
  const CASES: readonly { name: string; all: readonly Measured[]; failures: readonly RegExp[] }[] = [
    { name: "all well", all: [measured("5x100", THEIRS), measured("5x100", OURS)], failures: [] },
    {
      name: "dropped at 10 %",
      all: [measured("10x20", OURS, { dropped: 1 })],
      failures: [/10 % loss.* 1 dropped/],
    },
    { name: "dropped at 20 %", all: [measured("20x20", OURS, { dropped: 9 })], failures: [] },
    {
      name: "as bad as libsrt",
      all: [measured("20x20", THEIRS, { dropped: 100 }), measured("20x20", OURS, { dropped: 130 })],
      failures: [],
    },
    {
      name: "worse than libsrt",
      all: [measured("20x20", THEIRS, { dropped: 100 }), measured("20x20", OURS, { dropped: 200 })],
      failures: [/200 dropped, by libsrt on both sides 100/],
    },
    {
      name: "a run dropped",
      all: [measured("burst", THEIRS), measured("burst", OURS, { dropped: 20 })],
      failures: [],
    },
    {
      name: "many runs dropped",
      all: [measured("burst", THEIRS), measured("burst", OURS, { dropped: 80 })],
      failures: [/80 dropped, by libsrt on both sides 0/],
    },
    { name: "libsrt alone", all: [measured("1x20", THEIRS, { dropped: 3 })], failures: [] },
    {
      name: "doubled",
      all: [measured("duplicate", OURS, { duplicates: 2 })],
      failures: [/2 doubled, 0 out of order/],
    },
    {
      name: "a busy machine",
      all: [measured("1x20", OURS, { machineDrops: 4 })],
      failures: [/machine itself lost 4/],
    },
  ];
  for (const { name, all, failures } of CASES) {
    test(name, () => {
      const found = judge(all);
      assert.equal(found.length, failures.length, found.join("\n"));
      for (const [i, pattern] of failures.entries()) assert.match(found[i] as string, pattern);
    });
  }
});

test("the table has a line for each", () => {
  const lines = tableOf([measured("5x100", OURS, { dropped: 5 })]).split("\n");
  assert.equal(lines.length, 3);
  assert.equal(
    lines[2],
    "| 5 % loss | 100 | 400 | millrace → libsrt | 99.950 | 500 | 5 | 0 | 0 | 6.0 | 10.0 | 1.00 |",
  );
});

test("every cell has a name of its own", () => {
  assert.equal(new Set(CELLS.map(({ name }) => name)).size, CELLS.length);
});

test("what a network does is said in the wire's words", () => {
  assert.equal(wordsOf({}), "clear");
  assert.equal(
    wordsOf({
      delayMs: 10,
      jitterMs: 5,
      lossPercent: 1,
      duplicatePercent: 2,
      reorderPercent: 3,
      bitsPerSecond: 1e6,
    }),
    "clear delay 10 jitter 5 loss 1 duplicate 2 reorder 3 5 rate 1000000 200",
  );
  assert.equal(wordsOf({ jitterMs: 5, jitterReorders: true }), "clear loose-jitter 5");
  assert.equal(wordsOf({ burst: { lossPercent: 50, packets: 4 } }), "clear burst 25 25");
  assert.deepEqual(burstChances({ lossPercent: 20, packets: 1 }), { worsePercent: 25, betterPercent: 100 });
  assert.throws(() => burstChances({ lossPercent: 100, packets: 3 }));
});
