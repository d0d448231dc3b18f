import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ReleaseClock } from "./release-clock.ts";

const S = 1e9;
const TICKS = 90_000;

suite("release clock", () => {
  test("media time goes with real time from where it was tied to it", () => {
    const clock = new ReleaseClock();
    assert.equal(clock.started, false);
    clock.start(5 * TICKS, 100 * S);
    assert.equal(clock.timeAt(102 * S), 7 * TICKS);
    assert.equal(clock.dueNs(7 * TICKS), 102 * S);
  });

  test("what comes too late is due when it comes, and so is what follows", () => {
    const clock = new ReleaseClock();
    clock.start(0, 0);
    clock.observe(2 * TICKS, TICKS, 5 * S);
    assert.equal(clock.underruns, 1);
    assert.equal(clock.dueNs(3 * TICKS), 6 * S);
  });

  // `drift`: how much faster the source's clock runs than ours.
  for (const drift of [0.0005, -0.0005]) {
    test(`follows a source that is ${drift} off`, () => {
      const clock = new ReleaseClock();
      clock.start(0, 0);
      const margins: number[] = [];
      for (let i = 0; i < 3600; i++) {
        const nowNs = i * 2 * S;
        const ticks = 2 * TICKS + i * 2 * TICKS * (1 + drift);
        margins.push((ticks - clock.timeAt(nowNs)) / TICKS);
        clock.observe(ticks, 2 * TICKS, nowNs);
      }
      assert.equal(clock.underruns, 0);
      const last = margins.at(-1) as number;
      assert.ok(last > 0.2 && last < 4, `${last} s`);
      // Two hours at half a thousandth would have been 3.6 s.
      assert.ok(Math.max(...margins) < 4 && Math.min(...margins) > 0.2);
    });
  }
});
