import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { needs, run } from "../e2e/kit/programs.ts";
import { TestServer } from "../e2e/kit/server.ts";
import type { Background } from "./kit/background.ts";
import { type Coding, startEncoder } from "./kit/encoder.ts";
import { openHlsPage } from "./kit/hls-page.ts";

const SMALL: Coding = { video: "h264", audio: "aac" };
const LARGE: Coding = { ...SMALL, size: "640x360" };
/** So long nothing comes. */
const PAUSE_MS = 10_000;
const STREAM = "stream one { publish_enabled; segment_duration 1; }";

/** A publisher whose time stamps begin where those of no other do. */
async function publish(t: TestContext, server: TestServer, coding: Coding, atS: number): Promise<Background> {
  const from = server.log.length;
  const options = ["-output_ts_offset", String(atS)];
  const encoder = startEncoder(t, coding, { url: server.url("/one/mpegts"), options });
  await server.waitFor("publisher", 8000, from);
  return encoder;
}

for (const [path, config] of [
  ["index.ll.m3u8", { lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5 }],
  ["index.fmp4.m3u8", {}],
  ["index.m3u8", {}],
] as const) {
  test(`hls.js on ${path} goes on over another picture size, time stamps that jump, and a pause`, async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const server = await TestServer.start(t, STREAM);
    const first = await publish(t, server, SMALL, 1000);
    const page = await openHlsPage(t, server.url(`/one/${path}`), config);
    if (page === undefined) return;
    assert.equal((await page.played(4)).width, 320);
    await first.kill();
    const second = await publish(t, server, LARGE, 50);
    await page.until("the larger picture", ({ width }) => width === 640, { timeoutMs: 30_000 });
    await page.played(4);
    await second.kill();
    await sleep(PAUSE_MS);
    await publish(t, server, SMALL, 7000);
    await page.until("the smaller picture again", ({ width }) => width === 320, { timeoutMs: 40_000 });
    const shown = await page.played(4);
    assert.deepEqual(
      shown.errors.filter(({ fatal }) => fatal),
      [],
    );
  });
}

for (const path of ["index.ll.m3u8", "index.fmp4.m3u8", "index.m3u8"]) {
  test(`FFmpeg on ${path} goes on over time stamps that jump, and a pause`, async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const server = await TestServer.start(t, STREAM);
    const first = await publish(t, server, SMALL, 1000);
    const reading = run(
      "ffmpeg",
      ["-v", "error", "-i", server.url(`/one/${path}`), "-t", "24", "-f", "null", "-progress", "-", "-"],
      90_000,
    );
    await sleep(8000);
    await first.kill();
    const second = await publish(t, server, SMALL, 50);
    await sleep(8000);
    await second.kill();
    await sleep(PAUSE_MS);
    await publish(t, server, SMALL, 7000);
    const { status, stdout, stderr } = await reading;
    assert.equal(status, 0, stderr);
    const frames = Number(/frame=\s*(\d+)(?![\s\S]*frame=)/.exec(stdout)?.[1]);
    // Its clock counts what is missing, too: the pause is no picture.
    assert.ok(frames > 10 * 25, `${frames} frames: ${stderr}`);
  });
}
