import { badUrl, readNumber } from "@millrace/engine";
import { type InputConfig, type OptionSpec, readOption } from "@millrace/model";
import { type ClockSettings, DEFAULT_CLOCK } from "./settings.ts";

const SIZE: OptionSpec = {
  name: "size",
  scope: ["input"],
  type: "text",
  default: `${DEFAULT_CLOCK.width}x${DEFAULT_CLOCK.height}`,
  doc: "Picture size of the test clock, even numbers from 160x90 to 3840x2160.",
  example: "fake://clock?size=1280x720",
};
const FPS = {
  name: "fps",
  scope: ["input"],
  type: "integer",
  default: DEFAULT_CLOCK.fps,
  min: 1,
  max: 60,
  doc: "Frames a second of the test clock.",
} as const satisfies OptionSpec;
const BITRATE = {
  name: "bitrate",
  scope: ["input"],
  type: "kbit",
  default: DEFAULT_CLOCK.videoBitrate,
  min: 50_000,
  max: 50_000_000,
  doc: "Video bitrate of the test clock.",
  example: "fake://clock?bitrate=2000",
} as const satisfies OptionSpec;
const GOP: OptionSpec = {
  name: "gop",
  scope: ["input"],
  type: "integer",
  min: 1,
  max: 600,
  doc: "Frames from one key frame of the test clock to the next; one second when not given.",
};
const TONE = {
  name: "tone",
  scope: ["input"],
  type: "integer",
  default: DEFAULT_CLOCK.toneHz,
  min: 0,
  max: 20_000,
  doc: "Pitch of the test clock's beep in Hz; 0 is silence.",
} as const satisfies OptionSpec;

/** What may follow `fake://clock`, as further words of the line or in the query. */
export const FAKE_OPTIONS: readonly OptionSpec[] = [SIZE, FPS, BITRATE, GOP, TONE];

/** Reads the settings of an input. Throws a `MillraceError` with code `bad-url`. */
export function readSettings(input: InputConfig): ClockSettings {
  const { options, url } = input;
  const fps = readNumber(FPS, options, url);
  return {
    ...readSize(input),
    fps,
    videoBitrate: readNumber(BITRATE, options, url),
    audioBitrate: DEFAULT_CLOCK.audioBitrate,
    gop: readNumber(GOP, options, url) ?? fps,
    toneHz: readNumber(TONE, options, url),
  };
}

function readSize(input: InputConfig): { width: number; height: number } {
  const text = String(readOption(SIZE, input.options));
  const [, width = 0, height = 0] = (/^(\d{3,4})x(\d{2,4})$/.exec(text) ?? []).map(Number);
  const fits = width >= 160 && width <= 3840 && height >= 90 && height <= 2160;
  if (fits && width % 2 === 0 && height % 2 === 0) return { width, height };
  throw badUrl(input.url, `size must be WIDTHxHEIGHT, even, from 160x90 to 3840x2160, not "${text}"`);
}
