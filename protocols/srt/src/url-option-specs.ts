import type { OptionSpec } from "@millrace/model";

const URLS = { scope: ["input", "push"] } as const;

/** What belongs to one peer that a URL names. */
export const URL_OPTIONS: readonly OptionSpec[] = [
  {
    ...URLS,
    name: "mode",
    type: "word",
    choices: ["caller", "listener", "rendezvous"],
    default: "caller",
    doc: "`caller` connects, `listener` waits on the port of the URL, `rendezvous` is for two peers that call each other. A URL without a host listens.",
    example: "input srt://:9001?mode=listener;",
  },
  {
    ...URLS,
    name: "streamid",
    aliases: ["srt_streamid"],
    type: "text",
    doc: "Stream-ID that a listener is told, up to 512 bytes; a listener in turn accepts only callers that say it.",
    example: "push 'srt://cdn:9000?streamid=#!::r=channel1,m=publish';",
  },
  {
    ...URLS,
    name: "conntimeo",
    aliases: ["connect_timeout"],
    type: "milliseconds",
    min: 100,
    max: 600_000,
    default: 3000,
    doc: "How long connecting may take; ten times that for a rendezvous.",
  },
  {
    ...URLS,
    name: "adapter",
    type: "word",
    doc: "Own address to send from or to listen on, or the name of the only network interface to use.",
  },
  {
    ...URLS,
    name: "localport",
    type: "integer",
    min: 1,
    max: 65_535,
    doc: "Own port of a caller, or of a rendezvous (where it is the peer's port otherwise).",
  },
  {
    ...URLS,
    name: "group",
    type: "word",
    choices: ["broadcast", "backup"],
    doc: "Opens a bonding group to one peer over several ways: `broadcast` sends everything over all of them, `backup` over the best one that works.",
    example: "push srt://10.0.0.1:9000?group=broadcast&nodes=10.1.0.1:9000;",
  },
  {
    ...URLS,
    name: "nodes",
    type: "words",
    doc: "The other ways of a `group`: HOST:PORT, with /WEIGHT for the preference in a backup group and @ADDRESS for the own address (or interface) to send from.",
  },
  {
    ...URLS,
    name: "weight",
    type: "integer",
    min: 0,
    max: 65_535,
    default: 0,
    doc: "Preference of the URL's own host in a backup group; the greatest is used while it works.",
  },
  {
    ...URLS,
    name: "transtype",
    type: "word",
    choices: ["live"],
    doc: "Only `live`: SRT's file mode is not supported.",
  },
  {
    ...URLS,
    name: "congestion",
    type: "word",
    choices: ["live"],
    doc: "Only `live`, as with `transtype`.",
  },
];
