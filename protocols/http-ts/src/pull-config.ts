import {
  type HttpClientSettings,
  type HttpSchemes,
  httpClientOptions,
  readHttpClient,
  readNumber,
} from "@millrace/engine";
import type { InputConfig, OptionSpec } from "@millrace/model";
import { readTsFilter, TS_FILTER_OPTIONS, type TsFilterOptions } from "@millrace/mpegts";

/** URL schemes of the inputs. */
export const PULL_SCHEMES = { tshttp: "http", tshttps: "https" } as const satisfies HttpSchemes;

const schemes = Object.keys(PULL_SCHEMES);

const TIMEOUT: OptionSpec = {
  name: "timeout",
  scope: ["input"],
  type: "seconds",
  schemes,
  min: 100,
  max: 86_400_000,
  doc: "The connection is given up when nothing came for this long; `source_timeout` applies all the same.",
};

/** Options of `tshttp://` and `tshttps://` inputs. */
export const pullOptions: readonly OptionSpec[] = [
  ...httpClientOptions(schemes, {
    "header.*": { example: "url tshttp://source:8080/stream header.Referer=https://example.com;" },
    user_agent: { example: 'url tshttp://source:8080/stream user_agent="VLC";' },
  }),
  TIMEOUT,
  ...TS_FILTER_OPTIONS.map((option) => ({ ...option, schemes })),
];

export interface PullSettings extends HttpClientSettings {
  /** Undefined: the stream's own `source_timeout` is enough. */
  readonly timeoutMs: number | undefined;
  readonly filter: TsFilterOptions | undefined;
}

/** Reads an input. Throws `bad-url`. */
export function readPull(input: InputConfig): PullSettings {
  const { options, url } = input;
  const headers = { "Accept-Encoding": "identity" };
  return {
    ...readHttpClient(input, { schemes: PULL_SCHEMES, headers }),
    timeoutMs: readNumber(TIMEOUT, options, url),
    filter: readTsFilter(options),
  };
}
