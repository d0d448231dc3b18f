import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { BenchError } from "../errors.ts";
import { familyOf } from "../measure.ts";
import { startMillrace } from "../millrace.ts";
import { freePort, hasProgram, SERVER_CORE, start, waitForAnswer } from "../program.ts";

/** A server that hands one stream to whoever asks. */
export interface Running extends AsyncDisposable {
  readonly port: number;
  readonly path: string;
  /** The processes whose CPU time counts. */
  pids(): number[];
}

export type ContestantName = "millrace" | "c loop" | "nginx";

export interface Field {
  /** For everything that is written. */
  readonly folder: string;
  readonly bitsPerSecond: number;
  /** A file of the stream, long enough for a whole measurement. */
  readonly media: string;
}

/** What Millrace gathers before it writes to its HTTP-TS viewers (`FLUSH_MS` of protocols/http-ts): the loop does the same. */
const BATCH_MS = 40;
const START_MS = 15_000;

export const contestants: Readonly<Record<ContestantName, (field: Field) => Promise<Running>>> = {
  millrace: runMillrace,
  "c loop": runLoop,
  nginx: runNginx,
};

async function runMillrace({ folder, bitsPerSecond }: Field): Promise<Running> {
  const served = await startMillrace(folder, ["stream bench { publish_enabled; }"]);
  const { port, server } = served;
  return await orStop(served, async () => {
    const feeder = await served.feed("/bench/mpegts", { bitsPerSecond, count: 1 });
    await Promise.race([waitForAnswer(`http://127.0.0.1:${port}/bench/mpegts`, START_MS), feeder.ended]);
    return { port, path: "/bench/mpegts", pids: () => familyOf(server.pid) };
  });
}

async function runLoop({ folder, bitsPerSecond, media }: Field): Promise<Running> {
  const port = await freePort();
  const words = [String(port), media, String(bitsPerSecond), String(BATCH_MS)];
  const loop = start(SERVER_CORE, compile("send-loop", folder), words);
  return await orStop(loop, async () => {
    await loop.line((line) => line === "listening");
    return { port, path: "/", pids: () => [loop.pid] };
  });
}

async function runNginx({ folder, bitsPerSecond, media }: Field): Promise<Running> {
  if (!hasProgram("nginx")) throw new BenchError("bench.tool", "nginx is not installed");
  const port = await freePort();
  const home = join(folder, "nginx");
  mkdirSync(home, { recursive: true });
  const config = join(home, "nginx.conf");
  writeFileSync(config, nginxConfig({ home, port, bytesPerSecond: Math.round(bitsPerSecond / 8), media }));
  const nginx = start(SERVER_CORE, "nginx", ["-c", config, "-p", home, "-e", join(home, "error.log")]);
  return await orStop(nginx, async () => {
    await Promise.race([waitForAnswer(`http://127.0.0.1:${port}/bench.mpegts`, START_MS), nginx.ended]);
    return { port, path: "/bench.mpegts", pids: () => familyOf(nginx.pid) };
  });
}

/** What `ready` returns, ended by ending `program`; which is ended at once where that fails. */
async function orStop(
  program: AsyncDisposable,
  ready: () => Promise<Omit<Running, typeof Symbol.asyncDispose>>,
): Promise<Running> {
  try {
    return { ...(await ready()), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * One worker, `sendfile` on, and the rate of the stream for each reader. Without a limit on the chunk nginx sends a second
 * or two of the stream at once and then pauses, which is cheap and no live stream.
 */
function nginxConfig(options: { home: string; port: number; bytesPerSecond: number; media: string }): string {
  const { home, port, bytesPerSecond, media } = options;
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
  tcp_nopush off;
${temporary}
  server {
    listen 127.0.0.1:${port};
    location = /bench.mpegts {
      default_type video/mp2t;
      alias ${media};
      limit_rate ${bytesPerSecond};
      sendfile_max_chunk ${Math.round((bytesPerSecond * BATCH_MS) / 1000)};
    }
  }
}
`;
}
