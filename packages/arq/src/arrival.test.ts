import assert from "node:assert/strict";
import { test } from "node:test";
import { ArrivalRate, LinkCapacity } from "./arrival.ts";
import { SEQUENCE_16 } from "./sequence.ts";

test("an even stream has its rate from the 17th packet on", () => {
  const rate = new ArrivalRate();
  for (let i = 0; i < 16; i++) {
    rate.onPacket(1360, 5000 + i * 800);
    assert.equal(rate.packetsPerSecond(), 0);
    assert.equal(rate.bytesPerSecond(), 0);
  }
  rate.onPacket(1360, 5000 + 16 * 800);
  assert.equal(rate.packetsPerSecond(), 1250);
  assert.equal(rate.bytesPerSecond(), 1_700_000);
});

test("pauses and pairs do not count", () => {
  const rate = new ArrivalRate();
  let nowUs = 0;
  for (let i = 0; i < 17; i++) {
    nowUs += i % 8 === 0 ? 1_000_000 : i % 8 === 1 ? 10 : 1000;
    rate.onPacket(1000, nowUs);
  }
  assert.equal(rate.packetsPerSecond(), 1000);
  assert.equal(rate.bytesPerSecond(), 1_000_000);
});

test("the time may begin at 0", () => {
  const rate = new ArrivalRate();
  for (let i = 0; i < 17; i++) rate.onPacket(1000, i * 1000);
  assert.equal(rate.packetsPerSecond(), 1000);
});

test("it takes more than half of the intervals", () => {
  const rate = new ArrivalRate();
  rate.onPacket(1000, 0);
  let nowUs = 0;
  // Eight short ones and eight long ones: the median is a long one, the short ones do not count.
  for (let i = 0; i < 16; i++) rate.onPacket(1000, (nowUs += i % 2 === 0 ? 10 : 1000));
  assert.equal(rate.packetsPerSecond(), 0);
  rate.onPacket(1000, (nowUs += 1000));
  assert.equal(rate.packetsPerSecond(), 1000);
});

test("it cannot say when intervals have nothing in common, or packets are read together", () => {
  const wild = new ArrivalRate();
  let nowUs = 0;
  for (let i = 0; i < 40; i++) wild.onPacket(1000, (nowUs += 20 ** (i % 4)));
  assert.equal(wild.packetsPerSecond(), 0);
  const together = new ArrivalRate();
  for (let i = 0; i < 40; i++) together.onPacket(1000, Math.floor(i / 10) * 10_000);
  assert.equal(together.packetsPerSecond(), 0);
  assert.equal(together.bytesPerSecond(), 0);
});

/** Sixty-four pairs, `apartUs` apart. */
function probe(link: LinkCapacity, apartUs: number, bytes = 1456): void {
  for (let i = 0; i < 64; i++) {
    link.onFirst(i * 16, i * 50_000);
    link.onSecond(i * 16 + 1, bytes, i * 50_000 + apartUs);
  }
}

test("the capacity is 1000 packets a second until it was measured", () => {
  const link = new LinkCapacity();
  assert.equal(link.packetsPerSecond(), 1000);
  for (let i = 0; i < 20; i++) {
    link.onFirst(i * 16, i * 50_000);
    link.onSecond(i * 16 + 1, 1456, i * 50_000 + 10);
  }
  assert.equal(link.packetsPerSecond(), 1000);
});

test("the capacity by pairs, scaled to full packets", () => {
  const full = new LinkCapacity();
  probe(full, 125);
  assert.equal(full.packetsPerSecond(), 8000);
  const small = new LinkCapacity();
  probe(small, 50, 364);
  assert.equal(small.packetsPerSecond(), 5000);
  const other = new LinkCapacity({ fullBytes: 728 });
  probe(other, 50, 364);
  assert.equal(other.packetsPerSecond(), 10_000);
});

const worthless: readonly { name: string; feed: (link: LinkCapacity) => void }[] = [
  { name: "a second without a first", feed: (link) => link.onSecond(17, 1456, 9_000_000) },
  {
    name: "the second of another pair",
    feed: (link) => {
      link.onFirst(16, 0);
      link.onSecond(33, 1456, 3);
    },
  },
  {
    name: "a first that came twice",
    feed: (link) => {
      link.onFirst(16, 0);
      link.onFirst(16, 10);
      link.onSecond(17, 1456, 12);
    },
  },
  {
    name: "two that were read together",
    feed: (link) => {
      link.onFirst(16, 5);
      link.onSecond(17, 1456, 5);
    },
  },
  {
    name: "a second without a payload",
    feed: (link) => {
      link.onFirst(16, 5);
      link.onSecond(17, 0, 6);
    },
  },
];

for (const { name, feed } of worthless) {
  test(`says nothing of the link: ${name}`, () => {
    const link = new LinkCapacity();
    for (let i = 0; i < 64; i++) feed(link);
    assert.equal(link.packetsPerSecond(), 1000);
  });
}

test("a pair across the wrap", () => {
  const link = new LinkCapacity({ space: SEQUENCE_16 });
  for (let i = 0; i < 64; i++) {
    link.onFirst(65_535, i * 1e6);
    link.onSecond(0, 1456, i * 1e6 + 200);
  }
  assert.equal(link.packetsPerSecond(), 5000);
});
