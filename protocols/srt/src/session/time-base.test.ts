import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TimeBase } from "./time-base.ts";

const START_US = 5_000_000;
const LATENCY_US = 120_000;
const WRAP = 2 ** 32;
const HOUR_US = 3600 * 1e6;

/** A peer whose clock showed `timestamp` when ours showed `START_US`. */
function base(timestamp = 1000, traceDrift = true): TimeBase {
  return new TimeBase({ nowUs: START_US, timestamp, latencyUs: LATENCY_US, traceDrift });
}

describe("the time base", () => {
  const arrivals: readonly (readonly [what: string, first: number, timestamp: number, afterUs: number])[] = [
    ["at once", 1000, 1000, 0],
    ["a second later", 1000, 1_001_000, 1e6],
    ["early, as the handshake took longer on its way", 1000, 1_031_000, 1e6],
    ["late, sent again", 1000, 901_000, 1e6],
    ["just before the wrap", WRAP - 10, WRAP - 1, 9],
    ["just after the wrap", WRAP - 10, 40, 50],
    ["from before the wrap after it", WRAP - 10, WRAP - 1, 60_000],
    ["from before the handshake", 1000, 0, 0],
    ["from before the handshake, and before the wrap", 1000, WRAP - 5000, 0],
  ];
  for (const [what, first, timestamp, afterUs] of arrivals) {
    test(`a packet is due at its time and the latency: ${what}`, () => {
      let step = timestamp - first;
      if (step > WRAP / 2) step -= WRAP;
      if (step < -WRAP / 2) step += WRAP;
      assert.equal(base(first).dueUs(timestamp, START_US + afterUs), START_US + step + LATENCY_US);
    });
  }

  test("timestamps wrap as often as they like", () => {
    const timeBase = base(0);
    for (let us = 0; us < 5 * WRAP; us += 40_000_000) {
      assert.equal(timeBase.dueUs(us % WRAP, START_US + us + 7000), START_US + us + LATENCY_US);
    }
  });

  test("a peer may be silent for hours", () => {
    const timeBase = base(0);
    for (const us of [1e6, 0.7 * HOUR_US, 1.5 * HOUR_US, 11 * HOUR_US, 50 * HOUR_US]) {
      assert.equal(timeBase.dueUs(us % WRAP, START_US + us), START_US + us + LATENCY_US, `after ${us} µs`);
    }
  });

  test("rubbish is due after the latency or before, and does no lasting harm", () => {
    const timestamps = fc.array(fc.nat(WRAP - 1), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(timestamps, fc.nat(3 * WRAP), (rubbish, us) => {
        const timeBase = base(0);
        const nowUs = START_US + us;
        for (const timestamp of rubbish) {
          const dueUs = timeBase.dueUs(timestamp, nowUs);
          assert.ok(dueUs <= nowUs + LATENCY_US + 5_000_000, `${dueUs - nowUs} µs ahead`);
        }
        assert.equal(timeBase.dueUs(us % WRAP, nowUs), nowUs + LATENCY_US);
      }),
    );
  });

  test("follows a clock that drifts", () => {
    const timeBase = base(0);
    // The peer's clock is 100 ppm slow; an acknowledgement is answered every 10 ms.
    for (let us = 0; us < 120e6; us += 10_000) {
      timeBase.observe(Math.round(us * (1 - 1e-4)), 20_000, START_US + us);
    }
    // 12 ms in all; the last mean is of the 10 s before the last 10 s.
    assert.ok(Math.abs(timeBase.totalDriftUs - 11_500) < 600, `drift ${timeBase.totalDriftUs}`);
    const at = 120e6;
    const dueUs = timeBase.dueUs(Math.round(at * (1 - 1e-4)), START_US + at);
    assert.ok(Math.abs(dueUs - (START_US + at + LATENCY_US)) < 1000);
  });

  test("a longer way does not count as drift", () => {
    const timeBase = base(0);
    timeBase.observe(0, 20_000, START_US);
    // From now on a round trip takes 40 ms, and the answers come 10 ms later.
    for (let us = 10_000; us < 30e6; us += 10_000) timeBase.observe(us, 40_000, START_US + us + 10_000);
    assert.ok(Math.abs(timeBase.totalDriftUs) < 100, `drift ${timeBase.totalDriftUs}`);
  });

  test("does not follow when it is not to", () => {
    const timeBase = base(0, false);
    for (let us = 0; us < 30e6; us += 10_000) timeBase.observe(Math.round(us * 0.999), 20_000, START_US + us);
    assert.equal(timeBase.totalDriftUs, 0);
  });

  test("recovers from a handshake with a rubbish timestamp", () => {
    for (const first of [0x1234_5678, 0x8000_0000, 0xf000_0000]) {
      const timeBase = base(first);
      let us = 0;
      for (let i = 0; i < 1200; i++, us += 10_000) timeBase.observe(us, 20_000, START_US + us);
      const dueUs = timeBase.dueUs(us, START_US + us);
      assert.ok(Math.abs(dueUs - (START_US + us + LATENCY_US)) < 2, `${dueUs - START_US - us} µs`);
    }
  });

  test("an answer with a rubbish timestamp does not move the clock", () => {
    const timeBase = base(0);
    for (let i = 0, us = 0; i < 5000; i++, us += 10_000) {
      timeBase.observe(i % 10 === 0 ? (i * 0x1234_5677) % WRAP : us % WRAP, 20_000, START_US + us);
    }
    assert.ok(Math.abs(timeBase.totalDriftUs) < 1000, `drift ${timeBase.totalDriftUs}`);
  });
});
