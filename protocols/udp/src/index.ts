import type { Protocol } from "@millrace/engine";
import { UdpSink, UdpSource } from "./bridge.ts";
import { readInput, readPush } from "./config.ts";
import { UDP_OPTIONS } from "./options.ts";

/** Transport stream in UDP datagrams, raw or in RTP, unicast and multicast, in and out. */
export const udp: Protocol = {
  name: "udp",
  schemes: ["udp", "rtp"],
  pushSchemes: ["udp", "rtp"],
  options: UDP_OPTIONS,
  pull: (input, context) => new UdpSource(readInput(input), context),
  push: (push, context) => new UdpSink(readPush(push), context),
};
