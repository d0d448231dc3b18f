import type { Protocol } from "@millrace/engine";
import { ShoutSource } from "./bridge.ts";
import { OPTIONS, readSettings, SCHEMES } from "./config.ts";

/** `shout://`, `shouts://`: radio stations, audio without a container over HTTP or ICY. */
export const shout: Protocol = {
  name: "shout",
  schemes: Object.keys(SCHEMES),
  options: OPTIONS,
  pull: (input, context) => new ShoutSource(readSettings(input), context),
};
