import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { serializeAudioBody } from "./audio-body.ts";
import { AAC, ASC_BODY, running } from "./body.test-support.ts";
import { bytesOf, collect } from "./media.test-support.ts";
import { SampleClock } from "./sample-clock.ts";

const RATES = [8000, 11_025, 22_050, 24_000, 44_100, 48_000, 96_000] as const;

test("stamps cut off or rounded to milliseconds get the exact times back, for hours", () => {
  for (const sampleRate of RATES)
    for (const [how, stampOf] of [
      ["cut off", Math.floor],
      ["rounded", Math.round],
      ["the next one", Math.ceil],
    ] as const) {
      const clock = new SampleClock();
      const startMs = 1234;
      for (let i = 0; i < 200_000; i++) {
        const trueMs = startMs + (i * 1024 * 1000) / sampleRate;
        const placed = clock.place(stampOf(trueMs) * 90, 1024, sampleRate);
        if (Math.abs(placed - trueMs * 90) > 1) assert.fail(`${how} ${sampleRate} ${i}: ${placed}`);
      }
    }
});

/** What happens, stamps in ms, and the times in ticks: frames of 960 samples at 48 kHz, 20 ms. */
const CASES: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ["even", [0, 20, 40], [0, 1800, 3600]],
  ["a millisecond of jitter is taken away", [0, 21, 39, 60], [0, 1800, 3600, 5400]],
  ["two are left", [0, 22, 42, 60], [0, 1980, 3780, 5400]],
  ["a gap", [0, 20, 100, 121], [0, 1800, 9000, 10_800]],
  ["a step back", [100, 120, 40, 60], [9000, 10_800, 3600, 5400]],
  ["a stamp that stands still", [0, 19, 19], [0, 1800, 1800]],
];
for (const [name, stamps, times] of CASES) {
  test(`sample clock: ${name}`, () => {
    const clock = new SampleClock();
    assert.deepEqual(
      stamps.map((ms) => clock.place(ms * 90, 960, 48_000)),
      times,
    );
  });
}

test("whatever the stamps and sizes: never further than a millisecond from the stamp", () => {
  const frame = fc.record({
    ms: fc.integer({ min: 0, max: 500 }),
    samples: fc.constantFrom(0, 120, 960, 1024, 1152, 2048),
    rate: fc.constantFrom(...RATES),
  });
  fc.assert(
    fc.property(fc.array(frame), (frames) => {
      const clock = new SampleClock();
      for (const { ms, samples, rate } of frames) {
        const placed = clock.place(ms * 90, samples, rate);
        assert.ok(Number.isInteger(placed) && Math.abs(placed - ms * 90) <= 90, `${ms}: ${placed}`);
      }
    }),
  );
});

test("AAC in milliseconds comes out at its sample rate", () => {
  const { demuxer, units } = running();
  const body = serializeAudioBody({ ...AAC, packetType: "frames", data: [bytesOf("2110048c")] });
  for (let i = 0; i < 500; i++) demuxer.audio(body, Math.round((i * 1024 * 1000) / 44_100));
  assert.deepEqual(
    units.map(({ pts }) => pts),
    Array.from({ length: 500 }, (_, i) => Math.round((i * 1024 * 90_000) / 44_100)),
  );
  assert.ok(units.every(({ discontinuity, pts, dts }) => !discontinuity && pts === dts));
});

test("stamps with nanoseconds are left as they are", () => {
  const { demuxer, units } = collect();
  demuxer.metadata(["onMetaData", { audiocodecid: 10 }]);
  demuxer.audio(ASC_BODY, 0);
  const send = (ms: number, nanos: number): void =>
    demuxer.audio(
      serializeAudioBody({
        codec: "aac",
        enhanced: true,
        packetType: "frames",
        nanos,
        data: [bytesOf("2110048c")],
      }),
      ms,
    );
  send(0, 500_000);
  send(23, 500_000);
  assert.deepEqual(
    units.map(({ pts }) => pts),
    [45, 23 * 90 + 45],
  );
});
