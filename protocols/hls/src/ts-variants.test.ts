import assert from "node:assert/strict";
import { test } from "node:test";
import type { Track } from "@millrace/model";
import { tsVariants } from "./ts-variants.ts";

const VIDEO: Track = {
  id: 1,
  kind: "video",
  codec: "h264",
  timescale: 90_000,
  codecString: "avc1.64001f",
  video: { width: 1280, height: 720, profile: 100, level: 31, frameRate: { num: 30_000, den: 1001 } },
};
const AUDIO: Track = { id: 2, kind: "audio", codec: "aac", timescale: 90_000, codecString: "mp4a.40.2" };
const RATES = { peak: 1_000_000, average: 800_000 };
const NONE = { rates: RATES, byPicture: false, audioOnly: false };

test("one variant says what headers and measurements say", () => {
  const { variants } = tsVariants({ ...NONE, tracks: [VIDEO, AUDIO] });
  assert.deepEqual(variants, [
    {
      uri: "mono.m3u8",
      bandwidth: 1_200_000,
      averageBandwidth: 800_000,
      codecs: ["avc1.64001f", "mp4a.40.2"],
      resolution: { width: 1280, height: 720 },
      frameRateMilliHz: 29_970,
      videoRange: "SDR",
    },
  ]);
});

test("a codec without a name leaves the names of all out", () => {
  const dts: Track = { id: 3, kind: "audio", codec: "dts", timescale: 90_000 };
  const [variant] = tsVariants({ ...NONE, tracks: [VIDEO, dts] }).variants;
  assert.equal(variant?.codecs, undefined);
  assert.deepEqual(
    tsVariants({ ...NONE, tracks: [] }).variants.map(({ uri }) => uri),
    ["mono.m3u8"],
  );
});

for (const [name, tracks, options, wanted] of [
  ["by picture", [VIDEO, AUDIO], { byPicture: true }, ["video1.m3u8"]],
  ["two pictures", [VIDEO, { ...VIDEO, id: 9 }, AUDIO], {}, ["video1.m3u8", "video2.m3u8"]],
  ["sound alone", [VIDEO, AUDIO], { audioOnly: true }, ["mono.m3u8", "tracks-a1/mono.m3u8"]],
  ["sound alone of a radio", [AUDIO], { audioOnly: true }, ["mono.m3u8"]],
] as const) {
  test(`${name}: ${wanted.join(", ")}`, () => {
    const { variants, start } = tsVariants({ ...NONE, tracks, ...options });
    assert.deepEqual(
      variants.map(({ uri }) => uri),
      wanted,
    );
    assert.equal(start, undefined);
  });
}

test("players are told where to begin", () => {
  const { start } = tsVariants({ ...NONE, tracks: [VIDEO], startOffsetMs: 10_000 });
  assert.deepEqual(start, { timeOffsetUs: -10_000_000 });
});
