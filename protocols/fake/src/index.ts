import type { Protocol } from "@millrace/engine";
import { FakeSource } from "./bridge.ts";
import { FAKE_OPTIONS, readSettings } from "./config.ts";

/** `fake://clock`: a test picture with the time burned in and a beep at each full second. */
export const fake: Protocol = {
  name: "fake",
  schemes: ["fake"],
  options: FAKE_OPTIONS,
  pull: (input, context) => new FakeSource(readSettings(input), context),
};
