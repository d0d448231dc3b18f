import { validateHeaderName, validateHeaderValue } from "node:http";
import { type InputConfig, type OptionSpec, type Options, readOption } from "@millrace/model";
import { readTsFilter, TS_FILTER_OPTIONS, type TsFilterOptions } from "@millrace/mpegts";
import { badUrl } from "./errors.ts";

/** URL schemes of HLS inputs. `hls2` is another server's word for several bitrates: the choice is the same. */
export const PULL_SCHEMES: readonly string[] = ["hls", "hlss", "hls2"];

type InputOption = Omit<OptionSpec, "scope" | "schemes">;

function inputOption(option: InputOption): OptionSpec {
  return { ...option, scope: ["input"], schemes: PULL_SCHEMES };
}

const HEADER = inputOption({
  name: "header.*",
  type: "text",
  doc: "A header to be sent with every request to the playlist's server.",
  example: "url hls://source/news/index.m3u8 header.Referer=https://example.com;",
});
const USER_AGENT = inputOption({
  name: "user_agent",
  type: "text",
  default: "Millrace",
  doc: "The User-Agent header.",
  example: 'url hls://source/news/index.m3u8 user_agent="Custom Agent v1.2";',
});
const INSECURE = inputOption({
  name: "insecure",
  type: "flag",
  default: false,
  doc: "Does not verify the server's TLS certificate.",
});
const CONNECT_TIMEOUT = inputOption({
  name: "connect_timeout",
  type: "seconds",
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long connecting may take, TLS included.",
});
const RESPONSE_TIMEOUT = inputOption({
  name: "response_timeout",
  type: "seconds",
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long the server may take to answer a request, and to go on with an answer.",
});
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
  HEADER,
  USER_AGENT,
  INSECURE,
  CONNECT_TIMEOUT,
  RESPONSE_TIMEOUT,
  SKIP_STALLED_CHECK,
  BANDWIDTH,
  VARIANT,
  RENDITIONS,
  LOW_LATENCY,
  PACED,
  LOOP,
  ...TS_FILTER_OPTIONS.map((option) => ({ ...option, schemes: PULL_SCHEMES })),
];

/** What requests are made with. */
export interface ClientSettings {
  /** `http:` or `https:`, without user and password. */
  readonly url: URL;
  /** Value of the Authorization header, for the first server only. */
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

export interface PullSettings extends ClientSettings {
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
  const url = readUrl(input.url);
  const authorization = basicAuthorization(url, input.url);
  url.username = "";
  url.password = "";
  url.hash = "";
  const flag = (spec: OptionSpec): boolean => readOption(spec, options) === true;
  return {
    url,
    authorization,
    headers: readHeaders(input.url, options),
    insecure: flag(INSECURE),
    connectTimeoutMs: readNumber(CONNECT_TIMEOUT, options, input.url) as number,
    responseTimeoutMs: readNumber(RESPONSE_TIMEOUT, options, input.url) as number,
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

function readUrl(text: string): URL {
  const match = /^hls(s?|2):\/\/([^/?#].*)$/is.exec(text);
  const url =
    match === null ? null : URL.parse(`${match[1]?.toLowerCase() === "s" ? "https" : "http"}://${match[2]}`);
  if (url === null || url.hostname === "") throw badUrl(text, "expected hls://HOST[:PORT]/PATH");
  return url;
}

/** RFC 7617. */
function basicAuthorization(url: URL, text: string): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
  } catch {
    throw badUrl(text, "user or password is not percent-encoded as it should be");
  }
}

function readHeaders(url: string, options: Options): Record<string, string> {
  const headers: Record<string, string> = {
    "User-Agent": String(readOption(USER_AGENT, options)),
    Accept: "*/*",
  };
  for (const [name, value] of Object.entries(options)) {
    if (!name.startsWith("header.")) continue;
    const header = name.slice("header.".length);
    const same = Object.keys(headers).find((it) => it.toLowerCase() === header.toLowerCase());
    headers[same ?? header] = String(value);
  }
  for (const [header, value] of Object.entries(headers)) {
    try {
      validateHeaderName(header);
      validateHeaderValue(header, value);
    } catch (cause) {
      throw badUrl(url, `"${header}" cannot be sent as a header: ${(cause as Error).message}`);
    }
  }
  return headers;
}

function readNumber(spec: OptionSpec, options: Options, url: string): number | undefined {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const value = readOption(spec, options);
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw badUrl(url, `${spec.name} must be ${min} to ${max}, not "${String(value)}"`);
}
