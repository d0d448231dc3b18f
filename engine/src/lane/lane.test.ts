import assert from "node:assert/strict";
import { test } from "node:test";
import { SLAB_BYTES } from "../memory/arena.ts";
import { makeLane, put } from "../testing/lane-kit.ts";
import type { LaneReader } from "./reader.ts";
import { CHUNK_KEY, RING_ENTRIES } from "./ring.ts";

function values(reader: LaneReader): number[] {
  const seen: number[] = [];
  reader.drain((bytes) => {
    assert.ok(bytes.every((byte) => byte === bytes[0]));
    seen.push(bytes[0] as number);
  });
  return seen;
}

test("a reader gets every chunk once and in order, and is woken", () => {
  const { writer, view } = makeLane();
  const reader = view.read("live");
  let woken = 0;
  reader.onReadable = () => woken++;
  put(writer, { value: 1, length: 188 });
  put(writer, { value: 2, length: 376 });
  assert.equal(woken, 2);
  assert.deepEqual(values(reader), [1, 2]);
  assert.deepEqual(values(reader), []);
});

test("a new reader starts at the last key frame", () => {
  const { writer, view } = makeLane();
  put(writer, { value: 1, length: 10, flags: CHUNK_KEY });
  put(writer, { value: 2, length: 10 });
  put(writer, { value: 3, length: 10, flags: CHUNK_KEY, dts: 3600 });
  put(writer, { value: 4, length: 10 });
  const reader = view.read("key");
  assert.deepEqual(values(reader), [3, 4]);
  assert.deepEqual(values(view.read("live")), []);
});

test("the window keeps the last key frame however old, and lets go of what is before it", () => {
  const { writer, view, clock, pool } = makeLane("ts", { windowMs: 100 });
  put(writer, { value: 1, length: 1000, flags: CHUNK_KEY });
  for (let i = 0; i < 40; i++) {
    clock.advanceMs(50);
    put(writer, { value: 2, length: SLAB_BYTES / 2 });
  }
  assert.equal(values(view.read("key"))[0], 1, "20 slabs behind, but the only key frame");
  put(writer, { value: 3, length: 1000, flags: CHUNK_KEY });
  for (let i = 0; i < 40; i++) {
    clock.advanceMs(50);
    put(writer, { value: 4, length: SLAB_BYTES / 2 });
  }
  assert.equal(values(view.read("key"))[0], 3);
  assert.ok(pool.totalBytes <= 48 * SLAB_BYTES, `${pool.totalBytes / SLAB_BYTES} slabs`);
});

test("memory has a limit even when no key frame ever comes again", () => {
  const { writer, view } = makeLane("ts", { maxBytes: 8 * SLAB_BYTES });
  put(writer, { value: 1, length: 1000, flags: CHUNK_KEY });
  for (let i = 0; i < 100; i++) put(writer, { value: 2, length: SLAB_BYTES });
  assert.ok(writer.windowBytes <= 9 * SLAB_BYTES);
  const reader = view.read("key");
  assert.deepEqual(values(reader), [], "no key frame is left, so it starts live");
  put(writer, { value: 9, length: 10 });
  assert.deepEqual(values(reader), [9]);
});

test("a reader that falls out of the window goes on at the newest key frame and counts it", () => {
  const { writer, view, clock } = makeLane("ts", { windowMs: 10 });
  const reader = view.read("live");
  put(writer, { value: 1, length: 100, flags: CHUNK_KEY });
  assert.deepEqual(values(reader), [1]);
  for (let i = 0; i < 30; i++) {
    clock.advanceMs(20);
    put(writer, { value: 50 + i, length: SLAB_BYTES, flags: i % 10 === 0 ? CHUNK_KEY : 0 });
  }
  const seen = values(reader);
  assert.equal(seen[0], 70);
  assert.equal(seen.length, 10);
  assert.equal(reader.skips, 1);
});

test("held bytes survive any amount of later writing", () => {
  const { writer, view, clock } = makeLane("ts", { windowMs: 1, maxBytes: 4 * SLAB_BYTES });
  const reader = view.read("live");
  put(writer, { value: 77, length: 5000 });
  assert.ok(reader.next());
  const bytes = reader.hold() as Uint8Array;
  const span = reader.span();
  for (let i = 0; i < 200; i++) {
    clock.advanceMs(10);
    put(writer, { value: i % 70, length: SLAB_BYTES });
  }
  assert.ok(bytes.every((byte) => byte === 77));
  reader.releaseSpan(span);
  for (let i = 0; i < 20; i++) put(writer, { value: 5, length: SLAB_BYTES });
  assert.equal(reader.holdSpan(span), undefined, "reused after the release");
});

test("more chunks than the ring has entries: the oldest are given up", () => {
  const { writer, view } = makeLane();
  const reader = view.read("live");
  for (let i = 0; i < RING_ENTRIES + 10; i++)
    put(writer, { value: i % 200, length: 8, flags: i % 1000 === 0 ? CHUNK_KEY : 0 });
  const seen = values(reader);
  assert.equal(reader.skips, 1);
  assert.equal(seen[0], 4000 % 200);
  assert.equal(seen.length, RING_ENTRIES + 10 - 4000);
});

test("the sequence number may wrap", () => {
  const { writer, view } = makeLane();
  const words = new Int32Array(writer.ring.shared);
  words[0] = 0x7fff_fffe;
  words[1] = 0x7fff_fffe;
  const reader = view.read("live");
  for (let i = 1; i <= 5; i++) put(writer, { value: i, length: 8 });
  assert.deepEqual(values(reader), [1, 2, 3, 4, 5]);
  assert.equal(reader.skips, 0);
});

test("tables and end are seen by readers; a closed reader is silent", () => {
  const { writer, view } = makeLane();
  writer.ring.setTables(new Uint8Array([1, 2, 3]));
  const reader = view.read("live");
  assert.deepEqual([...reader.tables()], [1, 2, 3]);
  put(writer, { value: 1, length: 10 });
  writer.end();
  assert.equal(reader.ended, false, "one chunk is unread");
  reader.drain(() => {});
  const closed = view.read("live");
  closed.close();
  assert.equal(view.readers, 1);
  assert.equal(reader.ended, true);
});

test("lag counts the bytes between a reader and the head", () => {
  const { writer, view } = makeLane();
  const reader = view.read("live");
  for (let i = 0; i < 4; i++) put(writer, { value: i, length: 100 });
  reader.next();
  assert.equal(reader.lagBytes, 300);
  assert.equal(reader.lag, 3);
});

test("what an ended lane holds can be read until it is freed", () => {
  const { writer, view, pool } = makeLane();
  const early = view.read("live");
  const late = view.read("live");
  for (let i = 1; i <= 3; i++) put(writer, { value: i, length: 100 });
  writer.end();
  assert.deepEqual(values(early), [1, 2, 3]);
  assert.equal(late.ended, false);
  writer.free();
  assert.deepEqual(values(late), []);
  assert.equal(late.ended, true);
  assert.equal(pool.freeBytes, pool.totalBytes);
});

test("the lag of a cursor that has read nothing yet counts from where it stands, within the window", () => {
  const { writer, view, clock } = makeLane("ts", { windowMs: 1 });
  for (let i = 0; i < 6; i++) put(writer, { value: i, length: 1000 });
  const reader = view.read("live");
  reader.seek(4);
  assert.equal(reader.lagBytes, 2000);
  for (let i = 0; i < 4; i++) {
    clock.advanceMs(10);
    put(writer, { value: i, length: SLAB_BYTES });
  }
  const kept = writer.windowBytes;
  assert.ok(kept < 4 * SLAB_BYTES);
  assert.equal(reader.lagBytes, kept);
});
