import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStretch, type Coded, type CodedFrame } from "./coded.ts";

function frames(kind: string, stepMs: number, count: number): CodedFrame[] {
  return Array.from({ length: count }, (_, i) => {
    return { dtsMs: i * stepMs, ptsMs: i * stepMs + 80, hash: `${kind}${i}` };
  });
}

const SENT: Coded = { video: frames("v", 40, 30), audio: frames("a", 21, 50) };

/** Frames from a place on, as a server would pass them on that has times of its own. */
function passed(from: number, offsetMs: number): { video: CodedFrame[]; audio: CodedFrame[] } {
  const moved = (all: readonly CodedFrame[]): CodedFrame[] =>
    all.slice(from, from + 10).map(({ dtsMs, ptsMs, hash }) => {
      return { dtsMs: dtsMs + offsetMs, ptsMs: ptsMs + offsetMs, hash };
    });
  return { video: moved(SENT.video), audio: moved(SENT.audio) };
}

function replaced(list: CodedFrame[], at: number, change: Partial<CodedFrame>): void {
  list[at] = { ...(list[at] as CodedFrame), ...change };
}

test("an unbroken stretch with one offset is what was sent", () => {
  assert.equal(assertStretch(passed(0, 1000), SENT, { what: "all" }), 1000);
  assert.equal(assertStretch(passed(7, -90), SENT, { what: "a part" }), -90);
});

/** Of frames 0 to 9, a quarter of a second later than they were sent. */
const DAMAGES: readonly [string, RegExp, (seen: { video: CodedFrame[]; audio: CodedFrame[] }) => void][] = [
  ["a picture is lost", /3 of 9 frames are right/, ({ video }) => void video.splice(3, 1)],
  ["a picture comes twice", /4 of 11 frames/, ({ video }) => void video.splice(3, 0, video[3] as CodedFrame)],
  ["a picture is damaged", /5 of 10 frames/, ({ video }) => replaced(video, 5, { hash: "other" })],
  ["a sound is lost", /audio: 2 of 9 frames/, ({ audio }) => void audio.splice(2, 1)],
  ["the first is another", /never sent/, ({ video }) => replaced(video, 0, { hash: "other" })],
  ["there are no pictures", /0 frames/, ({ video }) => void video.splice(0)],
  ["there is no sound", /0 frames/, ({ audio }) => void audio.splice(0)],
  ["a PTS is off by a millisecond", /1 times are wrong/, ({ video }) => replaced(video, 4, { ptsMs: 491 })],
  ["a DTS is off by a millisecond", /1 times are wrong/, ({ video }) => replaced(video, 4, { dtsMs: 411 })],
  ["sound is off by two", /1 times are wrong/, ({ audio }) => replaced(audio, 4, { ptsMs: 416, dtsMs: 336 })],
  [
    "sound drifts away from the pictures",
    /8 times are wrong/,
    ({ audio }) => {
      for (const [i, { ptsMs, dtsMs }] of audio.entries())
        replaced(audio, i, { ptsMs: ptsMs + i, dtsMs: dtsMs + i });
    },
  ],
];

for (const [name, message, damage] of DAMAGES) {
  test(`it is not what was sent when ${name}`, () => {
    const seen = passed(0, 250);
    damage(seen);
    assert.throws(() => assertStretch(seen, SENT, { what: "seen" }), message);
  });
}
