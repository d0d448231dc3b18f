import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { MediaTimeline } from "./media-timeline.ts";
import { TrackTimes } from "./track-times.ts";

const NOW_MS = 1_700_000_000_000;
const FRAME = 3600;
const VIDEO: Track = { id: 1, kind: "video", codec: "h264", timescale: 90_000 };
const AUDIO: Track = {
  id: 2,
  kind: "audio",
  codec: "aac",
  timescale: 90_000,
  audio: { sampleRate: 48_000, channels: 2, frameSamples: 1024 },
};

function unit(track: number, dts: number, pts = dts): AccessUnit {
  return { track, dts, pts, key: true, discontinuity: false, data: [], wallMs: 0 };
}

/** Feeds video frames at these DTS, each arriving when its time says unless told otherwise; gives their decoding times. */
function feed(all: readonly { readonly dts: number; readonly lateMs?: number }[]) {
  const timeline = new MediaTimeline();
  const times = new TrackTimes(VIDEO, timeline);
  const first = all[0]?.dts ?? 0;
  return all.map(({ dts, lateMs }) => {
    timeline.lead(dts, NOW_MS + (lateMs ?? (dts - first) / 90), times.frameTicks);
    times.next(unit(1, dts));
    const { decodeTime, compositionOffset } = times;
    return {
      decodeTime,
      shown: decodeTime + compositionOffset,
      utcMs: timeline.utcMs(dts + timeline.offset),
    };
  });
}

test("the timeline begins at UTC", () => {
  const [first] = feed([{ dts: 12_345 }]);
  assert.equal(first?.decodeTime, NOW_MS * 90);
  assert.equal(first?.utcMs, NOW_MS);
});

for (const [what, jump] of [
  ["back by an hour", -3600 * 90_000],
  ["forward by an hour", 3600 * 90_000],
  ["back by a second", -90_000],
] as const) {
  test(`when timestamps jump ${what}, frames follow each other all the same, and UTC is right`, () => {
    const before = [0, 1, 2].map((i) => ({ dts: i * FRAME, lateMs: i * 40 }));
    const after = [3, 4, 5].map((i) => ({ dts: i * FRAME + jump, lateMs: i * 40 }));
    const made = feed([...before, ...after]);
    const start = made[0]?.shown ?? 0;
    assert.deepEqual(
      made.map(({ shown }) => shown - start),
      [0, 1, 2, 3, 4, 5].map((i) => i * FRAME),
    );
    assert.ok(made.every(({ utcMs }, i) => Math.abs(utcMs - NOW_MS - i * 40) < 1));
  });
}

test("after a pause of the source frames follow where they stopped, and have the UTC of when they came", () => {
  const made = feed([{ dts: 0 }, { dts: FRAME }, { dts: 2 * FRAME, lateMs: 10_080 }]);
  assert.equal((made[2]?.shown ?? 0) - (made[0]?.shown ?? 0), 2 * FRAME);
  assert.equal(Math.round((made[2]?.utcMs ?? 0) - NOW_MS), 10_080);
});

test("UTC is that of the earliest arrival: a frame that came late does not move it", () => {
  const made = feed([
    { dts: 0, lateMs: 500 },
    { dts: FRAME, lateMs: 40 },
    { dts: 2 * FRAME, lateMs: 300 },
  ]);
  assert.ok(Math.abs((made[2]?.utcMs ?? 0) - NOW_MS - 80) < 1, String(made[2]?.utcMs));
});

test("decoding times never step by more than two frames, and what is shown is when it was meant", () => {
  const dts = [0, 1, 2, 12, 13, 14, 15].map((i) => i * FRAME);
  const made = feed(dts.map((each) => ({ dts: each })));
  const start = made[0]?.shown ?? 0;
  assert.deepEqual(
    made.map(({ shown }) => shown - start),
    dts,
  );
  const steps = made.slice(1).map(({ decodeTime }, i) => decodeTime - (made[i]?.decodeTime ?? 0));
  assert.ok(steps[2] !== undefined && steps[2] <= 2 * FRAME, String(steps));
  assert.ok(
    steps.every((step) => step > 0),
    String(steps),
  );
});

test("sound has whole frames however its timestamps are rounded, and holes where frames are missing", () => {
  const timeline = new MediaTimeline();
  timeline.lead(0, NOW_MS, FRAME);
  const times = new TrackTimes(AUDIO, timeline);
  const made: number[] = [];
  // Of 1920 ticks each; a timestamp in milliseconds is up to 45 off.
  for (const dts of [0, 1890, 3870, 5760, 5760 + 20 * 1920]) {
    assert.ok(times.next(unit(2, dts)));
    made.push(times.decodeTime);
  }
  const start = made[0] ?? 0;
  assert.deepEqual(
    made.map((time) => time - start),
    [0, 1024, 2048, 3072, 3072 + 20 * 1024],
  );
  assert.equal(times.next(unit(2, 3840)), false, "what was there already");
});

test("a frame of another track that is far from the leading one belongs to another timeline", () => {
  const timeline = new MediaTimeline();
  assert.equal(timeline.holds(0), false);
  timeline.lead(0, NOW_MS, FRAME);
  assert.ok(timeline.holds(90_000));
  assert.equal(timeline.holds(100 * 90_000), false);
});
