import assert from "node:assert/strict";
import { run } from "../../e2e/kit/programs.ts";
import { complaintsIn } from "./viewer.ts";

/** One coded frame: its times, and what its bytes are. */
export interface CodedFrame {
  readonly ptsMs: number;
  readonly dtsMs: number;
  /** MD5 of the bytes in the form that all containers have in common. */
  readonly hash: string;
}

/** The coded frames of a stream or file, in the order in which they came. */
export interface Coded {
  readonly video: readonly CodedFrame[];
  readonly audio: readonly CodedFrame[];
}

export type VideoCodec = "h264" | "hevc" | "av1";

export interface CodedOptions {
  /** So much from its start; the whole of it if not given. */
  readonly seconds?: number;
  readonly timeoutMs?: number;
  readonly codec?: VideoCodec;
  /** What FFmpeg may warn of. */
  readonly allowed?: RegExp;
}

/**
 * Filters that bring a codec's frames into the form that all containers have in common: start codes, and neither
 * parameter sets nor delimiters, which some containers keep elsewhere.
 */
const COMMON_FORM: Readonly<Record<VideoCodec, string>> = {
  h264: "h264_mp4toannexb,filter_units=remove_types=7-9",
  hevc: "hevc_mp4toannexb,filter_units=remove_types=32-35",
  av1: "av1_metadata=td=remove",
};

/** FFmpeg reads frames without decoding them. Rejects when it gets none, or warns of anything. */
export async function readCoded(url: string, options: CodedOptions = {}): Promise<Coded> {
  const { seconds, timeoutMs = 20_000, codec = "h264", allowed } = options;
  const args = ["-hide_banner", "-nostdin", "-loglevel", "level+warning", "-i", url];
  if (seconds !== undefined) args.push("-t", String(seconds));
  args.push("-map", "0:v", "-map", "0:a", "-c", "copy", "-bsf:v", COMMON_FORM[codec]);
  args.push("-bsf:a", "aac_adtstoasc", "-f", "framehash", "-hash", "md5", "-");
  const { status, stdout, stderr } = await run("ffmpeg", args, timeoutMs);
  assert.equal(status, 0, `${url}: ${stderr}`);
  assert.deepEqual(
    complaintsIn(stderr).filter((line) => !(allowed?.test(line) ?? false)),
    [],
    url,
  );
  return codedIn(stdout);
}

/** What FFmpeg's `framehash` prints. */
function codedIn(text: string): Coded {
  const tickMs: number[] = [];
  const frames: CodedFrame[][] = [[], []];
  for (const line of text.split("\n")) {
    const tick = /^#tb (\d): (\d+)\/(\d+)/.exec(line);
    if (tick !== null) tickMs[Number(tick[1])] = (1000 * Number(tick[2])) / Number(tick[3]);
    if (!/^[01],/.test(line)) continue;
    const [track, dts, pts, , , hash = ""] = line.split(",").map((field) => field.trim());
    const ms = (ticks: string | undefined): number => Number(ticks) * (tickMs[Number(track)] ?? Number.NaN);
    frames[Number(track)]?.push({ dtsMs: ms(dts), ptsMs: ms(pts), hash });
  }
  return { video: frames[0] as CodedFrame[], audio: frames[1] as CodedFrame[] };
}

/** By how much a stretch of frames may be off, milliseconds. */
export interface Tolerance {
  readonly video?: number;
  readonly audio?: number;
}

/** Sums of numbers that are no integers are off by so little. */
const ROUNDING_MS = 0.01;

/**
 * What was seen is an unbroken stretch of what was sent, bit for bit, with the same offset for each frame's PTS and DTS,
 * pictures and sound alike. Answers that offset, milliseconds.
 */
export function assertStretch(
  seen: Coded,
  sent: Coded,
  { what, off = {} }: { what: string; off?: Tolerance },
): number {
  const from = whereIs(seen.video, sent.video, `${what}, video`);
  const offsetMs = (seen.video[0] as CodedFrame).dtsMs - (sent.video[from] as CodedFrame).dtsMs;
  const fromAudio = whereIs(seen.audio, sent.audio, `${what}, audio`);
  const misplaced = [
    ...misplacedIn(seen.video, sent.video.slice(from), [offsetMs, off.video ?? 0]),
    ...misplacedIn(seen.audio, sent.audio.slice(fromAudio), [offsetMs, off.audio ?? 1]),
  ];
  assert.deepEqual(misplaced.slice(0, 10), [], `${what}: ${misplaced.length} times are wrong`);
  return offsetMs;
}

/** The index in `sent` of the first frame that was seen; all others must follow as they were sent. */
function whereIs(seen: readonly CodedFrame[], sent: readonly CodedFrame[], what: string): number {
  const [first, second] = seen;
  assert.ok(first !== undefined && second !== undefined, `${what}: ${seen.length} frames`);
  const from = sent.findIndex(
    ({ hash }, i) => hash === first.hash && (sent[i + 1] as CodedFrame).hash === second.hash,
  );
  assert.ok(from >= 0, `${what}: the first frames were never sent`);
  const different = seen.findIndex(({ hash }, i) => hash !== sent[from + i]?.hash);
  assert.equal(different, -1, `${what}: ${different} of ${seen.length} frames are right, the next is not`);
  return from;
}

function misplacedIn(
  seen: readonly CodedFrame[],
  sent: readonly CodedFrame[],
  [offsetMs, toleranceMs]: readonly [number, number],
): string[] {
  return seen.flatMap(({ ptsMs, dtsMs }, i) => {
    const other = sent[i] as CodedFrame;
    const [pts, dts] = [ptsMs - other.ptsMs - offsetMs, dtsMs - other.dtsMs - offsetMs];
    const most = toleranceMs + ROUNDING_MS;
    return Math.abs(pts) <= most && Math.abs(dts) <= most
      ? []
      : [`frame ${i}: PTS is off by ${pts} ms, DTS by ${dts} ms`];
  });
}

/** Time from the first of the frames to the last, seconds. */
export function secondsOf(frames: readonly CodedFrame[]): number {
  return ((frames.at(-1)?.dtsMs ?? 0) - (frames[0]?.dtsMs ?? 0)) / 1000;
}

/** Encoders that cost little; the pictures come in another order than they are shown, where the codec has that. */
const ENCODERS: Readonly<Record<VideoCodec, readonly string[]>> = {
  h264: ["libx264", "-preset", "ultrafast", "-bf", "2", "-b_strategy", "0", "-g", "20"],
  hevc: [
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "bframes=2:b-adapt=0:keyint=20:log-level=0:pools=1",
  ],
  av1: ["libsvtav1", "-preset", "12", "-g", "20"],
};

export interface UniqueFile {
  readonly seconds: number;
  /** WIDTHxHEIGHT. */
  readonly size?: string;
  readonly codec?: VideoCodec;
}

/**
 * A file, in the format that its name says, in which no frame is like another: video with pictures missing at random so that no
 * two stretches have the same times, and AAC.
 */
export async function encodeUnique(file: string, unique: UniqueFile): Promise<void> {
  const { seconds, size = "320x180", codec = "h264" } = unique;
  const video = [
    "-f",
    "lavfi",
    "-i",
    `testsrc2=size=${size}:rate=25,select='gt(random(7)\\,0.2)',format=yuv420p`,
  ];
  // A sweep: a steady tone makes frames that are all the same.
  const audio = ["-f", "lavfi", "-i", "aevalsrc='0.4*sin(2*PI*t*(300+5*t))+0.05*random(1)':s=48000"];
  const { status, stderr } = await run(
    "ffmpeg",
    [
      ...["-v", "error", "-nostdin", ...video, ...audio, "-c:v", ...ENCODERS[codec], "-fps_mode", "vfr"],
      ...["-c:a", "aac", "-b:a", "48k", "-t", String(seconds), "-y", file],
    ],
    60_000,
  );
  assert.equal(status, 0, stderr);
}
