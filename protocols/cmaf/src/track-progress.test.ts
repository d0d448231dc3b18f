import assert from "node:assert/strict";
import { test } from "node:test";
import type { CmafPeriod, CmafTrack, SegmentRecord } from "@millrace/cmaf";
import { TrackProgress } from "./track-progress.ts";

function track(name: string): CmafTrack {
  return { name, kind: "video", codec: "h264", codecString: "", timescale: 1000, init: "" };
}

function segment(name: string, msn: number, facts: Partial<SegmentRecord> = {}): SegmentRecord {
  const places = { track: name, key: `${name}/${msn}`, msn, period: 1, startTicks: 0, durationTicks: 2000 };
  return { ...places, independent: true, wallMs: 0, bytes: 250_000, parts: [], complete: true, ...facts };
}

const PERIOD: CmafPeriod = {
  id: 1,
  firstMsn: 5,
  startTicks: 0,
  utcOffsetMs: 0,
  tracks: [track("v1"), track("a1")],
};

test("a segment is whole when the last track has it", () => {
  const progress = new TrackProgress();
  progress.period(PERIOD);
  const whole = [
    segment("v1", 5),
    segment("v1", 6),
    segment("a1", 5),
    segment("a1", 6, { gap: true, bytes: 0 }),
  ];
  assert.deepEqual(
    whole.map((each) => progress.segment(each)),
    [false, false, true, true],
  );
  assert.equal(progress.change(0, 1).wholeMsn, 6);
  progress.period({ ...PERIOD, id: 2 });
  assert.equal(progress.segment(segment("v1", 7, { period: 2 })), false, "the tracks begin anew");
  assert.equal(progress.change(0, 1).wholeMsn, 6);
});

test("rates are those of the first segments of a period, and go with it", () => {
  const progress = new TrackProgress();
  progress.period(PERIOD);
  progress.segment(segment("v1", 5, { bytes: 0, gap: true }));
  progress.segment(segment("v1", 6));
  progress.segment(segment("v1", 7, { bytes: 1 }));
  assert.deepEqual(progress.change(0, 1).rates, [{ period: 1, track: "v1", bitsPerSecond: 1_000_000 }]);
  assert.deepEqual(progress.change(0, 2).rates, []);
});

test("each change is later than the one before", () => {
  const progress = new TrackProgress();
  const times = [1000, 1000, 900, 2000.5].map((nowMs) => progress.change(nowMs, 0).changedMs);
  assert.deepEqual(times, [1000, 1001, 1002, 2000]);
});
