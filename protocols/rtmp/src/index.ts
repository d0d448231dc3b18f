import type { Protocol } from "@millrace/engine";
import type { Options } from "@millrace/model";
import { type RtmpFarEnd, RtmpSink, RtmpSource } from "./bridge.ts";
import { playFlv } from "./http-flv.ts";
import { RtmpListener } from "./listen.ts";
import { INSECURE, RTMP_OPTIONS } from "./options.ts";
import { PACKAGINGS } from "./packaging.ts";
import { parseRtmpUrl } from "./session/url.ts";
import { playFlvOverWebSocket } from "./websocket-flv.ts";
import { RTMP_VERSION } from "./wire/handshake.ts";

/** RTMP in and out, and the same tags over HTTP. */
export const rtmp: Protocol = {
  name: "rtmp",
  schemes: ["rtmp", "rtmps"],
  pushSchemes: ["rtmp", "rtmps"],
  options: RTMP_OPTIONS,
  packagings: PACKAGINGS,
  pull: (input, context) => new RtmpSource(farEndOf(input), context),
  // As in the manual: %s is the whole name, the prefix that it was published under included.
  push: (push, context) =>
    new RtmpSink(farEndOf({ ...push, url: push.url.replaceAll("%s", context.stream) }), context),
  listen: (runtime) => new RtmpListener(runtime),
  // No HTTP method begins so.
  recognise: { bytes: 1, matches: (first) => first[0] === RTMP_VERSION },
  routes: (runtime) => [
    {
      methods: ["GET", "HEAD"],
      pattern: /^\/(.+?)(?:\.flv|\/flv)$/,
      rawSocket: true,
      handle: (exchange) => playFlv(runtime, exchange),
      upgrade: (exchange) => playFlvOverWebSocket(runtime, exchange),
    },
  ],
};

function farEndOf({ url, options }: { url: string; options: Options }): RtmpFarEnd {
  return { target: parseRtmpUrl(url), insecure: options[INSECURE.name] === true };
}
