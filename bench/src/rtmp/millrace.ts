import { familyOf } from "../measure.ts";
import { startMillrace } from "../millrace.ts";
import { freePort } from "../program.ts";
import { APP, orStop, type RtmpContestant, waitForPort } from "./contestant.ts";

/** The program as it is started by anybody, with one worker; without HLS unless that is what is measured. */
export const millrace: RtmpContestant = {
  transports: ["rtmp", "http-flv", "http-ts", "hls"],
  missing: () => undefined,
  start: async ({ folder, streams, hls }) => {
    const rtmpPort = await freePort();
    const lines = streams.map(
      (name) => `stream ${APP}/${name} { publish_enabled; ${hls ? "" : "hls_off;"} }`,
    );
    const served = await startMillrace(folder, [`rtmp 127.0.0.1:${rtmpPort};`, ...lines]);
    return await orStop(served, async () => {
      await waitForPort(rtmpPort, served.server);
      const { port } = served;
      const places = {
        rtmp: { port: rtmpPort, path: `/${APP}/%` },
        "http-flv": { port, path: `/${APP}/%.flv` },
        "http-ts": { port, path: `/${APP}/%/mpegts` },
        ...(hls ? { hls: { port, path: `/${APP}/%/mono.m3u8` } } : {}),
      };
      return { rtmpPort, places, pids: () => familyOf(served.server.pid) };
    });
  },
};
