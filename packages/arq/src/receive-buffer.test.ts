import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DUPLICATE, INSERTED, LATE, NO_ROOM, ReceiveBuffer, type ReceiveSlot } from "./receive-buffer.ts";
import { SEQUENCE_16, SEQUENCE_31, type SequenceSpace } from "./sequence.ts";
import { spaceAndStart, startOf } from "./space.test-support.ts";

/** Numbers without end: `base` is the count of numbers passed, keys of `held` count alike. */
interface Model {
  base: number;
  readonly held: Map<number, { length: number; dueUs: number }>;
}

interface Rig {
  readonly space: SequenceSpace;
  readonly buffer: ReceiveBuffer;
  readonly model: Model;
  readonly maxPackets: number;
  /** The sequence number of place `at`. */
  readonly sequence: (at: number) => number;
}

function ends({ base, held }: Model): { gap: number; first: number; last: number } {
  let gap = base;
  while (held.has(gap)) gap++;
  return { gap, first: Math.min(...held.keys()), last: Math.max(...held.keys()) };
}

function checkSlot(slot: ReceiveSlot | undefined, rig: Rig, at: number): void {
  const packet = rig.model.held.get(at);
  assert.ok(slot !== undefined && packet !== undefined);
  assert.deepEqual(
    [slot.sequence, slot.length, slot.dueUs, slot.held, slot.bytes[0]],
    [rig.sequence(at), packet.length, packet.dueUs, true, at & 0xff],
  );
}

function check(rig: Rig): void {
  const { buffer, model, sequence } = rig;
  const { gap, first, last } = ends(model);
  const end = model.held.size === 0 ? model.base : last + 1;
  assert.equal(buffer.base, sequence(model.base));
  assert.equal(buffer.end, sequence(end));
  assert.equal(buffer.size, model.held.size);
  assert.equal(
    buffer.bytes,
    [...model.held.values()].reduce((sum, { length }) => sum + length, 0),
  );
  assert.equal(buffer.room(), rig.maxPackets - (end - model.base));
  assert.equal(buffer.firstGap(), sequence(gap));
  for (let at = model.base - 1; at <= end; at++) {
    if (model.held.has(at)) checkSlot(buffer.get(sequence(at)), rig, at);
    else assert.equal(buffer.get(sequence(at)), undefined);
  }
  if (model.held.size === 0) {
    assert.equal(buffer.firstHeld(), undefined);
    assert.equal(buffer.spanUs(), 0);
  } else {
    checkSlot(buffer.firstHeld(), rig, first);
    assert.equal(buffer.spanUs(), model.held.get(last)!.dueUs - model.held.get(first)!.dueUs);
  }
}

function insert(rig: Rig, at: number): void {
  const { buffer, model, maxPackets } = rig;
  const code = buffer.insert(rig.sequence(at));
  if (at < model.base) assert.equal(code, LATE);
  else if (at >= model.base + maxPackets) assert.equal(code, NO_ROOM);
  else if (model.held.has(at)) assert.equal(code, DUPLICATE);
  else {
    assert.equal(code, INSERTED);
    const slot = buffer.last;
    assert.deepEqual([slot.length, slot.dueUs, slot.tag, slot.tag2], [0, 0, 0, 0]);
    buffer.setLength(slot, 9);
    buffer.setLength(slot, 1 + (at % 5));
    slot.dueUs = at * 100;
    slot.tag = slot.tag2 = 1;
    slot.bytes[0] = at & 0xff;
    model.held.set(at, { length: slot.length, dueUs: slot.dueUs });
  }
}

function take(rig: Rig): void {
  const { buffer, model } = rig;
  const slot = buffer.take();
  const packet = model.held.get(model.base);
  assert.equal(slot === undefined, packet === undefined);
  if (slot === undefined || packet === undefined) return;
  assert.deepEqual(
    [slot.sequence, slot.length, slot.held, slot.bytes[0]],
    [rig.sequence(model.base), packet.length, false, model.base & 0xff],
  );
  model.held.delete(model.base++);
}

function skip(rig: Rig, by: number): void {
  const { buffer, model } = rig;
  let held = 0;
  for (let i = 0; i < by; i++) if (model.held.delete(model.base + i)) held++;
  const missing = buffer.skipTo(rig.sequence(model.base + by));
  assert.equal(missing, Math.max(0, by) - held);
  assert.equal(buffer.skippedHeld, held);
  model.base += Math.max(0, by);
}

function makeRig(where: { space: SequenceSpace; back: number }, maxPackets: number): Rig {
  const { space } = where;
  const firstSequence = startOf(where);
  const buffer = new ReceiveBuffer({ space, firstSequence, maxPackets, slotBytes: 10 });
  const sequence = (at: number) => space.add(firstSequence, at);
  return { space, buffer, model: { base: 0, held: new Map() }, maxPackets, sequence };
}

type Operation = readonly ["insert" | "take" | "skip", number];

function run(rig: Rig, operations: readonly Operation[], looksEvery: number): void {
  operations.forEach(([what, n], i) => {
    if (what === "insert") insert(rig, rig.model.base + n);
    else if (what === "take") for (let k = 0; k < n; k++) take(rig);
    else skip(rig, n);
    // Not after every step: the answers are remembered in between, and that has to be put to the test.
    if (i % looksEvery === 0) check(rig);
  });
  check(rig);
}

function operations(reach: number, maxSkip: number): fc.Arbitrary<Operation[]> {
  const one = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant("insert" as const), fc.integer({ min: -4, max: reach })) },
    { weight: 3, arbitrary: fc.tuple(fc.constant("take" as const), fc.integer({ min: 1, max: 5 })) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("skip" as const), fc.integer({ min: -4, max: maxSkip })) },
  );
  return fc.array(one, { minLength: 40, maxLength: 200 });
}

test("a receive buffer is a map of numbers to packets with a moving base", () => {
  const property = fc.property(
    spaceAndStart,
    fc.integer({ min: 1, max: 31 }),
    operations(31, 31),
    fc.integer({ min: 1, max: 9 }),
    (where, maxPackets, steps, looksEvery) => run(makeRig(where, maxPackets), steps, looksEvery),
  );
  fc.assert(property, { numRuns: 300 });
});

test("so it is when the index grows, and gaps are wide", () => {
  const property = fc.property(
    fc.record({ space: fc.constantFrom(SEQUENCE_16, SEQUENCE_31), back: fc.integer({ min: 0, max: 600 }) }),
    operations(600, 300),
    fc.integer({ min: 1, max: 9 }),
    (where, steps, looksEvery) => run(makeRig(where, 500), steps, looksEvery),
  );
  fc.assert(property, { numRuns: 60 });
});

test("what was taken stays readable until the next packet is inserted", () => {
  const buffer = new ReceiveBuffer({ space: SEQUENCE_31, firstSequence: 10, maxPackets: 64, slotBytes: 4 });
  for (const sequence of [10, 11, 12]) {
    assert.equal(buffer.insert(sequence), INSERTED);
    buffer.last.bytes.fill(sequence);
  }
  const taken = [buffer.take()!, buffer.take()!, buffer.take()!];
  assert.equal(buffer.take(), undefined);
  assert.equal(buffer.insert(5), LATE);
  for (const [i, slot] of taken.entries()) assert.deepEqual([...slot.bytes], Array(4).fill(10 + i));
});

test("memory follows the packets held, not their numbers", () => {
  const buffer = new ReceiveBuffer({ space: SEQUENCE_31, firstSequence: 0, maxPackets: 8192, slotBytes: 4 });
  const seen = new Set<ReceiveSlot>();
  for (let i = 0; i < 5000; i++) {
    assert.equal(buffer.insert(i), INSERTED);
    seen.add(buffer.last);
    if (i >= 40) assert.equal(buffer.take()?.sequence, i - 40);
  }
  assert.equal(buffer.insert(13_000), INSERTED);
  seen.add(buffer.last);
  assert.equal(buffer.size, 41);
  assert.equal(buffer.room(), 8192 - (13_001 - 4960));
  assert.ok(seen.size <= 64);
});

test("as many packets as the space can tell apart", () => {
  const buffer = new ReceiveBuffer({
    space: SEQUENCE_16,
    firstSequence: 60_000,
    maxPackets: 1e6,
    slotBytes: 1,
  });
  assert.equal(buffer.maxPackets, 32_767);
  for (let i = 0; i < 32_767; i++) assert.equal(buffer.insert(SEQUENCE_16.add(60_000, i)), INSERTED);
  assert.equal(buffer.insert(buffer.end), NO_ROOM);
  assert.equal(buffer.firstGap(), buffer.end);
  assert.equal(buffer.room(), 0);
  assert.equal(buffer.skipTo(buffer.end), 0);
  assert.equal(buffer.skippedHeld, 32_767);
  assert.equal(buffer.size, 0);
});
