import { type OptionSpec, type Options, readOption } from "@millrace/model";

const SEGMENTS: OptionSpec = {
  name: "segments",
  scope: ["stream"],
  type: "integer",
  default: 4,
  min: 3,
  max: 1000,
  doc: "Segments in the live playlist, at least. More are listed while they last less than three target durations.",
  example: "segments 5;",
};

const SEGMENT_DURATION: OptionSpec = {
  name: "segment_duration",
  scope: ["stream"],
  type: "seconds",
  default: 2000,
  min: 1000,
  max: 60_000,
  doc: "Wanted duration of a segment. Segments begin at key frames: the real duration is the nearest one that these allow.",
  example: "segment_duration 4;",
};

const HLS_OFF: OptionSpec = {
  name: "hls_off",
  scope: ["stream"],
  type: "flag",
  default: false,
  doc: "No HLS for this stream.",
};

export const OPTIONS: readonly OptionSpec[] = [SEGMENTS, SEGMENT_DURATION, HLS_OFF];

export interface HlsSettings {
  readonly segments: number;
  readonly segmentMs: number;
  readonly off: boolean;
}

export function readSettings(options: Options): HlsSettings {
  return {
    segments: readOption(SEGMENTS, options) as number,
    segmentMs: readOption(SEGMENT_DURATION, options) as number,
    off: readOption(HLS_OFF, options) as boolean,
  };
}
