import type { RtmpContestant } from "./contestant.ts";
import { millrace } from "./millrace.ts";
import { nginxRtmp } from "./nginx-rtmp.ts";
import { nodeMediaServer } from "./node-media-server.ts";

export type RtmpServerName = "millrace" | "nginx-rtmp" | "node-media-server";

export const rtmpServers: Readonly<Record<RtmpServerName, RtmpContestant>> = {
  millrace,
  "nginx-rtmp": nginxRtmp,
  "node-media-server": nodeMediaServer,
};
