import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seen, SeenFrame } from "./cell.ts";
import { type Expected, judge } from "./judge.ts";

const SECONDS = 6;
const FPS = 25;
const EXPECTED: Expected = {
  tracks: { video: "h264", audio: "aac" },
  seconds: SECONDS,
  fps: FPS,
  even: true,
  quiet: true,
  measured: true,
};

/** Flashes and beeps of 0.2 s each two seconds, sound by so much later. */
function seen({ late = 0 } = {}): Seen {
  const isOn = (pts: number): boolean => (pts + 1) % 2 < 0.2;
  const video = Array.from({ length: SECONDS * FPS }, (_, i) => i / FPS).map(
    (pts): SeenFrame => ({ pts, level: isOn(pts) ? 235 : 40 }),
  );
  const audio = Array.from(
    { length: Math.floor((SECONDS * 48_000) / 1024) },
    (_, i) => (i * 1024) / 48_000,
  ).map((pts): SeenFrame => ({ pts: pts + late, level: isOn(pts) ? -9 : -1000 }));
  return { video, audio, complaints: [] };
}

const without = <T>(all: readonly T[], from: number, count: number): T[] => [
  ...all.slice(0, from),
  ...all.slice(from + count),
];

test("what is whole, even and in time has no fault", () => {
  assert.deepEqual(judge(seen(), EXPECTED), []);
  assert.deepEqual(judge(seen({ late: 0.06 }), EXPECTED), []);
});

const good = seen();
const CASES: readonly { name: string; seen: Seen; failures: readonly RegExp[] }[] = [
  {
    name: "a picture is missing in the middle",
    seen: { ...good, video: [...without(good.video, 50, 2), { pts: 6, level: 40 }] },
    failures: [/1 uneven steps, 120\.0 ms to picture 50/],
  },
  {
    name: "pictures are missing",
    seen: { ...good, video: good.video.slice(0, 100) },
    failures: [/^100 pictures/],
  },
  {
    name: "a picture comes twice",
    seen: { ...good, video: [...good.video.slice(0, 50), ...good.video.slice(49, -1)] },
    failures: [/uneven/, /picture 50 is no later/],
  },
  {
    name: "every other frame of sound is missing",
    seen: { ...good, audio: good.audio.filter((_, i) => i % 2 === 0) },
    failures: [/holes in the sound, 42\.7 ms/],
  },
  {
    name: "sound is missing in the middle",
    seen: { ...good, audio: without(good.audio, 100, 3) },
    failures: [/^1 holes in the sound, 85\.3 ms at frame 100/],
  },
  {
    name: "sound ends early",
    seen: { ...good, audio: good.audio.slice(0, 200) },
    failures: [/^4\.25 s of sound/],
  },
  {
    name: "sound is late",
    seen: seen({ late: 0.2 }),
    failures: [/^a flash at 1\.000 s, the next beep at 1\.2/],
  },
  {
    name: "the program complains, over and over",
    seen: { ...good, complaints: ["dts 1 of 2", "dts 2 of 3", "corrupt"] },
    failures: [/^dts 1 of 2 \(2 like this\)$/, /^corrupt$/],
  },
];

for (const { name, seen: each, failures } of CASES)
  test(`${name}: that is told`, () => {
    const found = judge(each, EXPECTED);
    assert.equal(found.length, failures.length, found.join("; "));
    for (const [i, failure] of failures.entries()) assert.match(found[i] ?? "", failure);
  });

test("a player's clock, and not the times in the stream, is what sound and picture have to agree by", () => {
  const video = good.video.map((frame) => ({ ...frame, shownS: frame.pts + 0.5 }));
  assert.match(judge({ ...good, video }, EXPECTED).join(), /a flash at/);
  const audio = good.audio.map((frame) => ({ ...frame, shownS: frame.pts + 0.5 }));
  assert.deepEqual(judge({ ...good, video, audio }, EXPECTED), []);
});

test("frames that were not decoded are counted only", () => {
  const undecoded = good.video.map(() => ({ pts: 0, level: Number.NaN }));
  assert.deepEqual(judge({ ...good, video: undecoded }, { ...EXPECTED, even: false }), []);
  assert.match(
    judge({ ...good, video: undecoded.slice(9) }, { ...EXPECTED, even: false }).join(),
    /pictures/,
  );
});
