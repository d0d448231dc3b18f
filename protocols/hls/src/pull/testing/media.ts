import {
  adtsFields,
  buildAudioSpecificConfig,
  parseAudioSpecificConfig,
  writeAdtsHeader,
} from "@millrace/codec";
import { fragmentHead, initSegment } from "@millrace/isobmff";
import type { Ticks, Track } from "@millrace/model";
import { PACKET_SIZE } from "@millrace/mpegts";
import { countedTs } from "../../../../../tests/contract/index.ts";

/** AAC-LC, 48 kHz, stereo. */
const AAC = buildAudioSpecificConfig({ objectType: 2, sampleRate: 48_000, channelConfig: 2 });

/** 320x240, High profile, level 1.3. */
const AVC = Buffer.from(
  "01640020ffe1001967640020acd940c029b011000003000100000300320f18319601000568ebecb22c",
  "hex",
);
const IDR = Buffer.from("000000056588820011", "hex");
const P_SLICE = Buffer.from("00000005419a236360", "hex");

export const VIDEO: Track = { id: 1, kind: "video", codec: "h264", timescale: 90_000, config: AVC };

/** Header of fragmented MP4 with one track of video. */
export const VIDEO_INIT: Uint8Array = initSegment([{ trackId: 1, track: VIDEO, timescale: 90_000 }]);

/** A fragment of 25 frames a second, the first of them a key frame. `time`: ticks of its first. */
export function videoFragment(time: Ticks, frames: number): Uint8Array {
  const samples = Array.from({ length: frames }, (_, i) => ({
    durationTicks: 3600,
    compositionOffsetTicks: 0,
    key: i === 0,
    size: i === 0 ? IDR.length : P_SLICE.length,
  }));
  const head = fragmentHead({ sequence: 1, runs: [{ trackId: 1, baseDecodeTime: time, samples }] });
  return Buffer.concat([head, ...samples.map(({ key }) => (key ? IDR : P_SLICE))]);
}

/** Packed AAC, each frame's bytes `fill`; with the time of its first frame in an ID3 tag where one is given (RFC 8216 §3.4). */
export function packedAac(frames: number, fill: number, time?: Ticks): Uint8Array {
  const config = parseAudioSpecificConfig(AAC);
  if (config === undefined) throw new Error("no configuration");
  const frame = new Uint8Array(7 + 50).fill(fill);
  writeAdtsHeader(frame, adtsFields(config), 50);
  const tag = time === undefined ? [] : [timestampTag(time)];
  return Buffer.concat([...tag, ...Array.from({ length: frames }, () => frame)]);
}

function timestampTag(time: Ticks): Buffer {
  const owner = Buffer.from("com.apple.streaming.transportStreamTimestamp\0");
  const value = Buffer.alloc(8);
  value.writeBigUInt64BE(BigInt(time));
  const size = owner.length + 8;
  const frame = Buffer.concat([Buffer.from("PRIV"), Buffer.from([0, 0, 0, size, 0, 0]), owner, value]);
  return Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, frame.length]), frame]);
}

/** Segments of one transport stream, each so many packets. */
export function segmentsOf(count: number, packets = 300): Uint8Array[] {
  const whole = countedTs(count * packets);
  return Array.from({ length: count }, (_, i) =>
    whole.subarray(i * packets * PACKET_SIZE, (i + 1) * packets * PACKET_SIZE),
  );
}
