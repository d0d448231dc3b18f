import type { Coding } from "../interop/kit/encoder.ts";

/** How a source comes into the server. */
export type Way = "mpegts" | "rtmp" | "file";

/** A stream that is looked at in all formats. */
export interface Source {
  /** As `--only` calls it: `h264+aac`, `aac`, `dvb-ac3`. */
  readonly name: string;
  readonly way: Way;
  /** Codecs of the first picture and the first sound, in FFmpeg's words. */
  readonly video?: string;
  readonly audio?: string;
  /** Encoded here, with flashes and beeps by which picture and sound are held against each other. */
  readonly coding?: Coding;
  readonly capture?: Capture;
}

/** What was recorded once, played again and again. */
export interface Capture {
  /** Below shared/media, joined in this order. */
  readonly files: readonly string[];
  /** Pictures a second, at least: laps end with what has no time of its own. */
  readonly fps: number;
  /** It is cut off in the middle of frames: decoders complain at each lap, and are not asked. */
  readonly cutOff?: boolean;
}

type Video = NonNullable<Coding["video"]>;
type Audio = NonNullable<Coding["audio"]>;

const TS_VIDEO: readonly (Video | undefined)[] = ["h264", "hevc", "mpeg2video", undefined];
const TS_AUDIO: readonly (Audio | undefined)[] = ["aac", "ac3", "eac3", "opus", "mp3", "mp2", undefined];
/** What FFmpeg 8 sends as enhanced RTMP: no transport stream has these codecs. */
const RTMP_ONLY_VIDEO: readonly Video[] = ["av1", "vp9"];
const RTMP_AUDIO: readonly (Audio | undefined)[] = ["aac", "ac3", "eac3", "opus", "mp3", "flac", undefined];

/**
 * Codecs that no input carries together: a transport stream has no AV1, VP9 and FLAC, RTMP neither MPEG-2 video nor MPEG
 * audio of layer 2.
 */
export const NO_INPUT: readonly string[] = ["av1+mp2", "vp9+mp2", "mpeg2video+flac"];

function encoded(way: Way, video: Video | undefined, audio: Audio | undefined): Source {
  const name = [video, audio].filter((codec) => codec !== undefined).join("+");
  const coding = { size: "192x108", ...(video && { video }), ...(audio && { audio }) };
  return { name, way, coding, ...(video && { video }), ...(audio && { audio }) };
}

const DVB = "ts/ac3/dvb-h264-ac3-segments";

/** Everything that is looked at. */
export const SOURCES: readonly Source[] = [
  ...TS_VIDEO.flatMap((video) =>
    TS_AUDIO.flatMap((audio) => (video || audio ? [encoded("mpegts", video, audio)] : [])),
  ),
  ...RTMP_ONLY_VIDEO.flatMap((video) => RTMP_AUDIO.map((audio) => encoded("rtmp", video, audio))),
  ...(["h264", "hevc", undefined] as const).map((video) => encoded("rtmp", video, "flac")),
  {
    name: "long-aac",
    way: "file",
    video: "h264",
    audio: "aac",
    // It ends within a packet, and has pictures that are shown before they are decoded.
    capture: { files: ["ts/h264-aac/main.ts"], fps: 29, cutOff: true },
  },
  {
    name: "dvb-ac3",
    way: "file",
    video: "h264",
    audio: "ac3",
    capture: { files: [0, 1, 2].map((n) => `${DVB}/s_0000${n}.ts`), fps: 24 },
  },
  {
    name: "dvb-mpeg2",
    way: "file",
    video: "mpeg2video",
    audio: "mp2",
    capture: { files: ["ts/mpeg2-mp2/test-025.ts"], fps: 23, cutOff: true },
  },
  {
    name: "dvb-multi-audio",
    way: "file",
    video: "h264",
    audio: "eac3",
    capture: { files: ["ts/eac3/test-026.ts"], fps: 11, cutOff: true },
  },
  // Pictures and sound with the subtitles of a capture that has nothing else.
  {
    name: "teletext",
    way: "file",
    video: "h264",
    audio: "aac",
    capture: { files: [], fps: 24, cutOff: true },
  },
];
