import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Pacer } from "./pacer.ts";

/** Sends whenever the pacer lets it, woken up `lateUs(i)` after each time it asks for. Returns bytes sent and time. */
function run(pacer: Pacer, startUs: number, sizes: readonly number[], lateUs: (i: number) => number) {
  let nowUs = startUs;
  let bytes = 0;
  for (const [i, size] of sizes.entries()) {
    if (!pacer.ready(nowUs)) nowUs = pacer.readyUs + lateUs(i);
    assert.ok(pacer.ready(nowUs));
    pacer.onSend(size, nowUs);
    bytes += size;
  }
  return { bytes, nowUs };
}

test("the rate over a long time is exact within a packet, however late the wake-ups", () => {
  const property = fc.property(
    fc.integer({ min: 50_000, max: 100_000_000 }),
    fc.array(fc.integer({ min: 100, max: 1500 }), { minLength: 200, maxLength: 600 }),
    fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 1, maxLength: 20 }),
    fc.integer({ min: 0, max: 2 ** 46 }),
    (bytesPerSecond, sizes, late, startUs) => {
      const pacer = new Pacer({ bytesPerSecond });
      pacer.reset(startUs);
      const { bytes, nowUs } = run(pacer, startUs, sizes, (i) => late[i % late.length]!);
      const dueUs = startUs + (bytes * 1e6) / bytesPerSecond;
      // Double precision at 2^46 µs leaves 1/128 µs per packet.
      assert.ok(Math.abs(pacer.readyUs - dueUs) < sizes.length / 64);
      // At no time was more sent than the rate allows, but for the packet that left.
      assert.ok(
        bytes - sizes.at(-1)! <= ((nowUs - startUs) * bytesPerSecond) / 1e6 + bytesPerSecond / 1e6 + 1500,
      );
    },
  );
  fc.assert(property, { numRuns: 100 });
});

test("a wake-up later than that is made up for by 10 ms only", () => {
  const pacer = new Pacer({ bytesPerSecond: 1_000_000 });
  pacer.reset(0);
  pacer.onSend(1000, 0);
  assert.equal(pacer.readyUs, 1000);
  let sent = 0;
  for (; pacer.ready(500_000); sent++) pacer.onSend(1000, 500_000);
  assert.equal(sent, 11);
  assert.equal(pacer.readyUs, 501_000);
});

test("without catching up, nothing is made up for", () => {
  const pacer = new Pacer({ bytesPerSecond: 1_000_000, maxCatchUpUs: 0 });
  pacer.onSend(1000, 3000);
  assert.equal(pacer.readyUs, 4000);
  assert.equal(pacer.ready(3999), false);
  pacer.onSend(1000, 4500);
  assert.equal(pacer.readyUs, 5500);
});

test("no limit, and limits that come and go", () => {
  const pacer = new Pacer();
  for (let i = 0; i < 100; i++) {
    assert.ok(pacer.ready(5000));
    pacer.onSend(1500, 5000);
  }
  pacer.bytesPerSecond = 1_000_000;
  assert.ok(pacer.ready(5000));
  pacer.onSend(1000, 5000);
  assert.equal(pacer.ready(5999), false);
  pacer.bytesPerSecond = 0;
  assert.ok(pacer.ready(5001));
  pacer.onSend(1000, 5001);
  assert.equal(pacer.readyUs, 5001);
});

test("reset lets the next packet go, and makes up for nothing", () => {
  const pacer = new Pacer({ bytesPerSecond: 1000 });
  pacer.onSend(1000, 0);
  pacer.reset(50_000);
  assert.ok(pacer.ready(50_000));
  pacer.onSend(100, 50_000);
  assert.equal(pacer.readyUs, 150_000);
});
