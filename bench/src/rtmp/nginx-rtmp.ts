import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { familyOf } from "../measure.ts";
import { freePort, hasProgram, SERVER_CORE, start } from "../program.ts";
import { APP, orStop, type RtmpContestant, waitForPort } from "./contestant.ts";

/** Where Debian's libnginx-mod-rtmp has it. */
const MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/** One worker process. It has neither HTTP-FLV nor HTTP-TS; its HLS is files. */
export const nginxRtmp: RtmpContestant = {
  transports: ["rtmp", "hls"],
  missing: () =>
    hasProgram("nginx") && existsSync(MODULE)
      ? undefined
      : "nginx or its RTMP module is not installed (libnginx-mod-rtmp)",
  start: async ({ folder, hls }) => {
    const [rtmpPort, httpPort] = [await freePort(), await freePort()];
    const home = join(folder, "nginx");
    mkdirSync(home, { recursive: true });
    const config = join(home, "nginx.conf");
    writeFileSync(config, nginxConfig({ home, rtmpPort, httpPort, hls }));
    if (hls) {
      // nginx started by root writes as nobody.
      mkdirSync(join(home, "hls"), { recursive: true });
      chmodSync(join(home, "hls"), 0o777);
    }
    const nginx = start(SERVER_CORE, "nginx", ["-c", config, "-p", home, "-e", join(home, "error.log")]);
    return await orStop(nginx, async () => {
      await waitForPort(rtmpPort, nginx);
      const rtmp = { port: rtmpPort, path: `/${APP}/%` };
      const places = hls ? { rtmp, hls: { port: httpPort, path: "/%.m3u8" } } : { rtmp };
      return { rtmpPort, places, pids: () => familyOf(nginx.pid) };
    });
  },
};

function nginxConfig(options: { home: string; rtmpPort: number; httpPort: number; hls: boolean }): string {
  const { home, rtmpPort, httpPort, hls } = options;
  const application = hls ? `live on; hls on; hls_path ${home}/hls; hls_fragment 2s;` : "live on;";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${home}/${name};`)
    .join(" ");
  const files = `http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  ${temporary}
  server { listen 127.0.0.1:${httpPort}; root ${home}/hls; }
}
`;
  return `load_module ${MODULE};
daemon off;
worker_processes 1;
pid ${home}/pid;
error_log ${home}/error.log;
events { worker_connections 8192; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${rtmpPort};
    chunk_size 4096;
    application ${APP} { ${application} }
  }
}
${hls ? files : ""}`;
}
