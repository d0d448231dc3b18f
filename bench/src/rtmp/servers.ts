import type { RtmpContestant } from "./contestant.ts";
import { millrace } from "./millrace.ts";
import { nginxRtmp } from "./nginx-rtmp.ts";
import { nodeMediaServer } from "./node-media-server.ts";

/** Those that are known without a file of peers. */
export const rtmpServers: ReadonlyMap<string, RtmpContestant> = new Map([
  ["millrace", millrace],
  ["nginx-rtmp", nginxRtmp],
  ["node-media-server", nodeMediaServer],
]);
