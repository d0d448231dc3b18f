import assert from "node:assert/strict";
import { test } from "node:test";
import type { Face } from "./clock-picture.ts";
import { LiveClock } from "./live-clock.ts";
import { DEFAULT_CLOCK } from "./settings.ts";

const WALL = Date.UTC(2026, 10, 21, 9, 30, 0);

function recorder() {
  const pictures: { index: number; face: Face }[] = [];
  const samples: { start: number; offset: number }[] = [];
  return {
    pictures,
    samples,
    encodePicture: (index: number, face: Face) => void pictures.push({ index, face }),
    encodeSamples: (start: number, offset: number) => void samples.push({ start, offset }),
  };
}

test("starts within the second and keeps real time", () => {
  const maker = recorder();
  const clock = new LiveClock(maker, DEFAULT_CLOCK, { monotonicMs: 5000, wallMs: WALL + 490 });
  assert.equal(clock.advance(5000, WALL + 490), 30);
  assert.deepEqual(
    maker.pictures.map((picture) => [picture.index, picture.face.time]),
    [[12, "09:30:00.480"]],
  );
  for (let ms = 0; ms <= 2000; ms += 7) clock.advance(5000 + ms, WALL + 490 + ms);
  assert.equal(maker.pictures.at(-1)?.index, 62);
  assert.equal(maker.pictures.at(-1)?.face.time, "09:30:02.480");
  const lit = maker.pictures.filter((picture) => picture.face.beep).map((picture) => picture.index);
  assert.deepEqual(lit, [25, 26, 27, 50, 51, 52]);
  const starts = maker.samples.map((frame) => frame.start);
  assert.deepEqual(
    starts,
    [...starts.keys()].map((i) => 23_040 + 1024 * i),
  );
  assert.ok((starts.at(-1) as number) + 2048 > 62 * 1920, "audio is at most one frame behind the picture");
});

test("after a long sleep the media runs on without a gap, at the new time", () => {
  const maker = recorder();
  const clock = new LiveClock(maker, DEFAULT_CLOCK, { monotonicMs: 0, wallMs: WALL });
  clock.advance(0, WALL);
  clock.advance(60_000, WALL + 60_000);
  assert.deepEqual(
    maker.pictures.map((picture) => [picture.index, picture.face.time]),
    [
      [0, "09:30:00.000"],
      [1, "09:31:00.000"],
    ],
  );
});

test("a wall clock that is set moves what is shown, not the media", () => {
  const maker = recorder();
  const clock = new LiveClock(maker, DEFAULT_CLOCK, { monotonicMs: 0, wallMs: WALL });
  for (let ms = 0; ms < 2000; ms += 40) clock.advance(ms, WALL + ms + (ms >= 1000 ? 250 : 0));
  assert.equal(maker.pictures.length, 50);
  assert.equal(maker.pictures.at(-1)?.face.time, "09:30:02.210");
  const second = maker.samples.filter((frame) => frame.start > 48_000);
  for (const { start, offset } of second) assert.equal(offset, (start + 12_000) % 48_000);
});
