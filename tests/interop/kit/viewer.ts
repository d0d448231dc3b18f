import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../e2e/kit/programs.ts";

/** One decoded frame: when it is shown, and how bright the picture or how loud the sound is. */
interface Level {
  readonly pts: number;
  readonly level: number;
}

/** What FFmpeg saw and heard of a stream. */
export interface Seen {
  /** Codec names as FFmpeg prints them, video first. */
  readonly codecs: readonly string[];
  readonly video: readonly Level[];
  readonly audio: readonly Level[];
  /** Everything that FFmpeg warned of while it decoded. */
  readonly complaints: readonly string[];
  readonly size: string | undefined;
}

export interface Watching {
  readonly seconds: number;
  readonly timeoutMs?: number;
  readonly video?: boolean;
  readonly audio?: boolean;
  /** Off, brightness and loudness are not measured, which saves most of the work. */
  readonly measure?: boolean;
  /** Options ahead of the URL. */
  readonly input?: readonly string[];
}

/** Lines that are no complaints: what FFmpeg tells of streams it has nothing to do with, or of joining in the middle. */
const HARMLESS = [
  /^\s*$/,
  /^\[(hls|https?|mpegts)\] (Opening|Skip \(|HTTP)/,
  /Consider increasing the value for the 'analyzeduration'/,
  /Could not find codec parameters for stream \d+ \((Subtitle|Data|Unknown)/,
  /start time for stream \d+ is not set in estimate_timings_from_pts/,
];

/** FFmpeg decodes some seconds of a URL. Rejects when it gets nothing. */
export async function watch(url: string, watching: Watching): Promise<Seen> {
  const { seconds, timeoutMs = 14_000, video = true, audio = true, measure = true, input = [] } = watching;
  const folder = mkdtempSync(join(tmpdir(), "millrace-seen-"));
  const [picture, sound] = [join(folder, "video"), join(folder, "audio")];
  const args = ["-hide_banner", "-nostdin", "-loglevel", "level+info", "-threads", "1"];
  args.push(...input, "-i", url);
  // Trimmed ahead of everything: what lies behind the end may lack pictures that others refer to.
  if (video) {
    const filters = `trim=duration=${seconds},${printing(measure && "signalstats", YAVG, "metadata", picture)}`;
    args.push("-map", "0:v:0", "-vf", filters, "-fps_mode", "passthrough", "-f", "null", "-");
  }
  if (audio) {
    const stats = measure && "astats=metadata=1:reset=1";
    const filters = `atrim=duration=${seconds},${printing(stats, RMS, "ametadata", sound)}`;
    args.push("-map", "0:a:0", "-af", filters, "-f", "null", "-");
  }
  const { stderr, status } = await run("ffmpeg", args, timeoutMs);
  try {
    if (status !== 0) throw new Error(`ffmpeg ended with ${status} after ${timeoutMs} ms at most: ${stderr}`);
    return {
      codecs: codecsIn(stderr),
      video: video ? levelsIn(readFileSync(picture, "utf8")) : [],
      audio: audio ? levelsIn(readFileSync(sound, "utf8")) : [],
      complaints: complaintsIn(stderr),
      size: /Video: .*?, (\d{2,5}x\d{2,5})/.exec(stderr)?.[1],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const YAVG = "lavfi.signalstats.YAVG";
const RMS = "lavfi.astats.1.RMS_level";

/** Filters that write time and one measurement of each frame into a file; zeros without the filter that measures. */
function printing(stats: string | false, key: string, filter: string, file: string): string {
  const measured = stats || `${filter}=mode=add:key=${key}:value=0`;
  return `${measured},${filter}=print:key=${key}:file=${file}`;
}

function codecsIn(stderr: string): string[] {
  const input = stderr.split("Stream mapping:")[0] ?? "";
  return ["Video", "Audio"].flatMap((kind) =>
    [...input.matchAll(new RegExp(`${kind}: (\\w+)`, "g"))].map((match) => match[1] as string),
  );
}

/** Warnings and errors; a repeated message counts as one. */
export function complaintsIn(stderr: string): string[] {
  const lines = stderr
    .split(/[\r\n]+/)
    .filter((line) => /\[(warning|error|fatal|panic)\]/.test(line))
    .map((line) => line.replace(/\[(warning|error|fatal|panic)\] /, "").replace(/ @ 0x\w+\]/, "]"))
    .filter((line) => !HARMLESS.some((pattern) => pattern.test(line)));
  return [...new Set(lines)];
}

function levelsIn(text: string): Level[] {
  const levels: Level[] = [];
  let pts = Number.NaN;
  for (const line of text.split("\n")) {
    const time = /pts_time:(-?[\d.]+)/.exec(line)?.[1];
    if (time !== undefined) pts = Number(time);
    const level = /^lavfi\.[\w.]+=(.+)$/.exec(line)?.[1];
    if (level !== undefined) levels.push({ pts, level: level === "-inf" ? -1000 : Number(level) });
  }
  return levels;
}

/** The times at which a level rises over a threshold, seconds; a level that is high from the start does not count. */
export function onsets(levels: readonly Level[], threshold: number): number[] {
  const times: number[] = [];
  for (let i = 1; i < levels.length; i++) {
    const [before, now] = [levels[i - 1] as Level, levels[i] as Level];
    if (before.level < threshold && now.level >= threshold) times.push(now.pts);
  }
  return times;
}

/** Steps between frames that are not the expected one, as text. */
export function unevenSteps(levels: readonly Level[], stepS: number): string[] {
  const uneven: string[] = [];
  for (let i = 1; i < levels.length; i++) {
    const step = (levels[i] as Level).pts - (levels[i - 1] as Level).pts;
    if (Math.abs(step - stepS) > 0.002) uneven.push(`frame ${i}: ${step.toFixed(4)} s`);
  }
  return uneven;
}

/** Time from the first frame to the last, seconds. */
export function spanOf(levels: readonly Level[]): number {
  return (levels.at(-1)?.pts ?? 0) - (levels[0]?.pts ?? 0);
}

/**
 * Every flash seen comes with its beep: within a picture, an audio frame and the encoder's delay (AAC and MPEG audio
 * hold a frame or two back, and FFmpeg's transport stream cannot say so).
 */
export function assertInSync(video: readonly Level[], audio: readonly Level[], what: string): void {
  const flashes = onsets(video, 150);
  const beeps = onsets(audio, -30);
  assert.ok(flashes.length > 0, `${what}: no flash among ${video.length} pictures`);
  const [firstBeep = Number.NaN, lastBeep = Number.NaN] = [audio[0]?.pts, audio.at(-1)?.pts];
  for (const flash of flashes) {
    if (flash < firstBeep + 0.1 || flash > lastBeep - 0.1) continue;
    const distance = Math.min(...beeps.map((beep) => Math.abs(beep - flash)));
    assert.ok(distance < 0.08, `${what}: flash at ${flash} s, beeps at ${beeps.join(", ")} s`);
  }
}
