import assert from "node:assert/strict";
import { test } from "node:test";
import { decimal, formatTable } from "../table.ts";
import { summarize } from "./fanout.ts";
import type { Sample } from "./sink.ts";

function sample(cpuSeconds: number, changes: Partial<Sample> = {}): Sample {
  const seen = {
    readers: 50,
    seconds: 10,
    bytes: 5e8,
    leastBytes: 1e7,
    mostBytes: 1e7,
    badSyncs: 0,
    stalls: 0,
  };
  return { ...seen, longestGapMs: 40, closed: 0, cpuSeconds, residentBytes: 2e8, ...changes };
}

test("rows are medians over the repeats, faults are sums and worst cases", () => {
  const samples = new Map([
    [
      "millrace",
      [sample(0.3, { stalls: 2 }), sample(9, { longestGapMs: 900, leastBytes: 5e6 }), sample(0.25)],
    ],
    ["c loop", [sample(0.2), sample(0.2), sample(0.1)]],
  ] as const);
  const [millrace, loop] = summarize(50, samples);
  assert.equal(millrace?.cpuPerGb, 0.6);
  assert.ok(Math.abs((millrace?.ratio ?? 0) - 1.5) < 1e-9);
  assert.equal(millrace?.stalls, 2);
  assert.equal(millrace?.longestGapMs, 900);
  assert.equal(millrace?.leastShare, 0.5);
  assert.deepEqual([millrace?.ratioSpread.median, millrace?.ratioSpread.most], [2.5, 45]);
  assert.equal(loop?.ratio, 1);
  assert.equal(loop?.load, 0.02);
});

test("without the C loop there is no ratio", () => {
  const [row] = summarize(50, new Map([["nginx", [sample(1)]]]));
  assert.ok(row !== undefined && Number.isNaN(row.ratio));
  assert.equal(decimal(row.ratio, 2), "-");
});

test("columns of a table line up", () => {
  assert.equal(
    formatTable(
      ["a", "bb"],
      [
        ["long", "1"],
        ["x", "200"],
      ],
    ),
    "a      bb\n----  ---\nlong    1\nx     200",
  );
});

test("a viewer's memory is what there is more than without any, of Millrace only", () => {
  const samples = new Map([
    ["millrace", [sample(1, { residentBytes: 201e6 })]],
    ["c loop", [sample(1)]],
  ] as const);
  const [millrace, loop] = summarize(50, samples, 200e6);
  assert.equal(millrace?.viewerKb.median, 20);
  assert.ok(Number.isNaN(loop?.viewerKb.median));
});
