import { type OptionSpec, type Options, readOption } from "@millrace/model";

/** Declared by HLS, which all formats of segments follow. */
export const SEGMENTS: OptionSpec = {
  name: "segments",
  scope: ["stream"],
  type: "integer",
  default: 4,
  min: 3,
  max: 1000,
  doc: "Segments in the live playlist, at least. More are listed while they last less than three target durations.",
  example: "segments 5;",
};

/** Declared by HLS, too. */
export const SEGMENT_DURATION: OptionSpec = {
  name: "segment_duration",
  scope: ["stream"],
  type: "seconds",
  default: 2000,
  min: 1000,
  max: 60_000,
  doc: "Wanted duration of a segment. Segments begin at key frames: the real duration is the nearest one that these allow.",
  example: "segment_duration 4;",
};

export const PART_DURATION: OptionSpec = {
  name: "part_duration",
  aliases: ["chunk_duration"],
  scope: ["stream"],
  type: "milliseconds",
  default: 300,
  min: 100,
  max: 2000,
  doc: "Wanted duration of a part of a segment, in milliseconds: what low-latency HLS and DASH hand out before the segment is whole.",
  example: "part_duration 500;",
};

export interface SegmentSettings {
  readonly segments: number;
  readonly segmentMs: number;
  readonly partMs: number;
}

export function readSegmentSettings(options: Options): SegmentSettings {
  return {
    segments: readOption(SEGMENTS, options) as number,
    segmentMs: readOption(SEGMENT_DURATION, options) as number,
    partMs: readOption(PART_DURATION, options) as number,
  };
}
