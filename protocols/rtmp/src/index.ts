import type { Protocol } from "@millrace/engine";
import { RtmpSink, RtmpSource } from "./bridge.ts";
import { playFlv } from "./http-flv.ts";
import { RtmpListener } from "./listen.ts";
import { RTMP_OPTIONS } from "./options.ts";
import { PACKAGINGS } from "./packaging.ts";
import { parseRtmpUrl } from "./session/url.ts";

/** RTMP in and out, and the same tags over HTTP. */
export const rtmp: Protocol = {
  name: "rtmp",
  schemes: ["rtmp"],
  pushSchemes: ["rtmp"],
  options: RTMP_OPTIONS,
  packagings: PACKAGINGS,
  pull: (input, context) => new RtmpSource(parseRtmpUrl(input.url), context),
  push: (push, context) => new RtmpSink(parseRtmpUrl(push.url), context),
  listen: (runtime) => new RtmpListener(runtime),
  routes: (runtime) => [
    {
      methods: ["GET", "HEAD"],
      pattern: /^\/(.+?)(?:\.flv|\/flv)$/,
      handle: (exchange) => playFlv(runtime, exchange),
    },
  ],
};
