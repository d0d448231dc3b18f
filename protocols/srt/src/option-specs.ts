import type { OptionSpec } from "@millrace/model";
import { TS_FILTER_OPTIONS } from "@millrace/mpegts";
import { CONNECTION_OPTIONS } from "./connection-option-specs.ts";
import { PORT_OPTIONS } from "./port-option-specs.ts";
import { URL_OPTIONS } from "./url-option-specs.ts";

/** All options of the protocol, in the order of the reference. */
export const SRT_OPTIONS: readonly OptionSpec[] = [
  ...PORT_OPTIONS,
  ...CONNECTION_OPTIONS,
  ...URL_OPTIONS,
  ...TS_FILTER_OPTIONS,
];
