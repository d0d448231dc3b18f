import assert from "node:assert/strict";
import { test } from "node:test";
import { DriftTracer } from "./drift.ts";

const SAMPLE_EVERY_US = 10_000;

for (const ppm of [50, -50, 0]) {
  test(`a clock that is ${ppm} ppm off, over an hour`, () => {
    const tracer = new DriftTracer();
    let baseUs = 0;
    let estimates = 0;
    let moves = 0;
    for (let i = 1; i <= 360_000; i++) {
      const trueUs = i * SAMPLE_EVERY_US * ppm * 1e-6;
      // ±400 µs of jitter, whose mean over a span is 0.
      const jitterUs = ((i * 389) % 1000) * 0.8 - 400 + 0.4;
      if (!tracer.add(trueUs + jitterUs - baseUs)) continue;
      estimates++;
      const movedUs = tracer.takeOverdrift();
      if (movedUs !== 0) moves++;
      baseUs += movedUs;
      assert.ok(Math.abs(tracer.driftUs) <= 5000);
      // An estimate is as old as half its span: 5 s.
      const behindUs = (999 / 2) * SAMPLE_EVERY_US * Math.abs(ppm) * 1e-6;
      assert.ok(Math.abs(baseUs + tracer.driftUs - trueUs) < behindUs + 1e-3);
    }
    assert.equal(estimates, 360);
    // 180 ms in steps of 5 ms, the last of which is not full.
    assert.equal(moves, ppm === 0 ? 0 : 35);
    assert.equal(baseUs, Math.sign(ppm) * 35 * 5000);
  });
}

test("an estimate takes as many samples as the span", () => {
  const tracer = new DriftTracer({ span: 4, maxDriftUs: 100 });
  assert.deepEqual(
    [10, 20, 30, 40].map((sample) => tracer.add(sample)),
    [false, false, false, true],
  );
  assert.equal(tracer.driftUs, 25);
  assert.equal(tracer.takeOverdrift(), 0);
  assert.deepEqual(
    [1, 1, 1].map((sample) => tracer.add(sample)),
    [false, false, false],
  );
  assert.equal(tracer.driftUs, 25);
});

const large: readonly { sample: number; drift: number; overdrift: number }[] = [
  { sample: 100, drift: 100, overdrift: 0 },
  { sample: 101, drift: 1, overdrift: 100 },
  { sample: -199, drift: -99, overdrift: -100 },
  { sample: 1234, drift: 34, overdrift: 1200 },
];

for (const { sample, drift, overdrift } of large) {
  test(`of ${sample} with at most 100, ${overdrift} go into the time base`, () => {
    const tracer = new DriftTracer({ span: 1, maxDriftUs: 100 });
    assert.ok(tracer.add(sample));
    assert.equal(tracer.overdriftUs, overdrift);
    assert.equal(tracer.driftUs, drift);
    assert.equal(tracer.takeOverdrift(), overdrift);
    assert.equal(tracer.takeOverdrift(), 0);
    assert.equal(tracer.driftUs, drift);
  });
}

test("overdrift that nobody took is measured again, not added up", () => {
  const tracer = new DriftTracer({ span: 1, maxDriftUs: 100 });
  tracer.add(150);
  tracer.add(160);
  assert.equal(tracer.takeOverdrift(), 100);
  assert.equal(tracer.driftUs, 60);
});
