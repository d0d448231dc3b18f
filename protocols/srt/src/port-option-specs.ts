import type { OptionSpec } from "@millrace/model";

/** The ports that streams are published to and played from. */
export const PORT_OPTIONS: readonly OptionSpec[] = [
  {
    name: "srt",
    scope: ["server"],
    type: "endpoint",
    transport: "udp",
    repeat: true,
    doc: "UDP port for publishers and players of all streams; the stream-ID names the stream.",
    example: "srt 9000 latency=200;",
  },
  {
    name: "srt_play",
    scope: ["stream"],
    type: "endpoint",
    transport: "udp",
    repeat: true,
    doc: "UDP port on which anybody who connects gets this stream; no stream-ID is needed.",
    example: "srt_play 9998;",
  },
  {
    name: "srt_publish",
    scope: ["stream"],
    type: "endpoint",
    transport: "udp",
    repeat: true,
    doc: "UDP port on which whoever connects publishes this stream; no stream-ID is needed.",
    example: "srt_publish 9999 passphrase=0123456789;",
  },
  {
    scope: ["endpoint"],
    under: ["srt"],
    name: "mode",
    type: "word",
    choices: ["play", "publish"],
    default: "play",
    doc: "What a caller wants whose stream-ID is a bare name, or does not say.",
  },
];
