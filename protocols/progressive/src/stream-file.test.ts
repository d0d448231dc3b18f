import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@millrace/bytes";
import type { Codec, Track, TrackKind } from "@millrace/model";
import { FILE_FORMATS, type FileFormat } from "./file-formats.ts";
import { numberTracks, readLaneHeader, writeLaneHeader } from "./lane-tracks.ts";
import { StreamFile } from "./stream-file.ts";

const STEREO = Uint8Array.of(0x11, 0x90);
const MONO = Uint8Array.of(0x11, 0x88);

function track(kind: TrackKind, codec: Codec, config?: Uint8Array): Track {
  const format = kind === "audio" ? { audio: { sampleRate: 48_000, channels: 2 } } : { video: VIDEO };
  return { id: 1, kind, codec, timescale: 90_000, ...format, ...(config === undefined ? {} : { config }) };
}

const VIDEO = { width: 16, height: 16, profile: 0, level: 0 };
const VP9 = track("video", "vp9");
const VP8 = track("video", "vp8");
const AAC = track("audio", "aac", STEREO);
const AC3 = track("audio", "ac3", Uint8Array.of(1, 2, 3));

function header(...tracks: readonly Track[]): Uint8Array {
  return writeLaneHeader({ tracks: numberTracks(tracks), title: "" });
}

function format(name: string): FileFormat {
  return FILE_FORMATS[name] as FileFormat;
}

/** A message of the lane of ADTS frames, which is passed on as it is. */
const FRAME = [Uint8Array.of(0xff, 0xf1)];

test("a header of a lane is read as it was written", () => {
  const tracks = numberTracks([VP9, AAC, AC3, AAC]);
  assert.deepEqual(
    tracks.map(({ number, name }) => [number, name]),
    [
      [1, "v1"],
      [2, "a1"],
      [3, "a2"],
      [4, "a3"],
    ],
  );
  assert.deepEqual(readLaneHeader(writeLaneHeader({ tracks, title: "Björk" })), { tracks, title: "Björk" });
});

test("a file that can have one track has the first that fits, or the one that is named", () => {
  for (const [wanted, number] of [
    ["", 3],
    ["a3", 4],
    ["a1", 3],
  ] as const) {
    const file = new StreamFile(format("aac"), wanted);
    assert.ok(file.header(header(VP9, AC3, AAC, AAC)));
    for (const each of [1, 2, 3, 4]) {
      assert.equal(file.message(each, 0, FRAME) !== undefined, each === number, `${wanted}: ${each}`);
    }
  }
});

test("a file that nothing fits in ends at once", () => {
  assert.equal(new StreamFile(format("aac"), "").header(header(VP9, AC3)), false);
});

const MONO_AAC = track("audio", "aac", MONO);
const CHANGES: readonly (readonly [string, string, readonly Track[], readonly Track[], boolean])[] = [
  ["mp4", "nothing", [VP9, AAC], [VP9, AAC], true],
  ["mp4", "the picture's parameters", [VP9], [{ ...VP9, video: { ...VIDEO, width: 32 } }], true],
  ["mp4", "the picture's codec", [VP9], [VP8], false],
  ["mp4", "the sound's configuration", [VP9, AAC], [VP9, MONO_AAC], false],
  ["mp4", "a track that goes", [VP9, AAC], [VP9], true],
  ["mp4", "a track that comes", [VP9], [VP9, AAC], true],
  ["aac", "the sound's configuration", [AAC], [MONO_AAC], true],
];

for (const [name, what, before, after, goesOn] of CHANGES) {
  test(`.${name}: when the change is ${what}, it ${goesOn ? "goes on" : "ends"}`, () => {
    const file = new StreamFile(format(name), "");
    assert.ok(file.header(header(...before)));
    file.message(1, 0, [new Uint8Array(200)]);
    assert.equal(file.header(header(...after)), goesOn);
  });
}

/** AVCDecoderConfigurationRecords of one SPS and one PPS, and the same sets as they stand in samples. */
const AVC = track("video", "h264", fromHex("0142001effe100046742001e01000268aa"));
const OTHER_AVC = track("video", "h264", fromHex("01420028ffe100046742002801000268bb"));
const FIRST_SETS = "000000046742001e0000000268aa";
const OTHER_SETS = "00000004674200280000000268bb";

for (const name of ["mp4", "mkv"]) {
  test(`.${name}: parameter sets that change stand in frames, also those of the beginning when they come back`, () => {
    const file = new StreamFile(format(name), "");
    const frame = new Uint8Array(200);
    const bytes = (): string => Buffer.concat(file.message(1, 0, [frame]) ?? []).toString("hex");
    assert.ok(file.header(header(AVC)));
    assert.ok(!bytes().slice(-400).includes(FIRST_SETS));
    for (const [now, sets] of [
      [AVC, ""],
      [OTHER_AVC, OTHER_SETS],
      [AVC, FIRST_SETS],
    ] as const) {
      assert.ok(file.header(header(now)));
      const written = bytes();
      for (const each of [OTHER_SETS, FIRST_SETS]) assert.equal(written.includes(each), each === sets);
    }
  });
}
