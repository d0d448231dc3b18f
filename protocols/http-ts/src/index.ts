import type { Protocol } from "@millrace/engine";
import { HttpTsPlay } from "./play.ts";
import { publishTs } from "./publish.ts";
import { pullTsHttp } from "./pull.ts";
import { PULL_SCHEMES, pullOptions } from "./pull-config.ts";

/** TS over HTTP: pulled from other servers, played and published on our own. */
export const httpTs: Protocol = {
  name: "http-ts",
  schemes: Object.keys(PULL_SCHEMES),
  options: pullOptions,
  pull: pullTsHttp,
  routes(runtime) {
    const play = new HttpTsPlay(runtime);
    const pattern = /^\/(.+)\/mpegts$/;
    return [
      { methods: ["GET", "HEAD"], pattern, rawSocket: true, handle: (exchange) => play.handle(exchange) },
      { methods: ["POST", "PUT"], pattern, handle: (exchange) => publishTs(runtime, exchange) },
    ];
  },
};
