import { serializeAudioBody } from "./audio-body.ts";
import { ASC, AVC_RECORD, bytesOf, collect } from "./media.test-support.ts";
import { serializeVideoBody } from "./video-body.ts";

export const AVC = { codec: "h264", enhanced: false, frameType: 1 } as const;
export const AAC = { codec: "aac", enhanced: false } as const;
export const RAW_AAC: Uint8Array = bytesOf("2110048c");

export function avcConfig(record: Uint8Array = AVC_RECORD): Uint8Array {
  return serializeVideoBody({ ...AVC, packetType: "config", data: [record] });
}

export function avcFrame(data: Uint8Array, frameType = 1, compositionMs = 0): Uint8Array {
  return serializeVideoBody({ ...AVC, packetType: "frames", frameType, compositionMs, data: [data] });
}

export const ASC_BODY: Uint8Array = serializeAudioBody({ ...AAC, packetType: "config", data: [ASC] });
export const AAC_BODY: Uint8Array = serializeAudioBody({ ...AAC, packetType: "frames", data: [RAW_AAC] });

/** A stream with both media announced. */
export function running() {
  const all = collect();
  all.demuxer.video(avcConfig(), 0);
  all.demuxer.audio(ASC_BODY, 0);
  return all;
}
