import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LIFETIME_MS, OUTSTANDING_MAX, SessionKeys } from "./session-keys.ts";

/** Keys on a clock and with numbers that the test knows. */
function setUp(numbers?: readonly number[]) {
  const clock = { ms: 0 };
  let next = 0;
  const random = (into: Uint8Array): void => {
    const number = numbers?.[next] ?? next + 1;
    next++;
    new DataView(into.buffer).setBigUint64(0, BigInt(number));
  };
  return { clock, keys: new SessionKeys({ nowMs: () => clock.ms, random }) };
}

test("a key opens its stream once", () => {
  const { keys } = setUp();
  const key = keys.issue("news");
  assert.equal(key, "0000000000000001");
  assert.equal(keys.redeem(key, "sport"), false);
  assert.equal(keys.redeem("0000000000000002", "news"), false);
  assert.equal(keys.redeem(key, "news"), true);
  assert.equal(keys.redeem(key, "news"), false);
  assert.equal(keys.outstanding, 0);
});

test("digits may be written large", () => {
  const { keys } = setUp([0xabcdef]);
  assert.equal(keys.redeem(keys.issue("news").toUpperCase(), "news"), true);
});

test("it lasts five minutes", () => {
  const { clock, keys } = setUp();
  const [early, late] = [keys.issue("a"), keys.issue("a")];
  clock.ms = LIFETIME_MS - 1;
  assert.equal(keys.redeem(early, "a"), true);
  clock.ms = LIFETIME_MS;
  assert.equal(keys.redeem(late, "a"), false);
  assert.equal(LIFETIME_MS, 300_000);
});

test("there are 10,000 at most, and the oldest gives way", () => {
  const { keys } = setUp();
  const issued = Array.from({ length: OUTSTANDING_MAX + 2 }, () => keys.issue("a"));
  assert.equal(keys.outstanding, OUTSTANDING_MAX);
  assert.deepEqual(
    [0, 1, 2, OUTSTANDING_MAX + 1].map((i) => keys.redeem(issued[i] as string, "a")),
    [false, false, true, true],
  );
});

test("those that are too old do not lie about", () => {
  const { clock, keys } = setUp();
  for (let i = 0; i < 100; i++) keys.issue("a");
  clock.ms = LIFETIME_MS;
  keys.issue("a");
  assert.equal(keys.outstanding, 1);
});

test("no key is given to two at once", () => {
  const { keys } = setUp([7, 7, 7, 8]);
  assert.equal(keys.issue("a"), "0000000000000007");
  assert.equal(keys.issue("b"), "0000000000000008");
  assert.equal(keys.redeem("0000000000000007", "a"), true);
});

test("whatever is done: a key is good once, for its stream, in its time", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("issue" as const), stream: fc.constantFrom("a", "b") }),
    fc.record({
      do: fc.constant("redeem" as const),
      at: fc.nat({ max: 20 }),
      stream: fc.constantFrom("a", "b"),
    }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.nat({ max: LIFETIME_MS }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, keys } = setUp();
      const issued: { key: string; stream: string; atMs: number; used: boolean }[] = [];
      for (const each of steps) {
        if (each.do === "wait") clock.ms += each.ms;
        else if (each.do === "issue") {
          issued.push({ key: keys.issue(each.stream), stream: each.stream, atMs: clock.ms, used: false });
        } else {
          const one = issued[each.at];
          if (one === undefined) continue;
          const good = !one.used && one.stream === each.stream && clock.ms < one.atMs + LIFETIME_MS;
          assert.equal(keys.redeem(one.key, each.stream), good);
          one.used ||= good;
        }
      }
    }),
    { numRuns: 200 },
  );
});
