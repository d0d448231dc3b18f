import { buildDops } from "@millrace/codec";
import type { Track } from "@millrace/model";
import { bytesOf } from "./media.test-support.ts";

/** 320x240, High profile, level 1.3, samples of 4:3. */
export const AVC_RECORD: Uint8Array = bytesOf(
  "01640020ffe1001967640020acd940c029b011000003000100000300320f18319601000568ebecb22c",
);
export const SPS: Uint8Array = bytesOf("67640020acd940c029b011000003000100000300320f183196");
export const PPS: Uint8Array = bytesOf("68ebecb22c");
/** An IDR slice and a P slice (of nothing), each behind its length. */
export const IDR: Uint8Array = bytesOf("00000005 6588820011");
export const P_SLICE: Uint8Array = bytesOf("00000005 419a236360");

export const H264: Track = {
  id: 1,
  kind: "video",
  codec: "h264",
  timescale: 90_000,
  config: AVC_RECORD,
  codecString: "avc1.640020",
  video: { width: 768, height: 320, profile: 100, level: 32 },
};
export const AAC: Track = {
  id: 2,
  kind: "audio",
  codec: "aac",
  timescale: 90_000,
  language: "deu",
  config: bytesOf("1210"),
  codecString: "mp4a.40.2",
  audio: { sampleRate: 44_100, channels: 2, frameSamples: 1024, profile: 2 },
};
export const OPUS: Track = {
  id: 3,
  kind: "audio",
  codec: "opus",
  timescale: 90_000,
  config: buildDops({ channels: 2, preSkip: 312, inputSampleRate: 48_000, outputGain: 0, mappingFamily: 0 }),
  audio: { sampleRate: 48_000, channels: 2 },
};
export const WEBVTT: Track = {
  id: 4,
  kind: "subtitle",
  codec: "webvtt",
  timescale: 90_000,
  language: "de-AT",
};
