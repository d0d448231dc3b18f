import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Page } from "playwright-core";
import { openPage } from "../../e2e/kit/browser.ts";
import { repoRoot } from "../../e2e/kit/paths.ts";
import { until } from "../../e2e/kit/server.ts";

const HLS_JS = join(repoRoot, "node_modules/hls.js/dist/hls.min.js");
const PAGE = "<!doctype html><title>hls.js</title><video muted autoplay playsinline></video>";

/** What hls.js says of itself, and the video it plays in. */
export interface Shown {
  /** Position, seconds. */
  readonly time: number;
  readonly width: number;
  readonly frames: number;
  readonly audioBytes: number;
  /** Between the clock and what is shown, by EXT-X-PROGRAM-DATE-TIME; milliseconds. */
  readonly behindMs: number | undefined;
  /** Stretches in the buffer: more than one is a hole. */
  readonly stretches: number;
  readonly errors: readonly { readonly details: string; readonly fatal: boolean; readonly reason: string }[];
  readonly levels: number;
  readonly audioTracks: readonly string[];
  readonly subtitles: number;
}

const LOOK = `(() => {
  const video = document.querySelector("video");
  const date = player.playingDate;
  return {
    time: video.currentTime,
    width: video.videoWidth,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    audioBytes: video.webkitAudioDecodedByteCount ?? 0,
    behindMs: date ? Date.now() - date.getTime() : undefined,
    stretches: video.buffered.length,
    errors,
    levels: player.levels.length,
    audioTracks: player.audioTracks.map((track) => track.lang ?? ""),
    subtitles: player.subtitleTracks.length,
  };
})()`;

/** Serves the page from a port of its own, as sites that embed a stream do: the server has to allow that. */
function servePage(t: TestContext): Promise<string> {
  const site = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html").end(PAGE);
  });
  t.after(() => {
    site.close();
    site.closeAllConnections();
  });
  return new Promise((resolve) => {
    site.listen(0, "127.0.0.1", () => {
      const address = site.address();
      resolve(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
    });
  });
}

/** A page with hls.js on a playlist; undefined where the browser is missing. */
export async function openHlsPage(
  t: TestContext,
  url: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<HlsPage | undefined> {
  const page = await openPage(t);
  if (page === undefined) return undefined;
  await page.goto(await servePage(t));
  await page.addScriptTag({ path: HLS_JS });
  const content = `
    var errors = [];
    var player = new Hls(${JSON.stringify(config)});
    player.on(Hls.Events.ERROR, (_, { details, fatal, reason, error }) =>
      errors.push({ details, fatal, reason: String(reason ?? error?.message ?? "") }));
    player.loadSource(${JSON.stringify(url)});
    player.attachMedia(document.querySelector("video"));`;
  await page.addScriptTag({ content });
  return new HlsPage(page);
}

/** A player at work. */
export class HlsPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  look(): Promise<Shown> {
    return this.page.evaluate<Shown>(LOOK);
  }

  /** Waits until what it shows is as wanted; fails at once when the player gave up. */
  async until(
    what: string,
    isReached: (shown: Shown) => boolean,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Shown> {
    return until(what, options.timeoutMs ?? 20_000, async () => {
      const shown = await this.look();
      assert.deepEqual(
        shown.errors.filter(({ fatal }) => fatal),
        [],
      );
      return isReached(shown) ? shown : undefined;
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await this.look())}`);
    });
  }

  /** Waits until it has played for so long from now on. */
  async played(seconds: number, options: { readonly timeoutMs?: number } = {}): Promise<Shown> {
    const first = await this.until(
      "the stream to start",
      ({ time, frames }) => time > 0 && frames > 0,
      options,
    );
    return this.until(`${seconds} more seconds`, ({ time }) => time > first.time + seconds, {
      timeoutMs: seconds * 1000 + 20_000,
    });
  }
}
