import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena, SLABS_PER_ARENA } from "./arena.ts";
import { ArenaTable, arenaOwner, SlabPool } from "./pool.ts";

test("a slab is recycled only when nobody holds it", () => {
  const arena = Arena.create(1);
  assert.equal(arena.recycle(0), true);
  const generation = arena.generation(0);
  assert.equal(arena.hold(0, generation), true);
  arena.release(0);
  assert.equal(arena.recycle(0), false, "the owner still holds it");
  arena.release(0);
  assert.equal(arena.recycle(0), true);
  assert.equal(arena.generation(0), generation + 1);
});

test("a hold on an earlier use or a free slab fails and leaves the count as it was", () => {
  const arena = Arena.create(1);
  assert.equal(arena.hold(3, 0), false, "free");
  assert.equal(arena.refs(3), 0);
  arena.recycle(3);
  const old = arena.generation(3);
  arena.release(3);
  arena.recycle(3);
  assert.equal(arena.hold(3, old), false, "other generation");
  assert.equal(arena.refs(3), 1);
});

test("the pool reuses slabs, grows when all are held and shrinks when they are free again", () => {
  const table = new ArenaTable();
  const pool = new SlabPool(table, 7);
  const announced: number[] = [];
  pool.onArena = (handle) => announced.push(handle.id);
  const uses = Array.from({ length: SLABS_PER_ARENA + 1 }, () => pool.take());
  assert.equal(announced.length, 2);
  assert.equal(arenaOwner(announced[1] as number), 7);
  assert.notEqual(table.get(announced[1] as number), undefined);
  const held = uses[0] as (typeof uses)[0];
  assert.equal(held.arena.hold(held.slab, held.generation), true);
  for (const use of uses) pool.give(use);
  const again = Array.from({ length: SLABS_PER_ARENA * 2 - 1 }, () => pool.take());
  assert.equal(pool.arenas.length, 2, "all but the held slab were reused");
  assert.ok(!again.some((use) => use.arena === held.arena && use.slab === held.slab));
  for (const use of again) pool.give(use);
  held.arena.release(held.slab);
  pool.shrink(1);
  assert.equal(pool.arenas.length, 1);
  assert.equal(
    table.get(announced[1] as number) === undefined || table.get(announced[0] as number) === undefined,
    true,
  );
});
