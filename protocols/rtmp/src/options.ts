import type { OptionSpec } from "@millrace/model";

/** The words of the configuration file. */
export const RTMP_OPTIONS: readonly OptionSpec[] = [
  {
    name: "rtmp",
    scope: ["server"],
    type: "endpoint",
    repeat: true,
    doc: "TCP port for publishers and players over RTMP; application and name together are the stream.",
    example: "rtmp 1935;",
  },
];
