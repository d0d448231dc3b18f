import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PlaylistProblem } from "../errors.ts";
import { arbitraryOf } from "../testing/arbitrary-shape.ts";
import type { SmoothManifest } from "./manifest.ts";
import { parseSmoothManifest } from "./parse.ts";
import { manifestShape } from "./shapes.ts";
import { smoothFragmentUrl, writeSmoothManifest } from "./write.ts";

const LIVE: SmoothManifest = {
  timescale: 10_000_000,
  durationTicks: 0,
  isLive: true,
  lookAheadFragmentCount: 2,
  dvrWindowTicks: 600_000_000,
  protection: { systemId: "9A04F079-9840-4286-AB92-E65BE0885F95", header: Uint8Array.of(1, 2) },
  streams: [
    {
      type: "video",
      name: "video",
      url: "QualityLevels({bitrate})/Fragments(video={start time})",
      maxWidth: 1280,
      maxHeight: 720,
      qualityLevels: [
        {
          index: 0,
          bitrate: 3_000_000,
          fourCc: "H264",
          maxWidth: 1280,
          maxHeight: 720,
          codecPrivateData: Uint8Array.of(0, 0, 0, 1, 0x67),
        },
      ],
      chunks: [
        { startTicks: 17_000_000_000, durationTicks: 20_000_000, repeat: 3 },
        { durationTicks: 19_200_000 },
      ],
    },
    {
      type: "audio",
      name: "audio_eng",
      language: "eng",
      url: "QualityLevels({bitrate})/Fragments(audio_eng={start time})",
      qualityLevels: [
        {
          index: 0,
          bitrate: 128_000,
          fourCc: "AACL",
          samplingRateHz: 48_000,
          channels: 2,
          bitsPerSample: 16,
          packetSize: 4,
          audioTag: 255,
          codecPrivateData: Uint8Array.of(0x11, 0x90),
        },
      ],
      chunks: [{ startTicks: 17_000_000_000, durationTicks: 20_053_333 }],
    },
  ],
};

test("a live manifest is written as clients want it", () => {
  assert.equal(
    writeSmoothManifest(LIVE),
    `<?xml version="1.0" encoding="UTF-8"?>
<SmoothStreamingMedia MajorVersion="2" MinorVersion="2" TimeScale="10000000" Duration="0" IsLive="TRUE" LookAheadFragmentCount="2" DVRWindowLength="600000000">
  <Protection>
    <ProtectionHeader SystemID="9A04F079-9840-4286-AB92-E65BE0885F95">AQI=</ProtectionHeader>
  </Protection>
  <StreamIndex Type="video" Name="video" Url="QualityLevels({bitrate})/Fragments(video={start time})" MaxWidth="1280" MaxHeight="720" Chunks="4" QualityLevels="1">
    <QualityLevel Index="0" Bitrate="3000000" FourCC="H264" MaxWidth="1280" MaxHeight="720" CodecPrivateData="0000000167"/>
    <c t="17000000000" d="20000000" r="3"/>
    <c d="19200000"/>
  </StreamIndex>
  <StreamIndex Type="audio" Name="audio_eng" Language="eng" Url="QualityLevels({bitrate})/Fragments(audio_eng={start time})" Chunks="1" QualityLevels="1">
    <QualityLevel Index="0" Bitrate="128000" FourCC="AACL" SamplingRate="48000" Channels="2" BitsPerSample="16" PacketSize="4" AudioTag="255" CodecPrivateData="1190"/>
    <c t="17000000000" d="20053333"/>
  </StreamIndex>
</SmoothStreamingMedia>
`,
  );
  assert.deepEqual(parseSmoothManifest(writeSmoothManifest(LIVE)), LIVE);
});

test("any manifest reads as it was written", () => {
  fc.assert(
    fc.property(arbitraryOf(manifestShape), ({ major: _major, minor: _minor, protection, ...rest }) => {
      const manifest: SmoothManifest = {
        timescale: 10_000_000,
        lookAheadFragmentCount: 1,
        ...rest,
        ...(protection?.header && { protection: protection.header }),
      };
      const problems: PlaylistProblem[] = [];
      assert.deepEqual(parseSmoothManifest(writeSmoothManifest(manifest), problems), manifest);
      assert.deepEqual(problems, []);
    }),
    { numRuns: 100 },
  );
});

test("the URL of a fragment has its bitrate and time", () => {
  const url = "QualityLevels({Bitrate})/Fragments(video={start_time})";
  const path = "QualityLevels(3000)/Fragments(video=17000000000)";
  assert.equal(smoothFragmentUrl(url, { bitrate: 3000, startTicks: 17_000_000_000 }), path);
});

test("what is no manifest, or cannot be written, is refused", () => {
  assert.throws(() => parseSmoothManifest("<MPD/>"), { code: "playlist.not-smooth" });
  assert.throws(() => parseSmoothManifest("<a"), { code: "playlist.not-xml" });
  const { lookAheadFragmentCount: _count, ...without } = LIVE;
  assert.throws(() => writeSmoothManifest(without), { code: "playlist.bad-value" });
  assert.throws(() => writeSmoothManifest({ ...LIVE, durationTicks: -1 }), { code: "playlist.bad-value" });
});
