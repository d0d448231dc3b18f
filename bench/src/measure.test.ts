import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cpuSecondsOf,
  familyOf,
  median,
  parseCpuSeconds,
  parseResidentBytes,
  residentBytesOf,
} from "./measure.ts";

test("CPU time is read past a command name with spaces and brackets", () => {
  const stat = "12 (a (b) c) S 1 12 12 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 1 0 100 1000 10 0";
  assert.equal(parseCpuSeconds(stat), 3);
  const before = cpuSecondsOf(process.pid);
  let sum = 0;
  for (const until = performance.now() + 60; performance.now() < until; ) sum += Math.sqrt(sum + 1);
  assert.ok(cpuSecondsOf(process.pid) > before, `${sum}`);
});

test("resident memory is read in bytes", () => {
  assert.equal(parseResidentBytes("Name:\tVmRSS: 1 kB\nVmHWM:\t 9999 kB\nVmRSS:\t    2048 kB\n"), 2 << 20);
  assert.ok(residentBytesOf(process.pid) > 10 << 20);
});

test("a process is found among its own family, and its parent is not", () => {
  const family = familyOf(process.pid);
  assert.equal(family[0], process.pid);
  assert.ok(!family.includes(process.ppid));
  assert.ok(familyOf(process.ppid).includes(process.pid));
});

test("the median of an even number is the middle of the two", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});
