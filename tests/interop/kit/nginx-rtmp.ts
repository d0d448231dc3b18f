import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { needs } from "../../e2e/kit/programs.ts";
import { freePort } from "../../e2e/kit/server.ts";
import { Background } from "./background.ts";
import { untilListening } from "./bound.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/** Whether nginx and its RTMP module are there; the test is skipped, and says so, where they are not. */
export function needsNginxRtmp(t: TestContext): boolean {
  if (!needs(t, "nginx")) return false;
  if (existsSync(MODULE)) return true;
  t.skip(`module missing: ${MODULE} (Debian package libnginx-mod-rtmp)`);
  return false;
}

/** nginx as an RTMP server with the application `live`, on a port that stays the same when it is killed and restored. */
export class NginxRtmp {
  readonly port: number;
  readonly #t: Pick<TestContext, "after">;
  readonly #folder: string;
  #nginx: Background | undefined;

  private constructor(t: Pick<TestContext, "after">, port: number) {
    this.port = port;
    this.#t = t;
    this.#folder = mkdtempSync(join(tmpdir(), "millrace-nginx-"));
    t.after(async () => {
      await this.kill();
      rmSync(this.#folder, { recursive: true, force: true });
    });
    // One process: to kill it is to kill all of it.
    const config = `load_module ${MODULE};
daemon off;
master_process off;
pid ${this.#folder}/pid;
error_log stderr warn;
events { worker_connections 256; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    chunk_size 4096;
    application live { live on; }
  }
}
`;
    writeFileSync(join(this.#folder, "nginx.conf"), config);
  }

  static async start(t: Pick<TestContext, "after">): Promise<NginxRtmp> {
    const nginx = new NginxRtmp(t, await freePort());
    await nginx.restore();
    return nginx;
  }

  url(name: string): string {
    return `rtmp://127.0.0.1:${this.port}/live/${name}`;
  }

  /** Starts it again with an empty memory. */
  async restore(): Promise<void> {
    const args = ["-p", this.#folder, "-e", "stderr", "-c", join(this.#folder, "nginx.conf")];
    this.#nginx = Background.start(this.#t as TestContext, "nginx", args);
    await untilListening(this.port).catch((error: Error) => {
      throw new Error(`${error.message}: ${this.#nginx?.stderr}`);
    });
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#nginx?.kill();
  }
}
