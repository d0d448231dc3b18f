import type { Protocol } from "@millrace/engine";
import { hdsRoutes } from "./hds-routes.ts";
import { smoothRoutes } from "./smooth-routes.ts";

/** Smooth Streaming and HTTP Dynamic Streaming, made of CMAF segments. */
export const smooth: Protocol = {
  name: "smooth",
  schemes: [],
  options: [],
  routes: (runtime) => [...smoothRoutes(runtime), ...hdsRoutes(runtime)],
};
