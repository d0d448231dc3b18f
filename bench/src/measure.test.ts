import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cpuSecondsOf,
  familyOf,
  fineCpuSecondsOf,
  machineCpuSeconds,
  median,
  parseCpuSeconds,
  parseDrops,
  parseMachineCpuSeconds,
  parseResidentBytes,
  parseUnreadBytes,
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

test("fine CPU time grows with work, and agrees with the coarse one", () => {
  const before = fineCpuSecondsOf(process.pid);
  let sum = 0;
  for (const until = performance.now() + 60; performance.now() < until; ) sum += Math.sqrt(sum + 1);
  const after = fineCpuSecondsOf(process.pid);
  assert.ok(after > before, `${sum}`);
  // The coarse one knows threads that have ended, and counts in hundredths.
  assert.ok(after <= cpuSecondsOf(process.pid) + 0.03);
});

test("the machine's CPU time is all that is not idle", () => {
  const stat = "cpu  100 20 30 5000 600 7 8 35 4 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
  assert.equal(parseMachineCpuSeconds(stat), 2);
  assert.ok(machineCpuSeconds() > 0);
});

test("datagrams without room are counted for the local port, on all its sockets", () => {
  const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  173: 0100007F:2328 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2 2 0 17
  174: 0100007F:2328 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 3 2 0 5
  175: 0100007F:0328 0100007F:2328 07 00000000:00000000 00:00000000 00000000     0        0 3 2 0 400
`;
  assert.equal(parseDrops(table, 9000), 22);
  assert.equal(parseDrops(table, 0x328), 400);
  assert.equal(parseDrops(table, 9001), 0);
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

test("what lies unread is that of the fullest socket on the port", () => {
  const rest = "00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1";
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    `   0: 0100007F:078F 0100007F:1234 01 00000010:00000A00 ${rest}`,
    `   1: 0100007F:078F 0100007F:1235 01 00000000:00001000 ${rest}`,
    `   2: 0100007F:1234 0100007F:078F 01 00000000:0000FFFF ${rest}`,
  ].join("\n");
  assert.equal(parseUnreadBytes(table, 1935), 0x1000);
  assert.equal(parseUnreadBytes(table, 1936), 0);
});
