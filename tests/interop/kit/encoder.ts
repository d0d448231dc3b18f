import { run } from "../../e2e/kit/programs.ts";
import type { Scope } from "../../e2e/kit/scope.ts";
import { Background } from "./background.ts";

/** Frames a second of every generated picture. */
export const FPS = 25;
/** Frames from one key frame to the next. */
export const GOP = 25;
/** A white flash and a beep begin together with every such period. Seconds. */
export const FLASH_PERIOD_S = 2;
/** How long each lasts, seconds. */
const FLASH_S = 0.2;

const isOn = `lt(mod(t\\,${FLASH_PERIOD_S})\\,${FLASH_S})`;

/** Encoders of FFmpeg by the name ffprobe gives to what they make, with settings for a live stream that cost little. */
const VIDEO = {
  h264: ["libx264", "-preset", "veryfast", "-bf", "3", "-x264-params", "scenecut=0:threads=1"],
  hevc: ["libx265", "-preset", "ultrafast", "-x265-params", "bframes=2:log-level=0:pools=1:scenecut=0"],
  mpeg2video: ["mpeg2video", "-bf", "2", "-b:v", "800k"],
  av1: ["libsvtav1", "-preset", "12", "-svtav1-params", "lp=1"],
  vp9: ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k", "-threads", "1"],
};
const AUDIO = {
  aac: ["aac"],
  mp2: ["mp2"],
  mp3: ["libmp3lame"],
  ac3: ["ac3"],
  eac3: ["eac3"],
  opus: ["libopus"],
  flac: ["flac"],
};

export interface Coding {
  readonly video?: keyof typeof VIDEO;
  readonly audio?: keyof typeof AUDIO;
  /** WIDTHxHEIGHT. */
  readonly size?: string;
}

/**
 * Arguments that make FFmpeg generate and encode a test picture with a flash, and a beep at the same time: live, or so
 * many seconds as fast as it can.
 */
export function encoding(coding: Coding, seconds?: number): string[] {
  const pace = seconds === undefined ? ["-re"] : [];
  const args = ["-hide_banner", "-nostdin", "-loglevel", "warning"];
  const { video, audio, size = "320x180" } = coding;
  if (video !== undefined) {
    const picture = `testsrc2=size=${size}:rate=${FPS},lutyuv=y=val*0.3`;
    const flash = `drawbox=color=white:t=fill:enable='${isOn}'`;
    args.push(...pace, "-f", "lavfi", "-i", `${picture},${flash},format=yuv420p`);
  }
  if (audio !== undefined) {
    args.push(...pace, "-f", "lavfi", "-i", `aevalsrc='0.5*sin(2*PI*1000*t)*${isOn}':s=48000:c=stereo`);
  }
  if (video !== undefined) args.push("-c:v", ...VIDEO[video], "-g", String(GOP));
  if (audio !== undefined) args.push("-c:a", ...AUDIO[audio], "-b:a", "96k", "-ac", "2");
  if (seconds !== undefined) args.push("-t", String(seconds));
  return args;
}

/** FFmpeg as an encoder that sends a transport stream to a URL, live. */
export function startEncoder(
  t: Pick<Scope, "after">,
  coding: Coding,
  output: { url: string; options?: readonly string[]; format?: string },
): Background {
  const { url, options = [], format = "mpegts" } = output;
  return Background.start(t, "ffmpeg", [...encoding(coding), ...options, "-f", format, url]);
}

/** A file with so many seconds, of a transport stream unless told otherwise. */
export async function encodeFile(
  file: string,
  coding: Coding,
  seconds: number,
  { format = "mpegts", timeoutMs = 30_000 }: { format?: string; timeoutMs?: number } = {},
): Promise<void> {
  const args = [...encoding(coding, seconds), "-strict", "-2", "-y", "-f", format, file];
  const { status, stderr } = await run("ffmpeg", args, timeoutMs);
  if (status !== 0) throw new Error(`ffmpeg could not encode: ${stderr}`);
}
