import type { OptionSpec } from "@millrace/model";
import { TS_FILTER_OPTIONS } from "@millrace/mpegts";

export const DEFAULT_BUFFER_BYTES: number = 4 * 2 ** 20;

const PULL_OPTIONS: readonly OptionSpec[] = [
  {
    name: "interface",
    aliases: ["localaddr"],
    scope: ["input", "push"],
    type: "word",
    doc: "Network interface for multicast, by name or by its address.",
    example: "url udp://239.0.0.1:1234 interface=eth2;",
  },
  {
    name: "source",
    scope: ["input"],
    type: "word",
    doc: "Takes datagrams of this sender only; a multicast group is joined for this source (SSM).",
    example: "url udp://239.0.0.1:1234 source=10.1.1.1;",
  },
  {
    name: "buffer",
    scope: ["input"],
    type: "bytes",
    default: DEFAULT_BUFFER_BYTES,
    min: 64 * 1024,
    max: 2 ** 30,
    doc: "Receive buffer of the socket; the system's limit (net.core.rmem_max) caps it.",
  },
  {
    name: "reorder",
    scope: ["input"],
    type: "milliseconds",
    default: 100,
    min: 0,
    max: 10_000,
    doc: "How long RTP packets wait for one that is missing; 0 counts every gap as loss.",
  },
  {
    name: "timeout",
    scope: ["input"],
    type: "seconds",
    min: 100,
    doc: "The input fails when no datagram came for this long; `source_timeout` applies all the same.",
  },
];

const PUSH_OPTIONS: readonly OptionSpec[] = [
  {
    name: "ttl",
    scope: ["push"],
    type: "integer",
    default: 16,
    min: 0,
    max: 255,
    doc: "Time to live: how many routers the datagrams may pass.",
    example: "push udp://239.0.0.1:1234?ttl=8;",
  },
  {
    name: "tos",
    aliases: ["iptos"],
    scope: ["push"],
    type: "integer",
    min: 0,
    max: 255,
    doc: "Type of service: the whole DS field of the IP header, traffic class in IPv6.",
    example: "push udp://239.0.0.1:1234?tos=184;",
  },
  {
    name: "dscp",
    scope: ["push"],
    type: "integer",
    min: 0,
    max: 63,
    doc: "The same by its upper six bits: 46 is expedited forwarding.",
    example: "push udp://239.0.0.1:1234?dscp=46;",
  },
  {
    name: "multicast_loop",
    scope: ["push"],
    type: "flag",
    default: false,
    doc: "Lets programs on this machine receive the multicast too.",
  },
  {
    name: "bind",
    scope: ["push"],
    type: "address",
    doc: "Port, or address and port, that the datagrams are sent from.",
  },
  {
    name: "pkt_size",
    scope: ["push"],
    type: "integer",
    default: 7 * 188,
    min: 188,
    max: 7 * 188,
    doc: "Bytes of transport stream in a datagram: a multiple of 188, seven packets at most.",
  },
  {
    name: "pacing",
    scope: ["push"],
    type: "word",
    choices: ["pcr", "off"],
    default: "pcr",
    doc: "`pcr` spreads datagrams evenly by the stream's clock, `off` sends what comes as it comes.",
  },
  {
    name: "latency",
    scope: ["push"],
    type: "milliseconds",
    default: 150,
    min: 20,
    max: 5000,
    doc: "How long packets wait to be sent evenly. With `cbr` as much again is room for bursts.",
  },
  {
    name: "cbr",
    scope: ["push"],
    type: "kbit",
    min: 50_000,
    max: 1_000_000_000,
    doc: "Constant bitrate: fills up with null packets and restamps the PCR.",
    example: "push udp://239.0.0.1:1234?cbr=2200&pcr=20;",
  },
  {
    name: "pcr",
    scope: ["push"],
    type: "milliseconds",
    default: 40,
    min: 5,
    max: 100,
    doc: "With `cbr`: longest interval between two PCRs.",
  },
];

/** What may follow a `udp://` or `rtp://` URL, or stand in its query. */
export const UDP_OPTIONS: readonly OptionSpec[] = [...PULL_OPTIONS, ...PUSH_OPTIONS, ...TS_FILTER_OPTIONS];
