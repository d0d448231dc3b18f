import type { Protocol } from "@millrace/engine";
import { OPTIONS, readSettings } from "./config.ts";
import { HlsPackaging } from "./packaging.ts";
import { hlsRoutes } from "./serve.ts";

/** HLS with transport-stream segments (RFC 8216). */
export const hls: Protocol = {
  name: "hls",
  schemes: [],
  options: OPTIONS,
  routes: hlsRoutes,
  attach(stream) {
    const settings = readSettings(stream.config.options);
    return settings.off ? undefined : new HlsPackaging(stream, settings);
  },
};
