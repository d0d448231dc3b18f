import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RtpPacket, serializeRtp } from "./packet.ts";
import { ReorderBuffer, type ReorderOptions } from "./reorder.ts";

const MS = 1e6;

/** A buffer that writes down what comes out: numbers, "gap N", "restart". */
function record(options: Partial<ReorderOptions> = {}) {
  const out: (number | string)[] = [];
  const buffer = new ReorderBuffer(
    { depth: 8, maxDelayNs: 50 * MS, ...options },
    {
      packet: (packet) => {
        // The payload tells whether the right bytes come with the number.
        assert.equal(packet.payload[0], packet.sequence & 0xff);
        out.push(packet.sequence);
      },
      gap: (lost) => out.push(`gap ${lost}`),
      restart: () => out.push("restart"),
    },
  );
  const view = new RtpPacket();
  const push = (sequence: number, ms = 0, ssrc = 1) => {
    const payload = Uint8Array.of(sequence & 0xff);
    const bytes = serializeRtp({ payloadType: 33, sequence, timestamp: 0, ssrc, payload });
    view.parse(bytes, 0, bytes.length);
    buffer.push(view, ms * MS);
    bytes.fill(0);
  };
  return { out, buffer, push };
}

const cases: readonly {
  name: string;
  sequences: readonly number[];
  out: readonly (number | string)[];
  counters?: Partial<ReorderBuffer["counters"]>;
}[] = [
  { name: "in order over the wrap", sequences: [65_534, 65_535, 0, 1], out: [65_534, 65_535, 0, 1] },
  {
    name: "two swapped",
    sequences: [1, 3, 2, 4],
    out: [1, 2, 3, 4],
    counters: { reordered: 1, lost: 0 },
  },
  {
    name: "one far behind",
    sequences: [1, 3, 4, 5, 2, 6],
    out: [1, 2, 3, 4, 5, 6],
    counters: { reordered: 1 },
  },
  {
    name: "duplicates of delivered and of waiting packets",
    sequences: [1, 2, 2, 4, 4, 3, 1],
    out: [1, 2, 3, 4],
    counters: { duplicate: 3, late: 0 },
  },
  {
    name: "more waiting than there is room for",
    sequences: [1, 3, 4, 5, 6, 7, 8, 9, 10],
    out: [1, "gap 1", 3, 4, 5, 6, 7, 8, 9, 10],
    counters: { lost: 1 },
  },
  {
    name: "a jump past all slots",
    sequences: [1, 2, 100],
    out: [1, 2, "gap 90"],
    counters: { lost: 90 },
  },
  {
    name: "a late packet after it was given up on",
    sequences: [1, 3, 4, 5, 6, 7, 8, 9, 10, 2],
    out: [1, "gap 1", 3, 4, 5, 6, 7, 8, 9, 10],
    counters: { lost: 1, late: 1 },
  },
  {
    name: "a stray packet far off",
    sequences: [1, 2, 30_000, 3, 4],
    out: [1, 2, 3, 4],
    counters: { stray: 1, sequenceRestarts: 0 },
  },
  {
    name: "the sender numbering anew",
    sequences: [1, 2, 30_000, 30_001, 30_002],
    out: [1, 2, "restart", 30_000, 30_001, 30_002],
    counters: { sequenceRestarts: 1, lost: 0, delivered: 5, received: 5 },
  },
  {
    name: "the sender numbering anew over a path that swaps packets",
    sequences: [1, 2, 30_001, 30_000, 30_003, 30_002],
    out: [1, 2, "restart", 30_000, 30_001, 30_002, 30_003],
    counters: { sequenceRestarts: 1, received: 6, delivered: 6, stray: 0 },
  },
];
for (const { name, sequences, out, counters } of cases) {
  test(`reorder: ${name}`, () => {
    const recorder = record();
    for (const sequence of sequences) recorder.push(sequence);
    assert.deepEqual(recorder.out, out);
    for (const [key, value] of Object.entries(counters ?? {})) {
      assert.equal(recorder.buffer.counters[key as keyof ReorderBuffer["counters"]], value, key);
    }
  });
}

test("a hole is given up on when its time is over", () => {
  const { out, buffer, push } = record();
  assert.equal(buffer.deadlineNs, Number.POSITIVE_INFINITY);
  push(1, 0);
  push(3, 10);
  push(5, 40);
  assert.equal(buffer.deadlineNs, 60 * MS);
  buffer.poll(59 * MS);
  assert.deepEqual(out, [1]);
  buffer.poll(60 * MS);
  assert.deepEqual(out, [1, "gap 1", 3]);
  assert.equal(buffer.deadlineNs, 90 * MS);
  push(6, 95);
  assert.deepEqual(out, [1, "gap 1", 3, "gap 1", 5, 6]);
  assert.equal(buffer.waiting, 0);
});

test("without delay every gap counts at once", () => {
  const { out, push, buffer } = record({ maxDelayNs: 0 });
  for (const sequence of [1, 3, 2, 4]) push(sequence);
  assert.deepEqual(out, [1, "gap 1", 3, 4]);
  assert.equal(buffer.counters.late, 1);
});

test("another source takes over after two packets in a row, and loses none", () => {
  const { out, push, buffer } = record();
  push(1);
  push(3);
  push(500, 1, 2);
  push(2, 1);
  push(501, 2, 2);
  push(502, 2, 2);
  assert.deepEqual(out, [1, 2, 3, "restart", 501, 502]);
  assert.equal(buffer.counters.sourceChanges, 1);
  assert.equal(buffer.counters.stray, 1);
});

test("a restart a little further back is noticed after a run of old packets", () => {
  const { out, push } = record();
  for (let i = 1000; i < 1200; i++) push(i);
  out.length = 0;
  for (let i = 900; i < 1100; i++) push(i);
  assert.equal(out[0], "restart");
  assert.equal(out[1], 900 + 64);
  assert.equal(out.at(-1), 1099);
});

test("whatever order, loss and duplication: the output ascends and every packet is accounted for", () => {
  const step = fc.record({
    move: fc.integer({ min: -12, max: 12 }),
    ms: fc.integer({ min: 0, max: 30 }),
    ssrc: fc.constantFrom(1, 1, 1, 1, 1, 1, 2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 0, max: 65_535 }), (steps, first) => {
      const { out, push, buffer } = record();
      let now = 0;
      steps.forEach(({ move, ms, ssrc }, i) => {
        now += ms;
        push((first + i + move) & 0xffff, now, ssrc);
      });
      const held = buffer.waiting;
      const { received, delivered, late, duplicate, stray } = buffer.counters;
      const onTrial = received - (delivered + late + duplicate + stray + held);
      assert.ok(onTrial === 0 || onTrial === 1, `${onTrial} packets unaccounted for`);
      buffer.flush();
      assert.equal(buffer.waiting, 0);
      let expected: number | undefined;
      for (const item of out) {
        if (item === "restart") expected = undefined;
        else if (typeof item === "string") expected = ((expected as number) + Number(item.slice(4))) & 0xffff;
        else {
          if (expected !== undefined) assert.equal(item, expected);
          expected = (item + 1) & 0xffff;
        }
      }
    }),
    { numRuns: 400 },
  );
});
