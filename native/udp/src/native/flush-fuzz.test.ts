import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { systemZones } from "../interfaces.ts";
import { ADDRESS_WORDS } from "../ip.ts";
import { makePeer } from "../peer.ts";
import { whyNoAddon } from "../testing/implementations.ts";
import { type Addon, type Handle, loadAddon } from "./addon.ts";
import { nativeThread } from "./native-batch.ts";

const DESCRIPTOR = 12;

interface Bare {
  readonly addon: Addon;
  readonly handle: Handle;
  readonly memory: ArrayBuffer;
}

/** A socket of the addon without what guards it in TypeScript. */
function openBare(): Bare {
  const addon = loadAddon();
  assert.ok(typeof addon !== "string");
  nativeThread(addon);
  const memory = new ArrayBuffer(addon.layout.arenaAt + 4096);
  const handle = addon.open(4, () => undefined, memory);
  assert.ok(typeof handle !== "number");
  assert.equal(addon.start(handle, true, true), 0);
  return { addon, handle, memory };
}

describe("flush", { skip: whyNoAddon() ?? false }, () => {
  test("any descriptors are sent or refused, and nothing outside of the memory is read", () => {
    const { addon, handle, memory } = openBare();
    const target = makePeer("127.0.0.1", 9, systemZones);
    const slabs = [new Uint8Array(3000), new Uint8Array(0)];
    const offset = fc.oneof(fc.integer({ min: 0, max: 4096 }), fc.integer());
    const length = fc.oneof(fc.constant(188), fc.integer({ min: 0, max: 300 }), fc.integer());
    const one = fc.tuple(fc.integer({ min: -1, max: 3 }), offset, length, offset, length, fc.boolean());
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 256 }), (descriptors) => {
        const words = new Int32Array(memory, addon.layout.descriptorsAt);
        descriptors.forEach(([slab, at, size, headAt, headSize, wild], i) => {
          words.set([slab, at, size, headAt, headSize], i * DESCRIPTOR);
          // Of no family, so that nothing leaves this machine.
          const address = wild
            ? [at | 0x8_0000, size, slab, 0, 0, headAt]
            : [target.word0, target.word1, 0, 0, 0, 0];
          words.set(address, i * DESCRIPTOR + 5);
        });
        assert.equal(addon.flush(handle, descriptors.length, slabs, 2), descriptors.length);
        const [refused = 0, errno = 0] = new Int32Array(memory, 0, 2);
        assert.ok(refused >= 0 && refused <= descriptors.length);
        assert.ok(errno > 0 || refused === 0);
      }),
      { numRuns: 300 },
    );
    addon.close(handle);
  });

  test("wrong counts, slabs and memory throw", () => {
    const { addon, handle, memory } = openBare();
    const slabs = [new Uint8Array(1)];
    for (const count of [-1, 257, 2 ** 31])
      assert.throws(() => addon.flush(handle, count, slabs, 0), TypeError);
    for (const count of [-1, 2, 17]) assert.throws(() => addon.flush(handle, 1, slabs, count), TypeError);
    assert.throws(() => addon.flush(handle, 1, [[1] as unknown as Uint8Array], 1), TypeError);
    structuredClone(memory, { transfer: [memory] });
    assert.throws(() => addon.flush(handle, 0, slabs, 0), TypeError);
    addon.close(handle);
    addon.close(handle);
    assert.notEqual(addon.bind(handle, new Int32Array(ADDRESS_WORDS)), 0);
    assert.throws(() => addon.bind(handle, new Int32Array(2)), TypeError);
    assert.throws(() => addon.close({}), TypeError);
  });
});
