import type { OptionSpec } from "@millrace/model";

const MINUTE_MS = 60_000;

/** Lines that stand in a stream and are read by their own rules; listed for the reference and the hints. */
export const STREAM_LINES: readonly OptionSpec[] = [
  {
    name: "url",
    aliases: ["input"],
    scope: ["stream"],
    type: "url",
    repeat: true,
    doc: "Where the stream comes from. Several lines are tried in order; options follow the URL.",
    example: "url udp://239.0.0.1:1234 priority=1;",
  },
  {
    name: "urls",
    scope: ["stream"],
    type: "words",
    repeat: true,
    doc: "Several inputs on one line, in order.",
    example: "urls udp://239.0.0.1:1234 udp://239.0.0.2:1234;",
  },
  {
    name: "push",
    scope: ["stream"],
    type: "url",
    repeat: true,
    doc: "Sends the stream somewhere. Options follow the URL or stand in its query.",
    example: "push udp://239.1.0.1:5000?cbr=2200&pcr=20;",
  },
  {
    name: "udp",
    scope: ["stream"],
    type: "text",
    repeat: true,
    doc: "Short for `push udp://…`.",
    example: "udp 239.1.0.1:5000 multicast_loop;",
  },
  {
    name: "backup",
    scope: ["stream"],
    type: "text",
    doc: "File played while no input delivers: LOCATION/PATH in a `file` block, or an absolute path.",
    example: "backup vod/blank.mpegts;",
  },
];

/** Options of every stream. */
export const STREAM_OPTIONS: readonly OptionSpec[] = [
  {
    name: "source_timeout",
    scope: ["stream"],
    type: "seconds",
    min: 1,
    default: MINUTE_MS,
    doc: "Without media for this long, an input counts as lost.",
    example: "source_timeout 10;",
  },
  {
    name: "retry_limit",
    scope: ["stream"],
    type: "integer",
    min: 0,
    default: 10,
    doc: "Attempts to reach the inputs before an on-demand stream is closed.",
    example: "retry_limit 10;",
  },
  {
    name: "clients_timeout",
    aliases: ["client_timeout"],
    scope: ["stream"],
    type: "seconds",
    min: 0,
    default: MINUTE_MS,
    doc: "How long an on-demand stream goes on after its last viewer.",
    example: "clients_timeout 20;",
  },
  {
    name: "publish_enabled",
    scope: ["stream"],
    type: "flag",
    default: false,
    doc: "Lets encoders publish into the stream. Always on in `live` blocks.",
    example: "publish_enabled;",
  },
  {
    name: "password",
    scope: ["stream"],
    type: "text",
    doc: "Publishers must give it in the query: `?password=…`.",
    example: "password secret;",
  },
  {
    name: "disabled",
    scope: ["stream"],
    type: "flag",
    default: false,
    doc: "Keeps the stream in the file but does not run it.",
    example: "disabled;",
  },
  {
    name: "title",
    scope: ["stream"],
    type: "text",
    doc: "Name for people.",
    example: 'title "Channel One";',
  },
];

/** Options of every input, behind its URL. */
export const INPUT_OPTIONS: readonly OptionSpec[] = [
  {
    name: "priority",
    scope: ["input"],
    type: "integer",
    min: 1,
    doc: "1 is best; the order of the lines when absent. Inputs of equal number are not checked against each other.",
    example: "priority=1",
  },
  {
    name: "source_timeout",
    scope: ["input"],
    type: "seconds",
    min: 1,
    doc: "Like the stream's option, for this input alone.",
    example: "source_timeout=10",
  },
];
