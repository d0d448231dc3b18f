import { FLASH_PERIOD_S } from "../interop/kit/encoder.ts";
import { onsets } from "../interop/kit/viewer.ts";
import type { Seen, SeenFrame } from "./cell.ts";
import type { Fitting } from "./formats.ts";

/** What is expected of what a program saw. */
export interface Expected {
  readonly tracks: Fitting;
  readonly seconds: number;
  readonly fps: number;
  /** All steps between pictures are the same; a capture's need not be. */
  readonly even: boolean;
  /** Warnings count, and the order of times: what is cut off has neither right where its laps meet. */
  readonly quiet: boolean;
  /** Flashes and beeps are there to be compared. */
  readonly measured: boolean;
}

/** Containers with times in milliseconds move a frame by so much; seconds. */
const ROUNDING_S = 0.0021;
/** The longest frame of sound that is known: 60 ms of Opus, with room. */
const LONGEST_SOUND_S = 0.13;
/** A picture, a frame of sound, and what an encoder holds back: MPEG audio and AAC hold a frame or two. */
const SYNC_S = 0.1;
/** Of the frames that the encoders here make. */
const FRAME_SAMPLES: Readonly<Record<string, number>> = {
  aac: 1024,
  ac3: 1536,
  eac3: 1536,
  mp2: 1152,
  mp3: 1152,
  opus: 960,
};
const SAMPLE_RATE = 48_000;
/** As bright is a flash, as loud a beep. */
const BRIGHT = 150;
const LOUD_DB = -30;
const MOST_COMPLAINTS = 5;

/** What is wrong with it, in words. */
export function judge(seen: Seen, expected: Expected): string[] {
  const { tracks, seconds, fps, even, quiet, measured } = expected;
  const failures: string[] = [];
  if (tracks.video !== undefined) {
    const { video } = seen;
    const [least, most] = even ? [seconds * fps - 1, seconds * fps + 1] : [seconds * fps, Infinity];
    if (video.length < least || video.length > most)
      failures.push(`${video.length} pictures instead of ${seconds * fps}`);
    if (isDecoded(video)) {
      if (even) failures.push(...uneven(video, 1 / fps));
      if (quiet) failures.push(...backwards("picture", video));
    }
  }
  if (tracks.audio !== undefined) {
    const span = spanOf(seen.audio);
    // Each lap of what is cut off loses frames at its ends.
    if (span < (quiet ? seconds - 0.5 : seconds * 0.75))
      failures.push(`${span.toFixed(2)} s of sound instead of ${seconds}`);
    if (isDecoded(seen.audio)) {
      if (even) failures.push(...holes(seen.audio, tracks.audio));
      if (quiet) failures.push(...backwards("frame of sound", seen.audio));
    }
  }
  if (measured && tracks.video !== undefined && tracks.audio !== undefined) failures.push(...unsynced(seen));
  if (quiet) failures.push(...summarized(seen.complaints));
  return failures;
}

/** Of complaints that differ in numbers only, the first; a program that is beside itself makes thousands. */
function summarized(complaints: readonly string[]): string[] {
  const kinds = new Map<string, { first: string; count: number }>();
  for (const complaint of complaints) {
    const kind = complaint.replaceAll(/0x[\da-f]+|\d+/g, "#");
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { first: complaint.slice(0, 300), count: 1 });
    else known.count++;
  }
  return [...kinds.values()]
    .slice(0, MOST_COMPLAINTS)
    .map(({ first, count }) => (count === 1 ? first : `${first} (${count} like this)`));
}

function spanOf(frames: readonly SeenFrame[]): number {
  return (frames.at(-1)?.pts ?? 0) - (frames[0]?.pts ?? 0);
}

/** The first of the steps that are not the expected one, and how many there are. */
function uneven(frames: readonly SeenFrame[], stepS: number): string[] {
  const steps = stepsOf(frames);
  const wrong = steps.filter((step) => Math.abs(step - stepS) > ROUNDING_S);
  if (wrong.length === 0) return [];
  const at = steps.findIndex((step) => Math.abs(step - stepS) > ROUNDING_S);
  return [
    `${wrong.length} uneven steps, ${((steps[at] as number) * 1000).toFixed(1)} ms to picture ${at + 1}`,
  ];
}

function stepsOf(frames: readonly SeenFrame[]): number[] {
  return frames.slice(1).map(({ pts }, i) => pts - (frames[i] as SeenFrame).pts);
}

function backwards(what: string, frames: readonly SeenFrame[]): string[] {
  const at = stepsOf(frames).findIndex((step) => step <= 0);
  return at < 0 ? [] : [`${what} ${at + 1} is no later than the one before it`];
}

/** Sound that is missing, seen by steps that are longer than the usual one, or than the codec's frames. */
function holes(frames: readonly SeenFrame[], codec: string): string[] {
  const steps = stepsOf(frames);
  const median = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
  const usual = Math.min(median, (FRAME_SAMPLES[codec] ?? Infinity) / SAMPLE_RATE);
  const most = Math.min(usual * 1.5, LONGEST_SOUND_S) + ROUNDING_S;
  const at = steps.findIndex((step) => step > most);
  if (at < 0) return [];
  const count = steps.filter((step) => step > most).length;
  return [`${count} holes in the sound, ${((steps[at] as number) * 1000).toFixed(1)} ms at frame ${at + 1}`];
}

/** Without a decoder there are frames, but no more is known of them than that they came. */
function isDecoded(frames: readonly SeenFrame[]): boolean {
  return frames.some(({ level }) => !Number.isNaN(level));
}

/** Each flash has its beep. */
function unsynced({ video, audio }: Seen): string[] {
  if (!isDecoded(video) || !isDecoded(audio)) return [];
  const flashes = onsets(shown(video), BRIGHT);
  const beeps = onsets(shown(audio), LOUD_DB);
  const [from, to] = [shown(audio)[0]?.pts ?? 0, shown(audio).at(-1)?.pts ?? 0];
  const compared = flashes.filter((flash) => flash > from + 0.1 && flash < to - 0.1);
  if (compared.length === 0) return spanOf(video) > FLASH_PERIOD_S + 0.5 ? ["no flash to be compared"] : [];
  const far = compared.filter((flash) => Math.min(...beeps.map((beep) => Math.abs(beep - flash))) > SYNC_S);
  if (far.length === 0) return [];
  const beep = beeps.toSorted(
    (a, b) => Math.abs(a - (far[0] as number)) - Math.abs(b - (far[0] as number)),
  )[0];
  return [`a flash at ${far[0]?.toFixed(3)} s, the next beep at ${beep?.toFixed(3)} s`];
}

/** By the player's clock. */
function shown(frames: readonly SeenFrame[]): SeenFrame[] {
  return frames.map(({ pts, shownS = pts, level }) => ({ pts: shownS, level }));
}
