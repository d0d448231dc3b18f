import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { StreamClock } from "./stream-clock.ts";
import { TrackClock } from "./track-clock.ts";

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

const SOURCES: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ["even times", [7, 8, 9], [0, 1, 2]],
  ["a jump back", [1000, 1001, 3, 4], [0, 1, 2, 3]],
  ["a jump ahead", [0, 1, 1000, 1001], [0, 1, 2, 3]],
  ["lost frames", [0, 1, 11, 12], [0, 1, 11, 12]],
];

for (const [what, times, expected] of SOURCES) {
  test(`${what}: ${times} become ${expected}`, () => {
    const clock = new StreamClock();
    const track = new TrackClock(VIDEO);
    const made = times.map((time) => {
      clock.lead(time * FRAME, track.frameTicks);
      assert.ok(track.next(unit(1, time * FRAME, time * FRAME + 10), clock.offset));
      assert.equal(track.compositionOffset, 10);
      return track.decodeTime;
    });
    const start = made[0] ?? 0;
    assert.equal(start, 90_000);
    assert.deepEqual(
      made.map((time) => (time - start) / FRAME),
      expected,
    );
  });
}

test("sound has whole frames however its timestamps are rounded, and what was there already is left out", () => {
  const clock = new StreamClock();
  clock.lead(0, FRAME);
  const track = new TrackClock(AUDIO);
  const made = [0, 1890, 3870, 5760].map((dts) => {
    assert.ok(track.next(unit(2, dts), clock.offset));
    return track.decodeTime;
  });
  assert.deepEqual(
    made,
    [0, 1, 2, 3].map((i) => 48_000 + i * 1024),
  );
  assert.equal(track.next(unit(2, 1920), clock.offset), false);
  assert.ok(track.next(unit(2, 90_000), clock.offset));
  assert.equal(track.decodeTime, 96_000);
});

const FROM_STREAM: Track = { ...AUDIO, codec: "opus", audio: { sampleRate: 48_000, channels: 2 } };
/** Packets of Opus that say how long they last: one, two frames of 20 ms, one of 60 ms (RFC 6716 §3.1). */
const [ONE, TWO, LONG] = [0xf8, 0xf9, 0x18].map((toc) => [Uint8Array.of(toc, 0)]);

test("packets of Opus last as long as they say", () => {
  const clock = new StreamClock();
  clock.lead(0, FRAME);
  const track = new TrackClock(FROM_STREAM);
  const packets = [ONE, ONE, TWO, LONG, ONE].map((data = []) => data);
  const made = [0, 1800, 3600, 7200, 12_600].map((dts, i) => {
    assert.ok(track.next({ ...unit(2, dts), data: packets[i] as Uint8Array[] }, clock.offset), `packet ${i}`);
    return [track.decodeTime - 48_000, track.duration];
  });
  assert.deepEqual(made, [
    [0, 960],
    [960, 960],
    [1920, 1920],
    [3840, 2880],
    [6720, 960],
  ]);
});

test("sound of which nobody knows how long its frames last has the times that it came with", () => {
  const clock = new StreamClock();
  clock.lead(0, FRAME);
  const track = new TrackClock({ ...FROM_STREAM, codec: "flac" });
  const times = [0, 900, 1800, 5400].map((dts) => {
    assert.ok(track.next(unit(2, dts), clock.offset));
    return track.decodeTime - 48_000;
  });
  assert.deepEqual(times, [0, 480, 960, 2880]);
  assert.equal(track.next(unit(2, 5400), clock.offset), false);
});

test("a frame that is far from the leading track is of another timeline", () => {
  const clock = new StreamClock();
  assert.equal(clock.holds(0), false);
  clock.lead(0, FRAME);
  assert.deepEqual([clock.holds(90_000), clock.holds(-90_000), clock.holds(900_000)], [true, true, false]);
});
