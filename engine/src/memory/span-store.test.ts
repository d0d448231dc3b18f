import assert from "node:assert/strict";
import { test } from "node:test";
import { SLAB_BYTES } from "./arena.ts";
import { ArenaTable, SlabPool } from "./pool.ts";
import type { Span } from "./span.ts";
import { SpanStore } from "./span-store.ts";

function bytesOf(table: ArenaTable, spans: readonly Span[]): Uint8Array {
  const parts = spans.map((span) => {
    const view = table.hold(span);
    assert.ok(view !== undefined);
    table.release(span);
    return Uint8Array.from(view);
  });
  return Buffer.concat(parts);
}

test("what is stored comes back whole, in as few spans as slabs allow", () => {
  const table = new ArenaTable();
  const store = new SpanStore(new SlabPool(table, 1));
  const small = store.store([Buffer.from("one"), Buffer.alloc(0), Buffer.from("two")]);
  assert.equal(small.length, 1);
  assert.equal(Buffer.from(bytesOf(table, small)).toString(), "onetwo");
  const large = Buffer.alloc(SLAB_BYTES + 10);
  for (let i = 0; i < large.length; i++) large[i] = i % 251;
  const spans = store.store([large]);
  assert.equal(spans.length, 2, "six bytes of the first slab were used");
  assert.deepEqual(Buffer.from(bytesOf(table, spans)), large);
  assert.deepEqual(store.store([]), []);
});

test("a slab is used again only when the last of its spans was released", () => {
  const table = new ArenaTable();
  const pool = new SlabPool(table, 1);
  const store = new SpanStore(pool);
  const [first] = store.store([Buffer.from("first")]) as [Span];
  const [second] = store.store([Buffer.from("second")]) as [Span];
  assert.deepEqual([first.slab, first.generation], [second.slab, second.generation]);
  store.close();
  const free = pool.freeBytes;
  table.release(first);
  assert.equal(pool.freeBytes, free, "the second span is still held");
  assert.ok(table.hold(second) !== undefined);
  table.release(second);
  table.release(second);
  assert.equal(pool.freeBytes, free + SLAB_BYTES);
});
