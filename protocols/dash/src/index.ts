import type { Protocol } from "@millrace/engine";
import { dashRoutes } from "./serve.ts";

/** MPEG-DASH (ISO/IEC 23009-1) of CMAF segments, with low latency and without. */
export const dash: Protocol = {
  name: "dash",
  schemes: [],
  options: [],
  routes: dashRoutes,
};
