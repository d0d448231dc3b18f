import type { Protocol } from "@millrace/engine";
import { cmafHlsRoutes } from "./cmaf/serve.ts";
import { OPTIONS, readSettings } from "./config.ts";
import { indexRoutes } from "./index-playlist.ts";
import { HlsPackaging } from "./packaging.ts";
import { PULL_OPTIONS, PULL_SCHEMES } from "./pull/config.ts";
import { pullHls } from "./pull/pull.ts";
import { tsRoutes } from "./serve.ts";
import { streamerRoutes } from "./streamer-urls.ts";
import { FACTS_SHELF, TrackFacts } from "./track-facts.ts";

/** HLS: transport-stream segments (RFC 8216), and CMAF with low latency (rfc8216bis). */
export const hls: Protocol = {
  name: "hls",
  schemes: Object.keys(PULL_SCHEMES),
  options: [...OPTIONS, ...PULL_OPTIONS],
  pull: pullHls,
  // The order matters: names of streams may have slashes, so the longer endings come first.
  routes: (runtime) => [
    ...cmafHlsRoutes(runtime),
    ...tsRoutes(runtime),
    ...indexRoutes(runtime),
    ...streamerRoutes(runtime),
  ],
  attach(stream) {
    const settings = readSettings(stream.config.options);
    return settings.off ? undefined : new HlsPackaging(stream, settings);
  },
  shelves: [{ shelf: FACTS_SHELF, open: (host, shelf) => new TrackFacts(host, shelf) }],
};
