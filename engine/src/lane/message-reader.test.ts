import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SLAB_BYTES } from "../memory/arena.ts";
import { PackagedOutput } from "../stream/packaged-output.ts";
import { makeLane } from "../testing/lane-kit.ts";
import { MessageReader } from "./message-reader.ts";

function setUp() {
  const { clock, pool, writer, view } = makeLane("lines", { windowMs: 1 });
  const output = new PackagedOutput(writer);
  const put = (text: string, fields: { key?: boolean; track?: number } = {}): void => {
    const { key = false, track = 1 } = fields;
    const facts = { dts: 0, pts: 0, disposable: false, discontinuity: false };
    clock.advanceMs(10);
    output.put({ ...facts, data: [Buffer.from(text)], key, track });
  };
  /** Gives back what the lane itself holds; what is left is held by readers. */
  const slabsHeld = (): number => {
    writer.end();
    writer.free();
    return (pool.totalBytes - pool.freeBytes) / SLAB_BYTES;
  };
  return { output, view, put, slabsHeld };
}

const textOf = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString();

test("messages come whole, from a key message on, its header in front", () => {
  const { output, view, put } = setUp();
  const long = "x".repeat(2 * SLAB_BYTES + 5);
  output.setHeader(Buffer.from("<1>"));
  put("a");
  put("K", { key: true, track: 7 });
  put(long);
  const reader = view.read("key");
  const messages = new MessageReader(reader);
  const got: unknown[] = [];
  while (messages.next()) {
    got.push([textOf(messages.parts), messages.fresh]);
    if (textOf(messages.parts) === "K") assert.equal(reader.chunk.track, 7);
  }
  assert.deepEqual(got, [
    ["<1>", true],
    ["K", false],
    [long, false],
  ]);
  assert.equal(messages.ended, false);
  put("b");
  assert.ok(messages.next());
  assert.equal(textOf(messages.parts), "b");
  messages.close();
});

test("a long header is as fresh as a short one", () => {
  const { output, view, put } = setUp();
  output.setHeader(Buffer.alloc(SLAB_BYTES + 5, "h"));
  put("K", { key: true });
  const messages = new MessageReader(view.read("key"));
  assert.ok(messages.next());
  assert.deepEqual([messages.parts.length, messages.fresh], [2, true]);
  assert.ok(messages.next());
  assert.equal(messages.fresh, false);
  messages.close();
});

test("what is kept stays as it is until it was sent; what is not goes back with the next one", () => {
  const { view, put, slabsHeld } = setUp();
  put("K".repeat(SLAB_BYTES), { key: true });
  const messages = new MessageReader(view.read("key"));
  assert.ok(messages.next());
  const { parts } = messages;
  messages.keep();
  for (let i = 0; i < 5; i++) {
    put(String(i).repeat(SLAB_BYTES), { key: true });
    assert.ok(messages.next());
  }
  assert.equal(textOf(parts), "K".repeat(SLAB_BYTES));
  assert.equal(messages.next(), false);
  assert.ok(slabsHeld() > 0);
  messages.sent();
  assert.equal(slabsHeld(), 0);
  messages.close();
});

test("what is under way when the reader is closed is held until it was sent", () => {
  const { view, put, slabsHeld } = setUp();
  put("K".repeat(SLAB_BYTES), { key: true });
  put("p".repeat(3 * SLAB_BYTES));
  const messages = new MessageReader(view.read("key"));
  assert.ok(messages.next());
  const { parts } = messages;
  messages.keep();
  assert.ok(messages.next());
  const before = slabsHeld();
  messages.close();
  assert.ok(slabsHeld() < before);
  assert.ok(slabsHeld() > 0);
  assert.equal(textOf(parts), "K".repeat(SLAB_BYTES));
  messages.sent();
  assert.equal(slabsHeld(), 0);
});

test("clearing gives everything back, and what is sent later changes nothing", () => {
  const { view, put, slabsHeld } = setUp();
  put("K".repeat(3 * SLAB_BYTES), { key: true });
  put("p".repeat(SLAB_BYTES));
  const messages = new MessageReader(view.read("key"));
  assert.ok(messages.next());
  messages.keep();
  assert.ok(messages.next());
  assert.ok(slabsHeld() > 0);
  messages.clear();
  messages.sent();
  assert.equal(slabsHeld(), 0);
});

test("a message whose rest is gone ends it", () => {
  const { view, put, slabsHeld } = setUp();
  put("K".repeat(2 * SLAB_BYTES), { key: true });
  const reader = view.read("key");
  const messages = new MessageReader(reader);
  // The rest of the message is overwritten while its first piece is taken.
  const hold = reader.hold.bind(reader);
  let held = 0;
  reader.hold = () => {
    const bytes = hold();
    if (held++ === 0) for (let i = 0; i < 9; i++) put("y".repeat(SLAB_BYTES), { key: true });
    return bytes;
  };
  assert.equal(messages.next(), false);
  assert.equal(messages.ended, true);
  messages.close();
  assert.equal(slabsHeld(), 0);
});

test("whatever is kept and whenever it is sent, it is sent as it was, and all goes back", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("put" as const), bytes: fc.integer({ min: 1, max: 2 * SLAB_BYTES }) }),
    fc.record({ do: fc.constantFrom("next" as const, "keep" as const, "sent" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { view, put, slabsHeld } = setUp();
      const messages = new MessageReader(view.read("live"));
      const kept: { parts: readonly Uint8Array[]; text: string }[] = [];
      const check = (): void => {
        const first = kept.shift();
        if (first !== undefined) assert.equal(textOf(first.parts), first.text);
        messages.sent();
      };
      let letter = 0;
      let current = false;
      for (const one of steps) {
        if (one.do === "put") put("abcdefghij"[letter++ % 10]!.repeat(one.bytes), { key: true });
        if (one.do === "next") current = messages.next();
        if (one.do === "keep" && current) {
          const { parts } = messages;
          const text = textOf(parts);
          assert.equal(new Set(text).size, 1, "a message is of one letter");
          kept.push({ parts, text });
          messages.keep();
          current = false;
        }
        if (one.do === "sent") check();
      }
      while (kept.length > 0) check();
      messages.close();
      assert.equal(slabsHeld(), 0);
    }),
    { numRuns: 60 },
  );
});
