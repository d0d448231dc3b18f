import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concat } from "@millrace/bytes";
import fc from "fast-check";
import { MessageCutter } from "./message-cutter.ts";

/** A cutter, and copies of what it gave. */
function cutter(size: number): { readonly cut: MessageCutter; readonly messages: Uint8Array[] } {
  const messages: Uint8Array[] = [];
  return { messages, cut: new MessageCutter(size, (message) => messages.push(message.slice())) };
}

describe("cutting a stream into messages", () => {
  test("keeps all bytes in their order, in messages of one size and a shorter one at a flush", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.uint8Array({ maxLength: 60 }) },
      { weight: 1, arbitrary: fc.constant("flush" as const) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 30 }), (size, steps) => {
        const { cut, messages } = cutter(size);
        const written: Uint8Array[] = [];
        const ends = new Set<number>();
        let total = 0;
        for (const it of steps) {
          if (it === "flush") {
            cut.flush();
            ends.add(total);
          } else {
            cut.write(it);
            written.push(it);
            total += it.length;
          }
          const given = messages.reduce((sum, { length }) => sum + length, 0);
          assert.equal(cut.held, total - given);
          assert.ok(cut.held < size);
        }
        cut.flush();
        ends.add(total);
        assert.deepEqual(concat(messages), concat(written));
        let at = 0;
        for (const { length } of messages) {
          at += length;
          assert.ok(length === size || (length > 0 && length < size && ends.has(at)), `${length} of ${size}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("what comes whole is not copied", () => {
    const given: Uint8Array[] = [];
    const cut = new MessageCutter(4, (message) => given.push(message));
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    cut.write(bytes);
    assert.deepEqual(
      given.map((it) => [it.buffer === bytes.buffer, it.byteOffset, it.length]),
      [
        [true, 0, 4],
        [true, 4, 4],
      ],
    );
    assert.equal(cut.held, 1);
  });

  test("nothing held, nothing to flush", () => {
    const { cut, messages } = cutter(4);
    cut.flush();
    cut.write(new Uint8Array(0));
    cut.flush();
    cut.write(Uint8Array.of(1, 2, 3, 4));
    cut.flush();
    assert.deepEqual(messages, [Uint8Array.of(1, 2, 3, 4)]);
  });
});
