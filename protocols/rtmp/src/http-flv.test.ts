import assert from "node:assert/strict";
import { test } from "node:test";
import { FLV_AUDIO, FLV_SCRIPT, FLV_VIDEO, FlvMuxer, flvTag } from "@millrace/flv";
import type { Track } from "@millrace/model";
import { fileHeaderFor } from "./http-flv.ts";

/** Flags of the file header (FLV 10.1 §E.2). */
const [VIDEO, AUDIO] = [1, 4];

const CASES = [
  { name: "both", types: [FLV_SCRIPT, FLV_VIDEO, FLV_AUDIO], flags: VIDEO | AUDIO },
  { name: "video alone", types: [FLV_SCRIPT, FLV_VIDEO], flags: VIDEO },
  { name: "audio alone", types: [FLV_SCRIPT, FLV_AUDIO], flags: AUDIO },
  { name: "audio without metadata", types: [FLV_AUDIO], flags: AUDIO },
  { name: "neither", types: [FLV_SCRIPT], flags: VIDEO | AUDIO },
  { name: "bytes that end within a tag", types: [FLV_SCRIPT, FLV_VIDEO], cut: 3, flags: VIDEO | AUDIO },
  {
    name: "bytes that end within a tag's header",
    types: [FLV_VIDEO, FLV_AUDIO],
    cut: 20,
    flags: VIDEO | AUDIO,
  },
  { name: "nothing", types: [], flags: VIDEO | AUDIO },
];

for (const { name, types, cut = 0, flags } of CASES) {
  test(`the file header promises what the first tags announce: ${name}`, () => {
    const tags = Buffer.concat(types.map((type) => flvTag(type, 0, new Uint8Array(9))));
    const header = fileHeaderFor(tags.subarray(0, tags.length - cut));
    assert.equal(header[4], flags);
    assert.equal(header.length, 13);
  });
}

const CODECS = [
  { codec: "h264", flags: VIDEO },
  { codec: "mpa", flags: AUDIO },
  { codec: "ac3", flags: AUDIO },
] as const;

for (const { codec, flags } of CODECS) {
  test(`the file header promises what the metadata announces: ${codec}`, () => {
    const kind = flags === VIDEO ? "video" : "audio";
    const muxer = new FlvMuxer({ enhanced: true });
    muxer.setTracks([
      {
        id: 1,
        kind,
        codec,
        timescale: 90_000,
        ...(kind === "audio"
          ? { audio: { sampleRate: 48_000, channels: 2, profile: 3 } }
          : { video: { width: 640, height: 360 } }),
      } as Track,
    ]);
    const [metadata] = fileHeaderFor(flvTag(FLV_SCRIPT, 0, muxer.metadata())).subarray(4, 5);
    assert.equal(metadata, flags);
  });
}
