import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec, Track } from "@millrace/model";
import { canStore, codecStringOf, timescaleOf } from "./index.ts";
import { bytesOf } from "./media.test-support.ts";
import { AAC, H264, OPUS, WEBVTT } from "./tracks.test-support.ts";

const VIDEO = { width: 1920, height: 1080, profile: 0, level: 0 };
const video = (codec: Codec, rest: Partial<Track> = {}): Track => ({
  ...{ id: 1, kind: "video", codec, timescale: 90_000, video: VIDEO },
  ...rest,
});
const audio = (codec: Codec, sampleRate: number, rest: Partial<Track> = {}): Track => ({
  ...{ id: 1, kind: "audio", codec, timescale: 90_000, audio: { sampleRate, channels: 2 } },
  ...rest,
});
const HEVC = bytesOf("01 21 60000000 b00000000000 5d f000fcfdf8f800000f00");
const MP2 = { sampleRate: 48_000, channels: 2, profile: 2 };

/** Track, name, whether it can be stored, timescale. */
const CASES: readonly (readonly [Track, string | undefined, boolean, number])[] = [
  [H264, "avc1.640020", true, 90_000],
  [{ ...H264, codecString: "avc1.000000" }, "avc1.640020", true, 90_000],
  [video("h264"), undefined, false, 90_000],
  [video("h264", { codecString: "avc1.42e01e" }), "avc1.42e01e", false, 90_000],
  [video("h265", { config: HEVC }), "hvc1.1.6.H93.B0", true, 90_000],
  [video("av1", { config: bytesOf("81054c00") }), "av01.0.05M.10", true, 90_000],
  [video("av1", { config: bytesOf("8148e000") }), "av01.2.08H.12", true, 90_000],
  [video("av1"), undefined, false, 90_000],
  [video("vp9"), "vp09.00.40.08", true, 90_000],
  [video("vp9", { config: bytesOf("01000000 02 29 a2 01 01 01 0000") }), "vp09.02.41.10", true, 90_000],
  [video("vp8"), "vp08.00.40.08", true, 90_000],
  [video("mpeg2video", { video: { ...VIDEO, profile: 4 } }), "mp4v.61", true, 90_000],
  [video("mpeg2video", { video: { ...VIDEO, profile: 1 } }), "mp4v.64", true, 90_000],
  [video("mpeg2video", { video: { ...VIDEO, chroma: "4:2:2" } }), "mp4v.65", true, 90_000],
  [video("mpeg1video"), "mp4v.6A", true, 90_000],
  [video("mpeg4", { video: { ...VIDEO, profile: 0, level: 9 } }), "mp4v.20.9", true, 90_000],
  [AAC, "mp4a.40.2", true, 44_100],
  [audio("aac", 48_000), undefined, false, 48_000],
  [audio("mpa", 48_000, { audio: MP2 }), "mp4a.6B", true, 48_000],
  [audio("mpa", 22_050, { audio: { ...MP2, sampleRate: 22_050 } }), "mp4a.69", true, 22_050],
  [audio("mpa", 44_100, { audio: { ...MP2, profile: 3 } }), "mp4a.40.34", true, 48_000],
  [audio("ac3", 48_000), "ac-3", false, 48_000],
  [audio("ac3", 48_000, { config: bytesOf("10 11 c0") }), "ac-3", true, 48_000],
  [audio("eac3", 48_000, { config: bytesOf("06 00 20 0f 00") }), "ec-3", true, 48_000],
  [OPUS, "opus", true, 48_000],
  [audio("flac", 96_000, { config: new Uint8Array(42), codecString: "flac" }), "fLaC", true, 96_000],
  [WEBVTT, "wvtt", true, 90_000],
  [audio("dts", 48_000), undefined, false, 48_000],
  [audio("pcm", 0), undefined, false, 90_000],
];

for (const [i, [track, name, storable, timescale]] of CASES.entries()) {
  test(`case ${i}: ${track.codec} is ${name}`, () => {
    assert.equal(codecStringOf(track), name);
    assert.equal(canStore(track), storable);
    assert.equal(timescaleOf(track), timescale);
  });
}
