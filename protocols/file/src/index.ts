import type { Protocol } from "@millrace/engine";
import { FileSource } from "./bridge.ts";
import { FILE_OPTIONS, readSettings } from "./config.ts";

/** `file://`: a transport-stream file, played in real time. */
export const file: Protocol = {
  name: "file",
  schemes: ["file"],
  options: FILE_OPTIONS,
  pull: (input, context) => new FileSource(readSettings(input, context.server), context),
};
