import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { openPage } from "../e2e/kit/browser.ts";
import { TestServer, until } from "../e2e/kit/server.ts";

const WAIT_MS = 20_000;

/** What the player says of itself, and the video it plays in. */
interface Shown {
  readonly time: number;
  readonly width: number;
  readonly frames: number;
  readonly soundBytes: number;
  readonly errors: readonly { error: string }[];
  readonly events: readonly string[];
  readonly infos: number;
  readonly disconnects: number;
  readonly latenciesMs: readonly number[];
  readonly video: readonly string[];
  readonly audio: readonly string[];
  readonly firstBuffered: number;
}

const LOOK = `(() => {
  const { player, log, media } = window;
  return {
    time: media.currentTime,
    width: media.videoWidth,
    frames: media.getVideoPlaybackQuality().totalVideoFrames,
    soundBytes: media.webkitAudioDecodedByteCount ?? 0,
    ...log,
    latenciesMs: log.latenciesMs.slice(-50),
    video: player.getVideoTracks().map((track) => track.track_id),
    audio: player.getAudioTracks().map((track) => track.track_id),
    firstBuffered: media.buffered.length > 0 ? media.buffered.start(0) : -1,
  };
})()`;

function look(page: Page): Promise<Shown> {
  return page.evaluate<Shown>(LOOK);
}

/** A page of the server's own, with the player in it; undefined where the browser is missing. */
async function openPlayer(t: TestContext, server: TestServer, path: string): Promise<Page | undefined> {
  const page = await openPage(t);
  if (page === undefined) return undefined;
  // Any document of the same origin that has no policy.
  await page.goto(server.url("/-/mse-player.js"));
  await page.evaluate(`(async () => {
    document.body.innerHTML = "<video muted></video>";
    const { MsePlayer } = await import("/-/mse-player.js");
    const media = (window.media = document.querySelector("video"));
    const log = (window.log = { errors: [], events: [], infos: 0, disconnects: 0, latenciesMs: [] });
    const player = (window.player = new MsePlayer(media, ${JSON.stringify(path)}));
    player.onError = (error) => log.errors.push(error);
    player.onEvent = ({ event }) => log.events.push(event);
    player.onMediaInfo = () => log.infos++;
    player.onDisconnect = () => log.disconnects++;
    player.onProgress = (utc) => log.latenciesMs.push(Date.now() - utc * 1000);
    void player.play();
  })()`);
  return page;
}

/** Waits until so many more pictures were shown. */
async function shows(page: Page, count: number): Promise<Shown> {
  const { frames } = await look(page);
  return until(`${count} more pictures`, WAIT_MS, async () => {
    const shown = await look(page);
    return shown.frames >= frames + count || shown.frames < frames ? shown : undefined;
  });
}

test("Chromium plays mse_ld near to live", async (t) => {
  const server = await TestServer.start(t, "stream live { input fake://clock; }");
  const page = await openPlayer(t, server, "/live/mse_ld");
  if (page === undefined) return;
  await shows(page, 75);
  const shown = await shows(page, 100);
  assert.deepEqual(shown.errors, []);
  assert.ok(shown.width > 0 && shown.soundBytes > 0);
  assert.deepEqual([shown.video, shown.audio], [["v1"], ["a1"]]);
  assert.ok(shown.infos >= 1);
  const latencies = [...shown.latenciesMs].sort((a, b) => a - b);
  assert.ok(latencies.length > 0);
  t.diagnostic(
    `from the server's reception to the picture: ${Math.round(latencies[latencies.length >> 1] ?? 0)} ms`,
  );
});

test("pause, tracks and stop do what they say", async (t) => {
  const server = await TestServer.start(t, "stream live { input fake://clock; }");
  const page = await openPlayer(t, server, "/live/mse_ld");
  if (page === undefined) return;
  await shows(page, 25);
  await page.evaluate("player.pause()");
  await until("the pause", WAIT_MS, async () => (await look(page)).events.includes("paused") || undefined);
  await page.evaluate("void player.play()");
  await shows(page, 50);
  await page.evaluate('player.setTracks(["v1"])');
  await until(
    "the change",
    WAIT_MS,
    async () => (await look(page)).events.includes("tracks_switched") || undefined,
  );
  const silent = await shows(page, 50);
  assert.deepEqual(silent.errors, []);
  await page.evaluate("player.stop()");
  await until("the end of the session", WAIT_MS, async () =>
    (await server.sessions()).length === 0 ? true : undefined,
  );
});

test("the player connects again when the server is there again", async (t) => {
  const config = "stream live { input fake://clock; }";
  const server = await TestServer.start(t, config);
  const page = await openPlayer(t, server, "/live/mse_ld");
  if (page === undefined) return;
  await shows(page, 25);
  server.rewrite("stream other { input fake://clock; }");
  server.signal("SIGHUP");
  await until("the disconnection", WAIT_MS, async () => (await look(page)).disconnects > 0 || undefined);
  server.rewrite(config);
  server.signal("SIGHUP");
  const shown = await shows(page, 50);
  assert.deepEqual(shown.errors, []);
});
