import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { openPage } from "../e2e/kit/browser.ts";
import { needs } from "../e2e/kit/programs.ts";
import { TestServer, until } from "../e2e/kit/server.ts";
import { type Coding, startEncoder } from "./kit/encoder.ts";

interface Shown {
  readonly time: number;
  readonly width: number;
  readonly frames: number;
  readonly dropped: number;
  readonly audioBytes: number;
  readonly overlay: string;
}

const LOOK = `(() => {
  const video = document.querySelector("video");
  const quality = video.getVideoPlaybackQuality();
  const overlay = document.querySelector("#overlay");
  return {
    time: video.currentTime,
    width: video.videoWidth,
    frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    audioBytes: video.webkitAudioDecodedByteCount ?? 0,
    overlay: overlay.hidden ? "" : overlay.textContent,
  };
})()`;

/** The embed page on a stream that ffmpeg publishes; undefined where a program is missing. */
async function openStream(t: TestContext, coding: Coding): Promise<Page | undefined> {
  if (!needs(t, "ffmpeg")) return undefined;
  const page = await openPage(t);
  if (page === undefined) return undefined;
  const server = await TestServer.start(t, "stream one { publish_enabled; segment_duration 1; }");
  startEncoder(t, coding, { url: server.url("/one/mpegts") });
  await server.waitFor("publisher", 8000);
  await page.goto(server.url("/one/embed.html?autoplay=true&muted=true"));
  return page;
}

/** Waits until it has played for so long without a problem on the page. */
async function played(page: Page, seconds: number): Promise<Shown> {
  const look = (): Promise<Shown> => page.evaluate<Shown>(LOOK);
  const first = await until("the stream to start", 12_000, async () => {
    const shown = await look();
    return shown.time > 0 && shown.overlay === "" ? shown : undefined;
  }).catch(async (error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await look())}`);
  });
  return until(`${seconds} more seconds`, 8000, async () => {
    const shown = await look();
    return shown.time > first.time + seconds && shown.overlay === "" ? shown : undefined;
  });
}

const PICTURES: readonly Coding[] = [
  { video: "h264", audio: "aac" },
  { video: "h264", audio: "mp3" },
  { video: "h264" },
];

for (const coding of PICTURES) {
  const name = [coding.video, coding.audio].filter((codec) => codec !== undefined).join(" and ");
  test(`hls.js in Chromium plays ${name}, with B-frames`, async (t) => {
    const page = await openStream(t, coding);
    if (page === undefined) return;
    const shown = await played(page, 3);
    assert.equal(shown.width, 320);
    assert.ok(shown.frames > 40, `${shown.frames} pictures`);
    assert.equal(shown.audioBytes > 0, coding.audio !== undefined, `${shown.audioBytes} bytes of audio`);
  });
}

for (const audio of ["aac", "mp3"] as const) {
  test(`hls.js in Chromium plays a radio in ${audio}`, async (t) => {
    const page = await openStream(t, { audio });
    if (page === undefined) return;
    const shown = await played(page, 3);
    assert.equal(shown.width, 0);
    assert.ok(shown.audioBytes > 0);
  });
}

test("hls.js in Chromium plays HEVC where the browser can, else the page names the reason", async (t) => {
  const page = await openStream(t, { video: "hevc", audio: "aac" });
  if (page === undefined) return;
  if (await page.evaluate<boolean>(`MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L60.90"')`)) {
    assert.equal((await played(page, 2)).width, 320);
    return;
  }
  const look = (): Promise<Shown> => page.evaluate<Shown>(LOOK);
  const named = async (): Promise<boolean> => /Cannot play this format/.test((await look()).overlay);
  await until("the overlay", 12_000, async () => (await named()) || undefined).catch(async (error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await look())}`);
  });
});
