import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { systemZones } from "../interfaces.ts";
import { makePeer } from "../peer.ts";
import { UdpSlice } from "../socket.ts";
import type { Layout } from "./addon.ts";
import { checkLength, SendQueue } from "./send-queue.ts";

const WORDS = 12;
const PACKETS = 8;
const LAYOUT: Layout = {
  abi: 1,
  receiveBytes: 0,
  receiveMessages: 0,
  receivePackets: 0,
  agesAt: 0,
  offsetsAt: 0,
  lengthsAt: 0,
  sendersAt: 0,
  addressesAt: 0,
  addressWords: 8,
  sendPackets: PACKETS,
  sendSlabs: 2,
  descriptorsAt: 16,
  descriptorWords: WORDS,
  arenaAt: 16 + PACKETS * WORDS * 4,
};
const peers = [1, 2, 3].map((port) => makePeer("10.0.0.1", port, systemZones));

/** What the addon would send. */
function read(queue: SendQueue): { bytes: number[]; port: number }[] {
  const words = new Int32Array(queue.memory, LAYOUT.descriptorsAt);
  const arena = new Uint8Array(queue.memory, LAYOUT.arenaAt);
  return Array.from({ length: queue.count }, (_, i) => {
    const [slab = 0, at = 0, length = 0, headAt = 0, headLength = 0, word0 = 0] = words.subarray(i * WORDS);
    const memory = slab === 0 ? arena : (queue.slabs[slab - 1] as Uint8Array);
    const head = arena.subarray(headAt, headAt + headLength);
    return { bytes: [...head, ...memory.subarray(at, at + length)], port: word0 & 0xffff };
  });
}

test("what is left keeps its bytes, whatever becomes of the memory that it came from", () => {
  const bytes = fc.uint8Array({ maxLength: 20 });
  const one = fc.record({
    head: fc.option(bytes),
    body: bytes,
    kind: fc.nat(2),
    peer: fc.nat(2),
    slab: fc.nat(1),
  });
  const rounds = fc.array(
    fc.tuple(fc.array(one, { maxLength: PACKETS }), fc.double({ min: 0, max: 1, noNaN: true })),
  );
  fc.assert(
    fc.property(rounds, (all) => {
      const queue = new SendQueue(LAYOUT);
      const expected: { bytes: number[]; port: number }[] = [];
      for (const [packets, share] of all) {
        const slabs = [new Uint8Array(64), new Uint8Array(64)];
        for (const { head, body, kind, peer, slab } of packets) {
          const size = body.length + (head?.length ?? 0);
          if (!queue.hasRoom(size)) break;
          const memory = slabs[slab] as Uint8Array;
          const to = peers[peer];
          const slice = new UdpSlice(memory).at(packets.length, body.length);
          if (kind === 0) queue.addCopy(body, to);
          else {
            memory.set(body, packets.length);
            if (kind === 1) queue.addJoined(slice, to, head ?? undefined);
            else {
              const at = queue.addSlice(slice, queue.slabOf(memory), to);
              if (head !== null) queue.addHead(at, head);
            }
          }
          const shown = kind === 0 || head === null ? [] : [...head];
          // A later slice of the same slab overwrites the bytes of this one: as it would be sent.
          expected.push({ bytes: [...shown, ...body], port: to?.port ?? 0 });
          if (kind === 2) {
            queue.keepFrom(0);
            memory.fill(0xee);
          }
        }
        assert.deepEqual(read(queue), expected);
        const done = Math.floor(share * queue.count);
        queue.keepFrom(done);
        expected.splice(0, done);
        assert.deepEqual(read(queue), expected);
        assert.equal(queue.slabCount, 0);
      }
    }),
  );
});

test("a full queue has no room, an emptied one has", () => {
  const queue = new SendQueue(LAYOUT);
  for (let i = 0; i < PACKETS; i++) {
    assert.equal(queue.hasRoom(1), true);
    queue.addCopy(Uint8Array.of(i), undefined);
  }
  assert.equal(queue.hasRoom(0), false);
  queue.clear();
  queue.addCopy(new Uint8Array(65_535), undefined);
  assert.equal(queue.hasRoom(65_535), true);
  queue.addCopy(new Uint8Array(65_535), undefined);
  assert.equal(queue.hasRoom(100), false, "the memory is used up");
  checkLength(65_535);
  assert.throws(() => checkLength(65_536), { code: "EMSGSIZE" });
});

test("a memory has one number, and there are not more of them than the addon takes", () => {
  const queue = new SendQueue(LAYOUT);
  const [a, b, c] = [new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)];
  assert.deepEqual(
    [a, b, a, c, b].map((memory) => queue.slabOf(memory)),
    [1, 2, 1, 0, 2],
  );
  queue.clear();
  assert.deepEqual(queue.slabs, [undefined, undefined]);
  assert.equal(queue.slabOf(c), 1);
});
