import { test } from "node:test";
import fc from "fast-check";
import { testRules } from "../kit/rule-tests.ts";
import { bmffRules, lintBmff } from "./lint.ts";
import { cases } from "./testing/cases.ts";
import { draft, observe } from "./testing/presentation.ts";

testRules({
  folder: import.meta.dirname,
  rules: bmffRules,
  cases,
  draft,
  lint: (changed) => lintBmff(observe(changed)),
});

test("whatever the bytes, the linter says what is wrong, and does not throw", () => {
  const whole = observe(draft());
  const damage = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), cut: fc.nat() });
  const damaged = (
    bytes: Uint8Array,
    { at, to, cut }: { at: number; to: number; cut: number },
  ): Uint8Array => {
    const copy = bytes.slice(0, cut % 4 === 0 ? cut % bytes.length : bytes.length);
    if (copy.length > 0) copy[at % copy.length] = to;
    return copy;
  };
  fc.assert(
    fc.property(damage, (how) => {
      const { init = new Uint8Array(0), media } = whole;
      const broken = media.map((one) => ({ ...one, bytes: damaged(one.bytes, how) }));
      lintBmff({ ...whole, init: damaged(init, how), media: broken });
    }),
    { numRuns: 1000 },
  );
});
