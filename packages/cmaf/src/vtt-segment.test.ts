import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeVttSegment } from "./vtt-segment.ts";

const SECOND = 90_000;
const at = (from: number, to: number, ...texts: string[]) => ({
  startTicks: from * SECOND,
  endTicks: to * SECOND,
  cues: texts.map((text) => ({ text })),
});

test("times count from the segment's start, which X-TIMESTAMP-MAP has in 33 bits", () => {
  const start = 2 ** 33 + 90;
  const stretch = { startTicks: start + 45_000, endTicks: start + 3600 * SECOND, cues: [{ text: "a\nb" }] };
  assert.equal(
    writeVttSegment(start, [stretch]),
    "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:90,LOCAL:00:00:00.000\n\n00:00:00.500 --> 01:00:00.000\na\nb\n",
  );
});

test("a cue that stays is one cue; others come and go beside it", () => {
  const text = writeVttSegment(0, [
    at(0, 1, "a"),
    at(1, 2, "a", "b"),
    at(2, 3, "b"),
    at(3, 4),
    at(4, 5, "a"),
  ]);
  assert.deepEqual(text.split("\n\n").slice(1), [
    "00:00:00.000 --> 00:00:02.000\na",
    "00:00:01.000 --> 00:00:03.000\nb",
    "00:00:04.000 --> 00:00:05.000\na\n",
  ]);
});

test("without a cue there is the head alone", () => {
  assert.equal(writeVttSegment(0, [at(0, 2)]), "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n");
});

test("names and settings of cues are kept", () => {
  const cues = [{ text: "a", id: "7", settings: "line:0 align:start" }];
  const text = writeVttSegment(0, [{ startTicks: 0, endTicks: SECOND, cues }]);
  assert.equal(text.split("\n\n")[1], "7\n00:00:00.000 --> 00:00:01.000 line:0 align:start\na\n");
});

test("no text makes a cue of its own, or ends one", () => {
  const words = fc.array(fc.constantFrom("\n", "\r\n", "-->", "\0", "$&", "a", "NOTE", " "), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(words, words, (text, id) => {
      const cues = [{ text: `x${text.join("")}`, id: id.join("") }];
      const written = writeVttSegment(0, [{ startTicks: 0, endTicks: SECOND, cues }]);
      assert.equal(written.split("-->").length, 2);
      assert.equal(written.trimEnd().split("\n\n").length, 2);
    }),
  );
});
