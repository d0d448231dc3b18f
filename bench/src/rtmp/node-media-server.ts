import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { familyOf } from "../measure.ts";
import { freePort, SERVER_CORE, start } from "../program.ts";
import { APP, orStop, type RtmpContestant, waitForPort } from "./contestant.ts";

const require = createRequire(import.meta.url);

/** Its own program, without its console. */
export const nodeMediaServer: RtmpContestant = {
  transports: ["rtmp", "http-flv"],
  missing: () => (program() === undefined ? "node-media-server is not installed" : undefined),
  start: async ({ folder }) => {
    const [rtmpPort, httpPort] = [await freePort(), await freePort()];
    const home = join(folder, "node-media-server");
    mkdirSync(home, { recursive: true });
    const config = join(home, "config.json");
    const store = { path: join(home, "data"), maxHistory: 100 };
    const auth = { play: false, publish: false, secret: "bench" };
    const ports = { rtmp: { port: rtmpPort }, http: { port: httpPort } };
    writeFileSync(
      config,
      JSON.stringify({
        bind: "127.0.0.1",
        notify: { url: "" },
        store,
        auth,
        record: { auto: false },
        ...ports,
      }),
    );
    const words = [program() ?? "", "--config", config, "--no-admin"];
    const server = start(SERVER_CORE, process.execPath, words);
    return await orStop(server, async () => {
      await waitForPort(rtmpPort, server);
      await waitForPort(httpPort, server);
      const places = {
        rtmp: { port: rtmpPort, path: `/${APP}/%` },
        "http-flv": { port: httpPort, path: `/${APP}/%.flv` },
      };
      return { rtmpPort, places, pids: () => familyOf(server.pid) };
    });
  },
};

function program(): string | undefined {
  try {
    return join(dirname(require.resolve("node-media-server/package.json")), "bin/app.js");
  } catch {
    return undefined;
  }
}
