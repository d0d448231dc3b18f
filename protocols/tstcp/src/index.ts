import type { Protocol } from "@millrace/engine";
import { TcpSource } from "./bridge.ts";
import { readSettings, TSTCP_OPTIONS } from "./config.ts";

/** `tstcp://`: transport stream over a bare TCP connection. */
export const tstcp: Protocol = {
  name: "tstcp",
  schemes: ["tstcp"],
  options: TSTCP_OPTIONS,
  pull: (input) => new TcpSource(readSettings(input)),
};
