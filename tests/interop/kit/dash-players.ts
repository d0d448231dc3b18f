import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openPage } from "../../e2e/kit/browser.ts";
import { repoRoot } from "../../e2e/kit/paths.ts";
import type { Scope } from "../../e2e/kit/scope.ts";

/** Players of DASH that run in a browser. */
export type PlayerName = "dash.js" | "shaka";

export const PLAYERS: readonly PlayerName[] = ["dash.js", "shaka"];

const SCRIPTS: Readonly<Record<PlayerName, string>> = {
  "dash.js": "dashjs/dist/modern/umd/dash.all.min.js",
  shaka: "shaka-player/dist/shaka-player.compiled.js",
};

/** What a page tells of its player. */
export interface PlayerState {
  /** Of the video, seconds; UTC since 1970 with our MPDs. */
  readonly time: number;
  /** Behind the live edge, seconds. */
  readonly latency: number;
  readonly buffered: number;
  readonly readyState: number;
  readonly errors: readonly string[];
  /** Times that playing stopped for want of data. */
  readonly stalls: number;
  readonly seekable: readonly [number, number];
  /** All that can be played, seconds. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly seeking: boolean;
  readonly rate: number;
}

const START: Readonly<Record<PlayerName, string>> = {
  "dash.js": `
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: 1 } });
    player.on(dashjs.MediaPlayer.events.ERROR, (e) => state.errors.push(JSON.stringify(e.error?.message ?? e.error ?? e)));
    player.initialize(video, url, true);
    state.latency = () => player.getCurrentLiveLatency();
    state.player = player;`,
  shaka: `
    const player = new shaka.Player();
    await player.attach(video);
    player.configure({ streaming: { lowLatencyMode: lowLatency } });
    player.addEventListener("error", (e) => state.errors.push(e.detail.severity + " " + e.detail.code + " " + JSON.stringify(e.detail.data)));
    player.load(url).then(() => video.play()).catch((e) => state.errors.push("load " + e.code + " " + JSON.stringify(e.data ?? String(e))));
    state.latency = () => player.getStats().liveLatency;
    state.player = player;`,
};

/** A page of its own for one player and one MPD. */
export class PlayerPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Undefined where there is no browser: the test is skipped. */
  static async open(
    t: Scope,
    options: { player: PlayerName; url: string; lowLatency?: boolean },
  ): Promise<PlayerPage | undefined> {
    const page = await openPage(t);
    if (page === undefined) return undefined;
    await page.goto(await servePages(t, options));
    return new PlayerPage(page);
  }

  state(): Promise<PlayerState> {
    return this.page.evaluate<PlayerState>(`(() => {
      const video = document.querySelector("video");
      const ranges = (list) => Array.from({ length: list.length }, (_, i) => [list.start(i), list.end(i)]);
      const at = ranges(video.buffered).find(([from, to]) => from <= video.currentTime + 0.1 && video.currentTime <= to);
      return {
        time: video.currentTime, buffered: at === undefined ? 0 : at[1] - video.currentTime, readyState: video.readyState,
        errors: state.errors.concat(video.error === null ? [] : [video.error.message]),
        stalls: state.stalls, latency: state.latency?.() ?? 0, seekable: ranges(video.seekable)[0] ?? [0, 0],
        ranges: ranges(video.buffered), seeking: video.seeking, rate: video.playbackRate,
      };
    })()`);
  }
}

/** Serves one page, and the player's script from its package; ends with the test. */
async function servePages(
  t: Scope,
  { player, url, lowLatency = false }: { player: PlayerName; url: string; lowLatency?: boolean },
): Promise<string> {
  const script = readFileSync(join(repoRoot, "node_modules", SCRIPTS[player]));
  const html = `<!doctype html><meta charset="utf-8"><title>player</title><video muted autoplay width="640"></video>
<script src="/player.js"></script><script type="module">
  const [url, lowLatency, video] = [${JSON.stringify(url)}, ${lowLatency}, document.querySelector("video")];
  const state = (window.state = { errors: [], stalls: 0 });
  video.addEventListener("waiting", () => state.stalls++);
  ${START[player]}
</script>`;
  const server = createServer((request, response) => {
    const isScript = request.url === "/player.js";
    response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html; charset=utf-8" });
    response.end(isScript ? script : html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
}
