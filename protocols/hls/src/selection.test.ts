import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PACKET_SIZE, pidOf } from "@millrace/mpegts";
import fc from "fast-check";
import { chooseTracks, filterSegment, parseTrackChoices, streamsOfSegment } from "./selection.ts";

const v = (place: number) => ({ kind: "video", place });
const a = (place: number) => ({ kind: "audio", place });

for (const [text, wanted] of [
  ["1", [{ kind: undefined, place: 1 }]],
  [
    "1,3",
    [
      { kind: undefined, place: 1 },
      { kind: undefined, place: 3 },
    ],
  ],
  ["v1a2", [v(1), a(2)]],
  ["v1,a2,t1", [v(1), a(2), { kind: "subtitle", place: 1 }]],
  ["a10", [a(10)]],
  ["", undefined],
  ["v", undefined],
  ["v0", undefined],
  ["1,,2", undefined],
  ["x1", undefined],
  ["v1000", undefined],
] as const) {
  test(`tracks-${text}`, () => assert.deepEqual(parseTrackChoices(text), wanted));
}

test("any text is a selection or none, and never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseTrackChoices(text)));
});

test("tracks are counted pictures first, then sounds, and stay in their order", () => {
  const tracks = (["audio", "video", "subtitle", "audio", "video", "data"] as const).map((kind, i) => ({
    kind,
    name: `${kind}${i}`,
  }));
  const names = (text: string) => chooseTracks(tracks, parseTrackChoices(text) ?? []).map(({ name }) => name);
  assert.deepEqual(names("1"), ["video1"]);
  assert.deepEqual(names("2,3,5"), ["audio0", "subtitle2", "video4"]);
  assert.deepEqual(names("a2v1"), ["video1", "audio3"]);
  assert.deepEqual(names("v3"), []);
  assert.deepEqual(names("6"), []);
});

test("a segment is left with the PIDs that were chosen, and its tables speak of them alone", () => {
  const file = readFileSync(new URL("../../../tests/fixtures/h264-aac.mpegts", import.meta.url));
  const bytes = file.subarray(0, file.length - (file.length % PACKET_SIZE));
  const middle = Math.floor(bytes.length / 2 / PACKET_SIZE) * PACKET_SIZE;
  const parts = [bytes.subarray(0, middle), bytes.subarray(middle)];
  const streams = streamsOfSegment(parts);
  assert.deepEqual(streams.map(({ kind }) => kind).toSorted(), ["audio", "video"]);
  const audio = streams.find(({ kind }) => kind === "audio")?.pid;
  const kept = filterSegment(parts, parseTrackChoices("a1") ?? []);
  assert.ok(kept !== undefined && kept.length > 0 && kept.length % PACKET_SIZE === 0);
  assert.deepEqual(
    streamsOfSegment([kept]).map(({ pid }) => pid),
    [audio],
  );
  const count = (data: Uint8Array): number => {
    let packets = 0;
    for (let at = 0; at < data.length; at += PACKET_SIZE) if (pidOf(data, at) === audio) packets++;
    return packets;
  };
  assert.equal(count(kept), count(bytes));
  assert.equal(filterSegment(parts, parseTrackChoices("a2") ?? []), undefined);
  assert.equal(filterSegment([], parseTrackChoices("a1") ?? []), undefined);
});
