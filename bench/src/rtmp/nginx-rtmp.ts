import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { familyOf } from "../measure.ts";
import { freePort, hasProgram, SERVER_CORE, start } from "../program.ts";
import { APP, orStop, type RtmpContestant, waitForPort } from "./contestant.ts";

/** Where Debian's libnginx-mod-rtmp has it. */
const MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/** One worker process. It has no HTTP-FLV. */
export const nginxRtmp: RtmpContestant = {
  missing: () =>
    hasProgram("nginx") && existsSync(MODULE)
      ? undefined
      : "nginx or its RTMP module is not installed (libnginx-mod-rtmp)",
  start: async ({ folder }) => {
    const rtmpPort = await freePort();
    const home = join(folder, "nginx");
    mkdirSync(home, { recursive: true });
    const config = join(home, "nginx.conf");
    writeFileSync(config, nginxConfig(home, rtmpPort));
    const nginx = start(SERVER_CORE, "nginx", ["-c", config, "-p", home, "-e", join(home, "error.log")]);
    return await orStop(nginx, async () => {
      await waitForPort(rtmpPort, nginx);
      return { rtmpPort, httpPort: undefined, pids: () => familyOf(nginx.pid) };
    });
  },
};

function nginxConfig(home: string, port: number): string {
  return `load_module ${MODULE};
daemon off;
worker_processes 1;
pid ${home}/pid;
error_log ${home}/error.log;
events { worker_connections 8192; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    chunk_size 4096;
    application ${APP} { live on; }
  }
}
`;
}
