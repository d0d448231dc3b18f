import type { Source } from "./codings.ts";

/** How a stream is handed out. */
export interface Format {
  readonly name: string;
  /** Behind the stream's name. */
  readonly path: string;
  /** Codecs it can hold, in FFmpeg's words. */
  readonly video: readonly string[];
  readonly audio: readonly string[];
  /** It has one track. */
  readonly single?: boolean;
  /** It comes in segments. */
  readonly segments?: boolean;
  /** Codecs in the format that older programs do not know: enhanced RTMP is younger than FFmpeg 5 and GStreamer 1.22. */
  readonly enhanced?: readonly string[];
  /** Programs that do not read it at all, and why. */
  readonly unread?: Readonly<Partial<Record<"ffmpeg" | "gstreamer", string>>>;
}

const TS_VIDEO = ["h264", "hevc", "mpeg2video"];
const TS_AUDIO = ["aac", "ac3", "eac3", "opus", "mp3", "mp2"];
const MP4_VIDEO = ["h264", "hevc", "av1", "vp9", "mpeg2video"];
const MP4_AUDIO = ["aac", "ac3", "eac3", "opus", "mp3", "mp2", "flac"];

const BROWSER = "its client is the player in browsers: tests/interop/mse.test.ts";

function sound(name: string, path: string, audio: readonly string[]): Format {
  return { name, path, video: [], audio, single: true };
}

export const FORMATS: readonly Format[] = [
  { name: "http-ts", path: "/mpegts", video: TS_VIDEO, audio: TS_AUDIO },
  { name: "hls-ts", path: "/mono.m3u8", video: TS_VIDEO, audio: TS_AUDIO, segments: true },
  { name: "hls-fmp4", path: "/index.fmp4.m3u8", video: MP4_VIDEO, audio: MP4_AUDIO, segments: true },
  { name: "ll-hls", path: "/index.ll.m3u8", video: MP4_VIDEO, audio: MP4_AUDIO, segments: true },
  { name: "dash", path: "/index.mpd", video: MP4_VIDEO, audio: MP4_AUDIO, segments: true },
  { name: "ll-dash", path: "/index.ll.mpd", video: MP4_VIDEO, audio: MP4_AUDIO, segments: true },
  {
    name: "smooth",
    path: ".isml/Manifest",
    video: ["h264"],
    audio: ["aac"],
    segments: true,
    unread: { ffmpeg: "FFmpeg does not read Smooth Streaming" },
  },
  {
    name: "hds",
    path: "/manifest.f4m",
    video: ["h264"],
    audio: ["aac"],
    segments: true,
    unread: { ffmpeg: "FFmpeg does not read HDS", gstreamer: "GStreamer does not read HDS" },
  },
  {
    name: "mse-ld",
    path: "/mse_ld",
    video: MP4_VIDEO,
    audio: MP4_AUDIO,
    unread: { ffmpeg: BROWSER, gstreamer: BROWSER },
  },
  {
    name: "flv",
    path: ".flv",
    video: ["h264", "hevc", "av1", "vp9"],
    audio: ["aac", "mp3", "ac3", "eac3", "opus", "flac"],
    enhanced: ["hevc", "av1", "vp9", "ac3", "eac3", "opus", "flac"],
  },
  { name: "mp4", path: ".mp4", video: MP4_VIDEO, audio: MP4_AUDIO },
  { name: "mkv", path: ".mkv", video: MP4_VIDEO, audio: MP4_AUDIO },
  { name: "webm", path: ".webm", video: ["av1", "vp9"], audio: ["opus"] },
  sound("ogg", ".ogg", ["opus", "flac"]),
  sound("mp3", ".mp3", ["mp3", "mp2"]),
  sound("aac", ".aac", ["aac"]),
  sound("ac3", ".ac3", ["ac3"]),
  sound("eac3", ".eac3", ["eac3"]),
  sound("shoutcast", "/shoutcast", ["aac", "mp3", "mp2"]),
];

/** Which of the tracks are coded as older programs do not know it in this format. */
export function enhancedIn(format: Format, { video, audio }: Fitting): string[] {
  return [video, audio].filter(
    (codec) => codec !== undefined && (format.enhanced?.includes(codec) ?? false),
  ) as string[];
}

/** What a format has of a source; undefined if nothing. */
export interface Fitting {
  readonly video?: string;
  readonly audio?: string;
}

export function fitting(format: Format, source: Source): Fitting | undefined {
  const { video, audio } = source;
  const fits = {
    ...(video !== undefined && format.video.includes(video) && { video }),
    ...(audio !== undefined && format.audio.includes(audio) && { audio }),
  };
  return Object.keys(fits).length === 0 ? undefined : fits;
}
