import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SendBuffer, type SendSlot } from "./send-buffer.ts";
import { SEQUENCE_16, SEQUENCE_31, type SequenceSpace } from "./sequence.ts";
import { spaceAndStart, startOf } from "./space.test-support.ts";

/** What the buffer holds, written down the simple way. */
interface Model {
  oldest: number;
  packets: { sequence: number; length: number; originUs: number; mark: number }[];
}

function claim(buffer: SendBuffer, length: number, originUs: number): SendSlot {
  const slot = buffer.claim();
  assert.ok(slot !== undefined);
  buffer.setLength(slot, length);
  slot.originUs = originUs;
  return slot;
}

function check(buffer: SendBuffer, model: Model, space: SequenceSpace): void {
  const { packets } = model;
  assert.equal(buffer.size, packets.length);
  assert.equal(buffer.oldest, model.oldest);
  assert.equal(buffer.next, space.add(model.oldest, packets.length));
  assert.equal(
    buffer.bytes,
    packets.reduce((sum, packet) => sum + packet.length, 0),
  );
  for (const packet of packets) {
    const slot = buffer.get(packet.sequence);
    assert.ok(slot !== undefined);
    assert.deepEqual(
      [slot.sequence, slot.length, slot.originUs, slot.bytes[0], slot.bytes.length],
      [packet.sequence, packet.length, packet.originUs, packet.mark, 8],
    );
  }
  assert.equal(buffer.get(space.add(model.oldest, -1)), undefined);
  assert.equal(buffer.get(buffer.next), undefined);
  const span = packets.length < 2 ? 0 : packets.at(-1)!.originUs - packets[0]!.originUs;
  assert.equal(buffer.spanUs(), span);
}

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("claim" as const), n: fc.integer({ min: 0, max: 8 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("release" as const), n: fc.integer({ min: -2, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("older" as const), n: fc.integer({ min: -3, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("restart" as const), n: fc.integer({ min: -9, max: 9 }) }),
  },
);

test("a send buffer is a queue of numbered packets", () => {
  const property = fc.property(
    spaceAndStart,
    fc.integer({ min: 1, max: 12 }),
    fc.array(operation, { minLength: 60, maxLength: 200 }),
    (where, maxPackets, operations) => {
      const { space } = where;
      const firstSequence = startOf(where);
      const buffer = new SendBuffer({ space, firstSequence, maxPackets, slotBytes: 8 });
      const model: Model = { oldest: firstSequence, packets: [] };
      let nowUs = 1000;
      for (const { do: what, n } of operations) {
        const { packets } = model;
        const drop = (count: number) => {
          packets.splice(0, count);
          model.oldest = space.add(model.oldest, count);
        };
        if (what === "claim") {
          const sequence = buffer.next;
          const slot = buffer.claim();
          assert.equal(slot === undefined, packets.length === maxPackets);
          if (slot === undefined) continue;
          nowUs += n;
          assert.deepEqual(
            [slot.length, slot.originUs, slot.lastSentUs, slot.sends, slot.tag],
            [0, 0, 0, 0, 0],
          );
          buffer.setLength(slot, 8 - n);
          buffer.setLength(slot, n);
          slot.originUs = nowUs;
          slot.sends = slot.tag = slot.lastSentUs = 7;
          slot.bytes[0] = nowUs & 0xff;
          packets.push({ sequence, length: n, originUs: nowUs, mark: nowUs & 0xff });
        } else if (what === "release") {
          const count = n > 0 && n <= packets.length ? n : 0;
          assert.equal(buffer.release(space.add(model.oldest, n)), count);
          drop(count);
        } else if (what === "older") {
          const limitUs = nowUs - 20;
          let count = packets.findIndex((packet) => packet.originUs >= limitUs);
          if (count < 0) count = packets.length;
          // Six bits have room for -32 to 31.
          const before = Math.min(n, 31);
          count = Math.max(0, Math.min(count, before));
          assert.equal(buffer.releaseOlder(limitUs, space.add(model.oldest, before)), count);
          drop(count);
        } else {
          const sequence = space.add(model.oldest, n);
          assert.equal(buffer.restartAt(sequence), packets.length === 0);
          if (packets.length === 0) model.oldest = sequence;
        }
        check(buffer, model, space);
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});

const ages: readonly { originUs: number; before: number; forgotten: number }[] = [
  { originUs: 100, before: 5, forgotten: 0 },
  { originUs: 101, before: 5, forgotten: 1 },
  { originUs: 301, before: 5, forgotten: 3 },
  { originUs: 301, before: 2, forgotten: 2 },
  { originUs: 301, before: 0, forgotten: 0 },
  { originUs: 301, before: -3, forgotten: 0 },
  { originUs: 9999, before: 5, forgotten: 5 },
  { originUs: 9999, before: 1000, forgotten: 5 },
];

for (const { originUs, before, forgotten } of ages) {
  test(`of five packets ${forgotten} are older than ${originUs} and among the first ${before}`, () => {
    const buffer = new SendBuffer({ space: SEQUENCE_16, firstSequence: 65_534, maxPackets: 5, slotBytes: 4 });
    for (let i = 1; i <= 5; i++) claim(buffer, 2, i * 100);
    assert.equal(buffer.releaseOlder(originUs, SEQUENCE_16.add(65_534, before)), forgotten);
    assert.equal(buffer.size, 5 - forgotten);
    assert.equal(buffer.bytes, 2 * (5 - forgotten));
    assert.equal(buffer.oldest, SEQUENCE_16.add(65_534, forgotten));
  });
}

test("growth keeps what is held, and the objects that hold it", () => {
  const buffer = new SendBuffer({
    space: SEQUENCE_31,
    firstSequence: 0x7fffffc0,
    maxPackets: 300,
    slotBytes: 4,
  });
  // The ring is turned before it grows.
  for (let i = 0; i < 40; i++) claim(buffer, 4, i);
  buffer.release(SEQUENCE_31.add(0x7fffffc0, 40));
  const slots: SendSlot[] = [];
  for (let i = 0; i < 300; i++) {
    const slot = claim(buffer, 4, i);
    slot.bytes.fill(i & 0xff);
    slots.push(slot);
  }
  assert.equal(buffer.claim(), undefined);
  assert.equal(buffer.bytes, 1200);
  assert.equal(new Set(slots).size, 300);
  slots.forEach((slot, i) => {
    assert.equal(slot.sequence, SEQUENCE_31.add(0x7fffffe8, i));
    assert.equal(buffer.get(slot.sequence), slot);
    assert.deepEqual([...slot.bytes], Array(4).fill(i & 0xff));
  });
});

test("slots are used again", () => {
  const buffer = new SendBuffer({ space: SEQUENCE_31, firstSequence: 0, maxPackets: 8192, slotBytes: 4 });
  const seen = new Set<SendSlot>();
  for (let i = 0; i < 1000; i++) {
    seen.add(claim(buffer, 1, i));
    if (i >= 50) buffer.release(i - 49);
  }
  assert.equal(buffer.size, 50);
  assert.equal(seen.size, 64);
});

test("as many packets as the space can tell apart", () => {
  const buffer = new SendBuffer({ space: SEQUENCE_16, firstSequence: 65_000, maxPackets: 1e6, slotBytes: 1 });
  assert.equal(buffer.maxPackets, 32_767);
  for (let i = 0; i < 32_767; i++) claim(buffer, 1, i);
  assert.equal(buffer.claim(), undefined);
  assert.equal(buffer.release(buffer.next), 32_767);
  assert.equal(buffer.bytes, 0);
});
