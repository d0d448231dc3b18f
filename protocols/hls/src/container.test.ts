import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec, Track, TrackKind } from "@millrace/model";
import { containerFor } from "./container.ts";

const KINDS: Readonly<Record<string, TrackKind>> = {
  h264: "video",
  h265: "video",
  mpeg2video: "video",
  av1: "video",
  vp9: "video",
  webvtt: "subtitle",
  teletext: "subtitle",
  scte35: "data",
};

function track(codec: Codec, id: number): Track {
  const kind = KINDS[codec] ?? "audio";
  const format = kind === "video" ? { video: { width: 1, height: 1, profile: 0, level: 0 } } : {};
  const config = Uint8Array.of(0x11, 0x90);
  return { id, kind, codec, timescale: 90_000, codecString: codec, config, ...format };
}

for (const [codecs, wanted] of [
  [["h264", "aac"], "ts"],
  [["h265", "ac3"], "ts"],
  [["mpeg2video", "mpa"], "ts"],
  [["aac"], "ts"],
  [["h264", "aac", "teletext", "scte35"], "ts"],
  [["h264", "aac", "aac"], "fmp4"],
  [["h264", "h264", "aac"], "fmp4"],
  [["h264", "opus"], "fmp4"],
  [["av1", "aac"], "fmp4"],
  [["flac"], "fmp4"],
  [["h264", "aac", "webvtt"], "fmp4"],
  [["h264", "aac", "dts"], "ts"],
  [["scte35"], "ts"],
  [[], "ts"],
] as const) {
  test(`${codecs.join(", ") || "nothing"}: ${wanted}`, () => {
    assert.equal(containerFor(codecs.map((codec, i) => track(codec, i))), wanted);
  });
}
