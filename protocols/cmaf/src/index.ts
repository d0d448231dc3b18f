import { CMAF_SHELF, PART_DURATION, readSegmentSettings } from "@millrace/cmaf";
import type { Protocol } from "@millrace/engine";
import { CmafPackaging } from "./packaging.ts";
import { cmafRoutes } from "./serve.ts";

/** CMAF segments (ISO/IEC 23000-19), from which HLS, DASH and others are served. */
export const cmaf: Protocol = {
  name: "cmaf",
  schemes: [],
  options: [PART_DURATION],
  routes: cmafRoutes,
  shelves: [
    {
      shelf: CMAF_SHELF,
      open: (host, shelf) => new CmafPackaging(host, shelf, readSegmentSettings(host.config.options)),
    },
  ],
};
