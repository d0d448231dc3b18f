import assert from "node:assert/strict";
import { test } from "node:test";
import { concat } from "@millrace/bytes";
import fc from "fast-check";
import { chunkMessage } from "./chunk-writer.ts";
import { StreamIdPatch } from "./stream-id.ts";

const message = fc.record({
  csid: fc.integer({ min: 2, max: 63 }),
  type: fc.constantFrom(8, 9, 18),
  timestampMs: fc.oneof(fc.integer({ min: 0, max: 0xffffff + 2 }), fc.integer({ min: 0, max: 0xffff_ffff })),
  length: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 700 })),
});

test("messages come out as if they had been made for the other stream, wherever they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(1, 2, 8, 0x01020304, 0xffff_ffff),
      fc.constantFrom(1, 128, 256),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      (messages, streamId, chunkBytes, cuts) => {
        const made = (id: number): Uint8Array =>
          concat(
            messages.map(({ csid, type, timestampMs, length }) => {
              const body = Uint8Array.from({ length }, (_, i) => i * 7 + length);
              return chunkMessage({ csid, type, streamId: id, timestampMs }, body, chunkBytes);
            }),
          );
        const patch = new StreamIdPatch(streamId, chunkBytes);
        const shared = made(1);
        const parts: Uint8Array[] = [];
        for (let at = 0, i = 0; at < shared.length; i++) {
          const size = cuts[i % cuts.length] as number;
          parts.push(patch.patch(shared.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(concat(parts), made(streamId));
        assert.deepEqual(shared, made(1), "what was given is left as it was");
      },
    ),
  );
});
