import type { OptionSpec } from "@millrace/model";

export const MAX_BITRATE: OptionSpec = {
  name: "max_bitrate",
  scope: ["stream"],
  type: "kbit",
  min: 1000,
  doc: "An RTMP publisher that sends more than this, in kbit/s over five seconds, is cut off.",
  example: "max_bitrate 6000;",
};
export const PUBLISH_TAKEOVER: OptionSpec = {
  name: "publish_takeover",
  scope: ["stream"],
  type: "flag",
  default: false,
  doc: "A second RTMP publisher takes the place of the first, where else it is refused.",
  example: "publish_takeover;",
};
export const LEGACY_HEVC: OptionSpec = {
  name: "legacy_hevc",
  scope: ["endpoint"],
  type: "flag",
  default: false,
  doc: "Players on this port get H.265 as codec id 12, unless they say that they know enhanced RTMP.",
  example: "rtmp 1936 legacy_hevc;",
};
export const INSECURE: OptionSpec = {
  name: "insecure",
  scope: ["input", "push"],
  type: "flag",
  schemes: ["rtmps"],
  default: false,
  doc: "Does not verify the server's TLS certificate.",
  example: "push rtmps://encoder.example.com/live/key insecure;",
};

export const RTMP_PORT: OptionSpec = {
  name: "rtmp",
  scope: ["server"],
  type: "endpoint",
  repeat: true,
  doc: "TCP port for publishers and players over RTMP; application and name together are the stream.",
  example: "rtmp 1935;",
};
export const RTMPS_PORT: OptionSpec = {
  name: "rtmps",
  scope: ["server"],
  type: "endpoint",
  repeat: true,
  doc: "The same within TLS, with the certificates of the server or of the port.",
  example: "rtmps 1936;",
};

/** The words of the configuration file. */
export const RTMP_OPTIONS: readonly OptionSpec[] = [
  RTMP_PORT,
  RTMPS_PORT,
  LEGACY_HEVC,
  MAX_BITRATE,
  PUBLISH_TAKEOVER,
  INSECURE,
];
