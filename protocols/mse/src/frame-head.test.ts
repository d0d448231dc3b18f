import assert from "node:assert/strict";
import { test } from "node:test";
import { boxTree, formatBoxTree } from "@millrace/isobmff";
import fc from "fast-check";
import { FRAME_HEAD_BYTES, FrameHead } from "./frame-head.ts";

const U32 = 2 ** 32 - 1;

test("a head is a fragment that any reader of MP4 takes, with everything where players look for it", () => {
  const frames = fc.record({
    sequence: fc.integer({ min: 1, max: U32 }),
    trackId: fc.integer({ min: 1, max: 255 }),
    decodeTime: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    compositionOffset: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    duration: fc.integer({ min: 1, max: U32 }),
    key: fc.boolean(),
    size: fc.integer({ min: 0, max: 4000 }),
    utcMs: fc.integer({ min: 0, max: 2 ** 32 * 1000 - 1 }),
  });
  const head = new FrameHead();
  fc.assert(
    fc.property(frames, (frame) => {
      head.write(frame);
      const view = new DataView(head.bytes.buffer);
      assert.equal(head.bytes[47], frame.trackId);
      assert.equal(view.getBigUint64(72), BigInt(frame.decodeTime));
      assert.equal(view.getUint32(92) * 1000 + view.getUint32(96) / 1000, frame.utcMs);
      assert.equal(view.getInt32(120), frame.compositionOffset);
      // The sample begins where mdat's data do.
      assert.equal(view.getUint32(116), FRAME_HEAD_BYTES);
      const whole = new Uint8Array(FRAME_HEAD_BYTES + frame.size);
      whole.set(head.bytes);
      const tree = formatBoxTree(boxTree(whole));
      for (const type of ["moof", "mfhd", "traf", "tfhd", "tfdt", "futc", "trun", "mdat"]) {
        assert.ok(tree.includes(type), `${type} in ${tree}`);
      }
    }),
  );
});
