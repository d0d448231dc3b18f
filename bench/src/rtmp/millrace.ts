import { familyOf } from "../measure.ts";
import { startMillrace } from "../millrace.ts";
import { freePort } from "../program.ts";
import { APP, orStop, type RtmpContestant, waitForPort } from "./contestant.ts";

/** The program as it is started by anybody, with one worker; without HLS, which none of the others makes here. */
export const millrace: RtmpContestant = {
  missing: () => undefined,
  start: async ({ folder, streams }) => {
    const rtmpPort = await freePort();
    const lines = streams.map((name) => `stream ${APP}/${name} { publish_enabled; hls_off; }`);
    const served = await startMillrace(folder, [`rtmp 127.0.0.1:${rtmpPort};`, ...lines]);
    return await orStop(served, async () => {
      await waitForPort(rtmpPort, served.server);
      return { rtmpPort, httpPort: served.port, pids: () => familyOf(served.server.pid) };
    });
  },
};
