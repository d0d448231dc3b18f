import type { OptionSpec } from "@millrace/model";
import { SERVER_OPTIONS } from "./server-options.ts";
import { INPUT_OPTIONS, STREAM_LINES, STREAM_OPTIONS } from "./stream-options.ts";

/** The options that are there without any protocol or service. */
export const CORE_OPTIONS: readonly OptionSpec[] = [
  ...SERVER_OPTIONS,
  ...STREAM_LINES,
  ...STREAM_OPTIONS,
  ...INPUT_OPTIONS,
];
