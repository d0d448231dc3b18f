import {
  type HttpClientSettings,
  type HttpSchemes,
  httpClientOptions,
  readHttpClient,
} from "@millrace/engine";
import { type InputConfig, type OptionSpec, readOption } from "@millrace/model";

/** URL schemes of HTTP audio inputs. */
export const SCHEMES = { shout: "http", shouts: "https" } as const satisfies HttpSchemes;

const schemes = Object.keys(SCHEMES);

const PACED: OptionSpec = {
  name: "paced",
  scope: ["input"],
  type: "flag",
  schemes,
  default: true,
  doc: "Delivers in real time what the server sends in advance. Off: whatever arrived at once.",
};

/** Options of `shout://` and `shouts://` inputs. */
export const OPTIONS: readonly OptionSpec[] = [
  ...httpClientOptions(schemes, {
    "header.*": { example: "url shout://radio:8000/live header.Referer=https://example.com;" },
  }),
  PACED,
];

export interface ShoutSettings extends HttpClientSettings {
  readonly paced: boolean;
}

/** Reads an input. Throws `bad-url`. */
export function readSettings(input: InputConfig): ShoutSettings {
  return {
    ...readHttpClient(input, { schemes: SCHEMES }),
    paced: readOption(PACED, input.options) === true,
  };
}
