import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LossList } from "./loss-list.ts";
import { SEQUENCE_16, SEQUENCE_31 } from "./sequence.ts";
import { SEQUENCE_6, spaceAndStart, startOf } from "./space.test-support.ts";

function ranges(list: LossList): [number, number][] {
  return Array.from({ length: list.ranges }, (_, i) => [list.low(i), list.high(i)]);
}

function pair(range: string): [number, number] {
  const [low = "", high = low] = range.split("-");
  return [Number(low), Number(high)];
}

/** A list of, say, `10-12 20`. */
function filled(of: string): LossList {
  const list = new LossList(SEQUENCE_16);
  for (const range of of.split(" ")) if (range !== "") list.add(...pair(range));
  return list;
}

function written(list: LossList): string {
  return ranges(list)
    .map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`))
    .join(" ");
}

const additions: readonly { name: string; before?: string; add: string; added: number; after: string }[] = [
  { name: "into an empty list", before: "", add: "5-7", added: 3, after: "5-7" },
  { name: "before all", add: "1-2", added: 2, after: "1-2 10-12 20" },
  { name: "between", add: "15-16", added: 2, after: "10-12 15-16 20" },
  { name: "after all", add: "30", added: 1, after: "10-12 20 30" },
  { name: "what is there", add: "11-12", added: 0, after: "10-12 20" },
  { name: "touching from below", add: "8-9", added: 2, after: "8-12 20" },
  { name: "touching from above", add: "13", added: 1, after: "10-13 20" },
  { name: "touching both", add: "13-19", added: 7, after: "10-20" },
  { name: "over all", add: "5-25", added: 17, after: "5-25" },
  { name: "over the end", add: "12-25", added: 12, after: "10-25" },
  { name: "a range that ends before it begins", add: "16-14", added: 0, after: "10-12 20" },
  { name: "across the wrap", before: "65530-65534", add: "65533-1", added: 3, after: "65530-1" },
  { name: "up to the end of reach", add: "32776", added: 1, after: "10-12 20 32776" },
  { name: "beyond reach", add: "32776-32777", added: 0, after: "10-12 20" },
  { name: "before reach", add: "32785", added: 0, after: "10-12 20" },
];

for (const { name, before = "10-12 20", add, added, after } of additions) {
  test(`add ${name}`, () => {
    const list = filled(before);
    const size = list.size;
    assert.equal(list.add(...pair(add)), added);
    assert.equal(written(list), after);
    assert.equal(list.size, size + added);
  });
}

const removals: readonly { name: string; remove: string; removed: number; after: string }[] = [
  { name: "one range", remove: "10-14", removed: 5, after: "20-24 30-34" },
  { name: "its beginning", remove: "8-11", removed: 2, after: "12-14 20-24 30-34" },
  { name: "its end", remove: "33-40", removed: 2, after: "10-14 20-24 30-32" },
  { name: "its middle", remove: "21-22", removed: 2, after: "10-14 20 23-24 30-34" },
  { name: "over several", remove: "13-31", removed: 9, after: "10-12 32-34" },
  { name: "between", remove: "15-19", removed: 0, after: "10-14 20-24 30-34" },
  { name: "everything", remove: "0-100", removed: 15, after: "" },
  { name: "nothing, before", remove: "60000-9", removed: 0, after: "10-14 20-24 30-34" },
  { name: "nothing, backwards", remove: "31-30", removed: 0, after: "10-14 20-24 30-34" },
];

for (const { name, remove, removed, after } of removals) {
  test(`remove ${name}`, () => {
    const list = filled("10-14 20-24 30-34");
    assert.equal(list.removeRange(...pair(remove)), removed);
    assert.equal(written(list), after);
    assert.equal(list.size, 15 - removed);
  });
}

test("an empty list", () => {
  const list = filled("");
  assert.equal(list.shift(), -1);
  assert.equal(list.first, 0);
  assert.equal(list.low(0), 0);
  assert.equal(list.high(3), 0);
  assert.equal(list.has(0), false);
  assert.equal(list.remove(0), false);
  assert.equal(list.removeBefore(7), 0);
});

test("there is nothing behind the last range", () => {
  const list = filled("10-12 20");
  list.remove(20);
  assert.deepEqual([list.ranges, list.low(1), list.high(1)], [1, 0, 0]);
});

const operation = fc.record({
  do: fc.constantFrom("add", "add", "add", "remove", "removeRange", "removeBefore", "shift", "clear"),
  low: fc.integer({ min: 0, max: 30 }),
  wide: fc.integer({ min: 0, max: 6 }),
});

test("a loss list is a set", () => {
  const property = fc.property(spaceAndStart, fc.array(operation, { maxLength: 80 }), (where, operations) => {
    const { space } = where;
    const start = startOf(where);
    const list = new LossList(space);
    let set = new Set<number>();
    for (const { do: what, low, wide } of operations) {
      const high = Math.min(low + wide, 30);
      const [from, to] = [space.add(start, low), space.add(start, high)];
      const before = set.size;
      const without = (gone: (place: number) => boolean) => {
        set = new Set([...set].filter((place) => !gone(place)));
        return before - set.size;
      };
      if (what === "add") {
        for (let at = low; at <= high; at++) set.add(at);
        assert.equal(list.add(from, to), set.size - before);
      } else if (what === "remove") assert.equal(list.remove(from), set.delete(low));
      else if (what === "removeRange") {
        assert.equal(
          list.removeRange(from, to),
          without((at) => at >= low && at <= high),
        );
      } else if (what === "removeBefore")
        assert.equal(
          list.removeBefore(from),
          without((at) => at < low),
        );
      else if (what === "shift") {
        const least = Math.min(...set);
        assert.equal(list.shift(), set.size === 0 ? -1 : space.add(start, least));
        set.delete(least);
      } else if (low === 0) {
        list.clear();
        set.clear();
      }
      assert.equal(list.size, set.size);
      const seen = ranges(list).flatMap(([a, b]) =>
        Array.from({ length: space.diff(b, a) + 1 }, (_, i) => space.diff(space.add(a, i), start)),
      );
      assert.deepEqual(
        seen,
        [...set].sort((a, b) => a - b),
      );
      for (let at = -1; at <= 31; at++) assert.equal(list.has(space.add(start, at)), set.has(at));
      for (let i = 1; i < list.ranges; i++) assert.ok(space.diff(list.low(i), list.high(i - 1)) > 1);
      if (set.size > 0) assert.equal(list.first, space.add(start, seen[0]!));
    }
  });
  fc.assert(property, { numRuns: 400 });
});

test("many small ranges, added and removed anywhere", () => {
  const place = fc.integer({ min: 0, max: 400 });
  const step = fc.tuple(fc.constantFrom("add", "add", "add", "remove", "shift", "removeBefore"), place);
  const property = fc.property(fc.array(step, { minLength: 150, maxLength: 400 }), (steps) => {
    const start = 65_400;
    const list = new LossList(SEQUENCE_16);
    const set = new Set<number>();
    for (const [what, at] of steps) {
      const sequence = SEQUENCE_16.add(start, at);
      if (what === "add") {
        assert.equal(list.add(sequence, sequence), set.has(at) ? 0 : 1);
        set.add(at);
      } else if (what === "remove") assert.equal(list.remove(sequence), set.delete(at));
      else {
        // Not far at a time, so that the list stays long.
        const least = Math.min(...set);
        if (what === "shift") assert.equal(list.shift(), set.size === 0 ? -1 : SEQUENCE_16.add(start, least));
        else if (set.size > 0) assert.equal(list.removeBefore(SEQUENCE_16.add(start, least + 1)), 1);
        set.delete(least);
      }
      assert.equal(list.size, set.size);
    }
    const seen = ranges(list).flatMap(([low, high]) =>
      Array.from({ length: SEQUENCE_16.diff(high, low) + 1 }, (_, i) => SEQUENCE_16.diff(low, start) + i),
    );
    assert.deepEqual(
      seen,
      [...set].sort((a, b) => a - b),
    );
  });
  fc.assert(property, { numRuns: 100 });
});

test("numbers from all over the space do no harm", () => {
  const anyNumber = fc.integer({ min: 0, max: 63 });
  const step = fc.tuple(fc.constantFrom("add", "remove", "has"), anyNumber, anyNumber);
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const list = new LossList(SEQUENCE_6);
    const set = new Set<number>();
    for (const [what, low, high] of steps) {
      const count = SEQUENCE_6.diff(high, low) + 1;
      const numbers = Array.from({ length: Math.max(0, count) }, (_, i) => SEQUENCE_6.add(low, i));
      if (what === "add") {
        const fresh = numbers.filter((it) => !set.has(it)).length;
        const added = list.add(low, high);
        assert.ok(added === fresh || added === 0);
        if (added > 0) for (const it of numbers) set.add(it);
      } else if (what === "remove") {
        const gone = numbers.filter((it) => set.delete(it)).length;
        assert.equal(list.removeRange(low, high), gone);
      } else assert.equal(list.has(low), set.has(low));
      assert.equal(list.size, set.size);
      for (let it = 0; it < 64; it++) assert.equal(list.has(it), set.has(it));
    }
  });
  fc.assert(property, { numRuns: 400 });
});

test("ten thousand scattered losses, mended in any order", () => {
  const start = 0x7fff_ff00;
  const list = new LossList(SEQUENCE_31);
  // Evens in an order that jumps about: 7919 is prime to 10,000.
  const at = (i: number) => SEQUENCE_31.add(start, ((i * 7919) % 10_000) * 2);
  for (let i = 0; i < 10_000; i++) assert.equal(list.add(at(i), at(i)), 1);
  assert.equal(list.ranges, 10_000);
  assert.equal(list.first, start);
  for (let i = 0; i < 5000; i++) assert.equal(list.remove(at(i)), true);
  let last = -1;
  for (let i = 5000; i < 10_000; i++) {
    const offset = SEQUENCE_31.diff(list.shift(), start);
    assert.ok(offset > last && offset % 2 === 0);
    last = offset;
  }
  assert.equal(list.size, 0);
  assert.equal(list.ranges, 0);
});

test("a list that fills behind and empties in front", () => {
  const list = new LossList(SEQUENCE_16);
  for (let i = 0; i < 5000; i++) {
    list.add((i * 3) & 0xffff, (i * 3 + 1) & 0xffff);
    if (i < 60) continue;
    assert.equal(list.shift(), ((i - 60) * 3) & 0xffff);
    assert.equal(list.shift(), ((i - 60) * 3 + 1) & 0xffff);
  }
  assert.equal(list.ranges, 60);
});
