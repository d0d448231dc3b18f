import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { openPage } from "../e2e/kit/browser.ts";
import { needs } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { type Coding, startEncoder } from "./kit/encoder.ts";

/** What mpegts.js says of itself, and the video it plays in. */
interface Shown {
  readonly time: number;
  readonly width: number;
  readonly frames: number;
  readonly dropped: number;
  readonly audioBytes: number;
  readonly errors: readonly string[];
  readonly media: Readonly<Record<string, unknown>>;
}

const LOOK = `(() => {
  const video = document.querySelector("video");
  const quality = video.getVideoPlaybackQuality();
  return {
    time: video.currentTime,
    width: video.videoWidth,
    frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    audioBytes: video.webkitAudioDecodedByteCount ?? 0,
    errors,
    media: { ...player.mediaInfo },
  };
})()`;

const PAGE = "<!doctype html><title>mpegts.js</title><video muted autoplay></video>";

/** Serves the page from a port of its own, as sites that embed a stream do: the server has to allow that. */
function servePage(t: TestContext): Promise<string> {
  const site = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html").end(PAGE);
  });
  t.after(() => site.close());
  return new Promise((resolve) => {
    site.listen(0, "127.0.0.1", () => {
      const address = site.address();
      resolve(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
    });
  });
}

/** A page with mpegts.js on a stream that FFmpeg publishes over RTMP; undefined where a program is missing. */
async function openPlayer(
  t: TestContext,
  coding: Coding,
  { path, scheme = "http" }: { path: string; scheme?: "http" | "ws" },
): Promise<Page | undefined> {
  if (!needs(t, "ffmpeg")) return undefined;
  const page = await openPage(t);
  if (page === undefined) return undefined;
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nlive chats { }`);
  startEncoder(t, coding, { url: `rtmp://127.0.0.1:${port}/chats/room`, format: "flv" });
  await server.waitFor("input on air", 8000);
  await page.goto(await servePage(t));
  await page.addScriptTag({ path: fileURLToPath(import.meta.resolve("mpegts.js")) });
  const media = { type: "flv", isLive: true, url: server.url(path).replace(/^http/, scheme) };
  const show = `
    var errors = [];
    var player = mpegts.createPlayer(${JSON.stringify(media)}, { isLive: true, enableWorker: false });
    player.on(mpegts.Events.ERROR, (...what) => errors.push(JSON.stringify(what)));
    player.attachMediaElement(document.querySelector("video"));
    player.load();
    player.play();`;
  await page.addScriptTag({ content: show });
  return page;
}

async function played(page: Page, seconds: number): Promise<Shown> {
  const look = (): Promise<Shown> => page.evaluate<Shown>(LOOK);
  const reached = (what: string, timeS: number): Promise<Shown> =>
    until(what, 12_000, async () => {
      const shown = await look();
      assert.deepEqual(shown.errors, []);
      return shown.time > timeS ? shown : undefined;
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await look())}`);
    });
  const first = await reached("the stream to start", 0);
  const last = await reached(`${seconds} more seconds`, first.time + seconds);
  const pictures = last.frames - first.frames;
  if (last.width > 0) assert.ok(pictures > 15 * seconds, `${pictures} pictures in ${seconds} s`);
  return last;
}

const CODINGS: readonly Coding[] = [
  { video: "h264", audio: "aac" },
  { video: "h264", audio: "mp3" },
  { video: "h264" },
];

for (const coding of CODINGS) {
  const name = [coding.video, coding.audio].filter((codec) => codec !== undefined).join(" and ");
  test(`mpegts.js in Chromium plays ${name}, with B-frames`, async (t) => {
    const page = await openPlayer(t, coding, { path: "/chats/room.flv" });
    if (page === undefined) return;
    const shown = await played(page, 3);
    assert.equal(shown.width, 320);
    assert.equal(shown.audioBytes > 0, coding.audio !== undefined, `${shown.audioBytes} bytes of audio`);
    assert.equal(shown.media["hasAudio"] === true, coding.audio !== undefined);
    assert.equal(shown.media["fps"], 25);
  });
}

test("mpegts.js in Chromium plays a radio", async (t) => {
  const page = await openPlayer(t, { audio: "aac" }, { path: "/chats/room/flv" });
  if (page === undefined) return;
  const shown = await played(page, 3);
  assert.equal(shown.width, 0);
  assert.ok(shown.audioBytes > 0);
});

test("mpegts.js in Chromium plays H.264 and AAC over a WebSocket", async (t) => {
  const coding: Coding = { video: "h264", audio: "aac" };
  const page = await openPlayer(t, coding, { path: "/chats/room.flv", scheme: "ws" });
  if (page === undefined) return;
  const shown = await played(page, 3);
  assert.equal(shown.width, 320);
  assert.ok(shown.audioBytes > 0);
});
