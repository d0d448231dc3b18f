import { SEGMENT_DURATION, SEGMENTS } from "@millrace/cmaf";
import { type OptionSpec, type Options, readOption } from "@millrace/model";

const HLS_OFF: OptionSpec = {
  name: "hls_off",
  scope: ["stream"],
  type: "flag",
  default: false,
  doc: "No HLS for this stream.",
};

const CONTAINER: OptionSpec = {
  name: "hls_container",
  scope: ["stream"],
  type: "word",
  choices: ["auto", "ts", "fmp4"],
  default: "auto",
  doc: "Segments that `index.m3u8` leads to. `auto`: transport stream, unless there are several pictures or sounds, or codecs that it does not carry for HLS players.",
  example: "hls_container fmp4;",
};

const AUDIO_ONLY: OptionSpec = {
  name: "add_audio_only",
  scope: ["stream"],
  type: "flag",
  default: false,
  doc: "Adds a variant without picture to `index.m3u8`, for players on thin lines.",
};

const START_OFFSET: OptionSpec = {
  name: "hls_start_offset",
  scope: ["stream"],
  type: "seconds",
  min: 1000,
  max: 3_600_000,
  doc: "How far from the end of the playlist players are told to begin (EXT-X-START); by themselves they begin three target durations from it.",
  example: "hls_start_offset 10;",
};

const SCTE35: OptionSpec = {
  name: "hls_scte35",
  scope: ["stream"],
  type: "word",
  choices: ["rfc8216", "cue", "both", "off"],
  default: "rfc8216",
  doc: "How splices (SCTE 35) stand in playlists: as EXT-X-DATERANGE, as EXT-X-CUE-OUT and EXT-X-CUE-IN, as both, or not at all.",
  example: "hls_scte35 cue;",
};

export const OPTIONS: readonly OptionSpec[] = [
  SEGMENTS,
  SEGMENT_DURATION,
  HLS_OFF,
  CONTAINER,
  AUDIO_ONLY,
  START_OFFSET,
  SCTE35,
];

export type Container = "ts" | "fmp4";

/** Which tags tell of splices. */
export interface SpliceTags {
  readonly dateRanges: boolean;
  readonly cues: boolean;
}

export interface HlsSettings {
  readonly segments: number;
  readonly segmentMs: number;
  readonly off: boolean;
  readonly container: Container | "auto";
  readonly audioOnly: boolean;
  /** From the end, milliseconds. */
  readonly startOffsetMs?: number;
  readonly splices: SpliceTags;
}

export function readSettings(options: Options): HlsSettings {
  const startOffsetMs = readOption(START_OFFSET, options) as number | undefined;
  const scte35 = readOption(SCTE35, options) as string;
  return {
    segments: readOption(SEGMENTS, options) as number,
    segmentMs: readOption(SEGMENT_DURATION, options) as number,
    off: readOption(HLS_OFF, options) as boolean,
    container: readOption(CONTAINER, options) as HlsSettings["container"],
    audioOnly: readOption(AUDIO_ONLY, options) as boolean,
    ...(startOffsetMs !== undefined && { startOffsetMs }),
    splices: {
      dateRanges: scte35 === "rfc8216" || scte35 === "both",
      cues: scte35 === "cue" || scte35 === "both",
    },
  };
}
