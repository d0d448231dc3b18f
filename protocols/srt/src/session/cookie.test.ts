import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CookieJar } from "./cookie.ts";

const KEY = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const jar = new CookieJar(KEY);

const caller = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
  minute: fc.nat(50_000_000),
});

function bits(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest >>>= 1) count += rest & 1;
  return count;
}

describe("the cookies of a port", () => {
  test("are good in their minute and the next, and in no other", () => {
    fc.assert(
      fc.property(caller, ({ address, port, minute }) => {
        const cookie = jar.make(address, port, minute);
        const goodIn = [-2, -1, 0, 1, 2, 3].filter((by) => jar.verify(cookie, address, port, minute + by));
        assert.deepEqual(goodIn, [0, 1]);
      }),
    );
  });

  test("are 32 bits without a sign, and never 0", () => {
    fc.assert(
      fc.property(caller, ({ address, port, minute }) => {
        const cookie = jar.make(address, port, minute);
        assert.ok(Number.isInteger(cookie) && cookie > 0 && cookie < 2 ** 32);
        assert.equal(jar.make(address, port, minute), cookie);
      }),
    );
  });

  const other: readonly (readonly [what: string, cookie: (jar: CookieJar) => number])[] = [
    ["address", (it) => it.make("192.0.2.2", 4000, 9)],
    ["address with a part more", (it) => it.make("192.0.2.11", 4000, 9)],
    ["port", (it) => it.make("192.0.2.1", 4001, 9)],
    ["minute", (it) => it.make("192.0.2.1", 4000, 10)],
    [
      "key",
      () => new CookieJar(KEY.map((byte, i) => (i === 7 ? byte ^ 1 : byte))).make("192.0.2.1", 4000, 9),
    ],
    [
      "key's first half",
      () => new CookieJar(KEY.map((b, i) => (i === 0 ? b ^ 1 : b))).make("192.0.2.1", 4000, 9),
    ],
  ];
  for (const [what, make] of other) {
    test(`another ${what} makes another cookie`, () => {
      const cookie = jar.make("192.0.2.1", 4000, 9);
      assert.notEqual(make(jar), cookie);
    });
  }

  test("spread evenly, however alike the callers are", () => {
    const counts = [0, 8, 16, 24].map(() => new Uint32Array(256));
    const all = new Set<number>();
    const callers = 65_000;
    for (let port = 1; port <= callers; port++) {
      const cookie = jar.make("192.0.2.1", port, 29_000_000);
      all.add(cookie);
      for (const [i, count] of counts.entries()) {
        const byte = (cookie >>> (8 * i)) & 0xff;
        count[byte] = (count[byte] as number) + 1;
      }
    }
    // Of so many, half a pair is the same by chance.
    assert.ok(all.size > callers - 8, `${callers - all.size} doubles`);
    for (const [i, count] of counts.entries()) {
      const expected = callers / 256;
      const chiSquare = count.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
      // 255 degrees of freedom: above 360 once in 60,000.
      assert.ok(chiSquare < 360, `byte ${i}: χ² is ${chiSquare}`);
    }
  });

  test("change in half of their bits when one bit of the caller changes", () => {
    let changed = 0;
    let samples = 0;
    for (let port = 1; port < 2000; port += 7) {
      for (let bit = 0; bit < 16; bit++) {
        changed += bits(jar.make("192.0.2.1", port, 5) ^ jar.make("192.0.2.1", port ^ (1 << bit), 5));
        samples++;
      }
    }
    const mean = changed / samples;
    assert.ok(Math.abs(mean - 16) < 0.5, `${mean} of 32 bits`);
  });
});
