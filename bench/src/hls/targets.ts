import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "../errors.ts";
import { familyOf } from "../measure.ts";
import { startMillrace } from "../millrace.ts";
import { freePort, hasProgram, SERVER_CORE, start, waitForAnswer } from "../program.ts";
import type { HlsTarget } from "./players.ts";

export type HlsServerName = "millrace" | "nginx";

export interface HlsField {
  /** For everything that is written; best in memory (tmpfs). */
  readonly folder: string;
  readonly bitsPerSecond: number;
  readonly streams: number;
}

const START_MS = 30_000;
/** Files to ask for, so that none is asked for twice in a row. */
const FILES = 64;
export const PART_MS = 320;

export const hlsServers: Readonly<Record<HlsServerName, (field: HlsField) => Promise<HlsTarget>>> = {
  millrace: runMillrace,
  nginx: runNginx,
};

async function runMillrace({ folder, bitsPerSecond, streams }: HlsField): Promise<HlsTarget> {
  const lines = Array.from({ length: streams }, (_, i) => `stream s${i} { publish_enabled; }`);
  const served = await startMillrace(folder, lines);
  const { port, server } = served;
  try {
    const feeder = await served.feed("/s%/mpegts", { bitsPerSecond, count: streams });
    const first = `http://127.0.0.1:${port}/s0/cmaf/v1.ll.m3u8`;
    await Promise.race([waitForAnswer(first, START_MS), feeder.ended]);
  } catch (error) {
    await served[Symbol.asyncDispose]();
    throw error;
  }
  const pids = (): number[] => familyOf(server.pid);
  return {
    port,
    folder: "/s%/cmaf",
    files: 0,
    pids,
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

/** Playlists and parts of the same size and as many as a stream of this rate has, as files. */
async function runNginx({ folder, bitsPerSecond }: HlsField): Promise<HlsTarget> {
  if (!hasProgram("nginx")) throw new BenchError("bench.tool", "nginx is not installed");
  const port = await freePort();
  const home = join(folder, "nginx");
  const files = join(home, "files");
  mkdirSync(files, { recursive: true });
  const partBytes = Math.round((bitsPerSecond / 8) * (PART_MS / 1000));
  const part = Buffer.alloc(partBytes, 7);
  part.writeUInt32BE(partBytes, 0);
  part.write("moof", 4, "latin1");
  for (let i = 0; i < FILES; i++) writeFileSync(join(files, `part-${i}.m4s`), part);
  writeFileSync(
    join(files, "playlist.m3u8"),
    `#EXTM3U\n${'#EXT-X-PART:DURATION=0.32000,URI="part"\n'.repeat(40)}`,
  );
  const config = join(home, "nginx.conf");
  writeFileSync(config, nginxConfig({ home, port, files }));
  const nginx = start(SERVER_CORE, "nginx", ["-c", config, "-p", home, "-e", join(home, "error.log")]);
  try {
    await Promise.race([waitForAnswer(`http://127.0.0.1:${port}/playlist.m3u8`, START_MS), nginx.ended]);
  } catch (error) {
    await nginx[Symbol.asyncDispose]();
    throw error;
  }
  const pids = (): number[] => familyOf(nginx.pid);
  return { port, folder: "", files: FILES, pids, [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose]() };
}

/** As those who serve files with it set it up: one worker, `sendfile`, open files cached. */
function nginxConfig({ home, port, files }: { home: string; port: number; files: string }): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${home}/${name};`)
    .join("\n");
  return `daemon off;
worker_processes 1;
pid ${home}/pid;
error_log ${home}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=1000;
${temporary}
  server {
    listen 127.0.0.1:${port};
    root ${files};
  }
}
`;
}
