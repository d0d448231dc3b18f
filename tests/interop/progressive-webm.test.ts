import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPage } from "../e2e/kit/browser.ts";
import { needs } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { encodeUnique } from "./kit/coded.ts";
import { watch } from "./kit/viewer.ts";

const CHILD = fileURLToPath(new URL("./kit/rtmp-ffmpeg8-child.ts", import.meta.url));
const FILE_S = 30;
const WAIT_MS = 15_000;

/** AV1 and AAC, published over RTMP; undefined, and the test skipped, where something is missing. */
async function startAv1(t: TestContext): Promise<TestServer | undefined> {
  if (!needs(t, "ffmpeg")) return undefined;
  try {
    await import("node-av/lib");
  } catch {
    t.skip("package missing: node-av");
    return undefined;
  }
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nstream cam { publish_enabled; }`);
  const file = join(server.folder, "sent.mp4");
  await encodeUnique(file, { seconds: FILE_S, codec: "av1" });
  const url = `rtmp://127.0.0.1:${port}/static/cam`;
  const publisher = Background.start(t, process.execPath, [CHILD, file, url, "flv", String(FILE_S)]);
  await until("the tracks", WAIT_MS, async () => {
    if (!publisher.running) throw new Error(publisher.stderr);
    return (await server.stream("cam")).tracks.length === 2 || undefined;
  });
  return server;
}

test("AV1 plays as WebM in FFmpeg and Chromium, without the sound that WebM has no place for", async (t) => {
  const server = await startAv1(t);
  if (server === undefined) return;
  const seen = await watch(server.url("/cam.webm"), { seconds: 2, audio: false, measure: false });
  assert.deepEqual(seen.codecs, ["av1"]);
  assert.deepEqual(seen.complaints, []);
  const page = await openPage(t);
  if (page === undefined) return;
  // Any document of the same origin that has no policy.
  await page.goto(server.url("/-/mse-player.js"));
  await page.evaluate(`document.body.innerHTML = "<video muted autoplay src='/cam.webm'></video>"`);
  const look = `(() => {
    const video = document.querySelector("video");
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    return { time: video.currentTime, frames: totalVideoFrames, error: video.error?.message ?? "" };
  })()`;
  await until("pictures", WAIT_MS, async () => {
    const shown = await page.evaluate<{ time: number; frames: number; error: string }>(look);
    assert.equal(shown.error, "");
    return (shown.time > 1 && shown.frames > 20) || undefined;
  });
});
