import type { Protocol } from "@millrace/engine";
import { SrtSink, SrtSource } from "./bridge.ts";
import { readInput, readPush } from "./config.ts";
import { SrtListener } from "./listen.ts";
import { SRT_OPTIONS } from "./option-specs.ts";

/** Secure Reliable Transport (draft-sharabayko-srt), in and out. */
export const srt: Protocol = {
  name: "srt",
  schemes: ["srt"],
  pushSchemes: ["srt"],
  options: SRT_OPTIONS,
  pull: (input, context) => new SrtSource(readInput(input), context),
  push: (push, context) => new SrtSink(readPush(push), context),
  listen: (runtime) => new SrtListener(runtime),
};
