import {
  type HttpClientSettings,
  type HttpSchemes,
  httpClientOptions,
  readHttpClient,
  readNumber,
} from "@millrace/engine";
import { type InputConfig, type OptionSpec, readOption } from "@millrace/model";
import { readTsFilter, TS_FILTER_OPTIONS, type TsFilterOptions } from "@millrace/mpegts";

/** URL schemes of HLS inputs. `hls2` is another server's word for several bitrates: the choice is the same. */
export const PULL_SCHEMES = { hls: "http", hlss: "https", hls2: "http" } as const satisfies HttpSchemes;

const schemes = Object.keys(PULL_SCHEMES);

function inputOption(option: Omit<OptionSpec, "scope" | "schemes">): OptionSpec {
  return { ...option, scope: ["input"], schemes };
}

const SKIP_STALLED_CHECK = inputOption({
  name: "skip_stalled_check",
  type: "flag",
  default: false,
  doc: "Plays at once, and goes on waiting when the playlist stays the same. Off: a live playlist is played once it has changed, and the input fails when it does not for three target durations, so that what a dead packager left behind is not played again and again.",
  example: "url hls://source:8080/stream/index.m3u8 skip_stalled_check=true;",
});
const BANDWIDTH = inputOption({
  name: "bandwidth",
  type: "kbit",
  min: 1000,
  max: 10_000_000_000,
  doc: "Most that the variant may have, kbit/s: the best below it is taken, else the smallest. Without it the best there is.",
  example: "url hls://source/news/index.m3u8 bandwidth=3000;",
});
const VARIANT = inputOption({
  name: "variant",
  type: "text",
  doc: "Which variant to take: its number in the playlist from 1, its height (`720p`) or its name.",
  example: "url hls://source/news/index.m3u8 variant=720p;",
});
const RENDITIONS = inputOption({
  name: "renditions",
  type: "flag",
  default: true,
  doc: "Merges the sounds that have playlists of their own into the stream, as further audio tracks. Off: of these only the default one.",
});
const LOW_LATENCY = inputOption({
  name: "low_latency",
  type: "flag",
  default: true,
  doc: "Takes the parts of segments from servers that offer them (low-latency HLS).",
});
const PACED = inputOption({
  name: "paced",
  type: "flag",
  default: true,
  doc: "Delivers in real time by the media's own clock. Off: whatever arrived at once, in bursts.",
});
const LOOP = inputOption({
  name: "loop",
  type: "flag",
  default: false,
  doc: "Plays a playlist that has an end again and again; off: the input ends with it.",
});

/** Options of HLS inputs. */
export const PULL_OPTIONS: readonly OptionSpec[] = [
  ...httpClientOptions(schemes, {
    "header.*": {
      doc: "A header to be sent with every request to the playlist's server.",
      example: "url hls://source/news/index.m3u8 header.Referer=https://example.com;",
    },
    user_agent: { example: 'url hls://source/news/index.m3u8 user_agent="Custom Agent v1.2";' },
    response_timeout: {
      doc: "How long the server may take to answer a request, and to go on with an answer.",
    },
  }),
  SKIP_STALLED_CHECK,
  BANDWIDTH,
  VARIANT,
  RENDITIONS,
  LOW_LATENCY,
  PACED,
  LOOP,
  ...TS_FILTER_OPTIONS.map((option) => ({ ...option, schemes })),
];

export interface PullSettings extends HttpClientSettings {
  readonly stalledCheck: boolean;
  /** Bits a second. */
  readonly bandwidth: number | undefined;
  readonly variant: string | undefined;
  readonly renditions: boolean;
  readonly lowLatency: boolean;
  readonly paced: boolean;
  readonly loop: boolean;
  readonly filter: TsFilterOptions | undefined;
}

/** Reads an input. Throws `bad-url`. */
export function readPull(input: InputConfig): PullSettings {
  const { options } = input;
  const flag = (spec: OptionSpec): boolean => readOption(spec, options) === true;
  return {
    ...readHttpClient(input, { schemes: PULL_SCHEMES }),
    stalledCheck: !flag(SKIP_STALLED_CHECK),
    bandwidth: readNumber(BANDWIDTH, options, input.url),
    variant: readOption(VARIANT, options)?.toString(),
    renditions: flag(RENDITIONS),
    lowLatency: flag(LOW_LATENCY),
    paced: flag(PACED),
    loop: flag(LOOP),
    filter: readTsFilter(options),
  };
}
