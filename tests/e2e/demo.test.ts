import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, videoTime } from "./kit/browser.ts";
import { needs, run } from "./kit/programs.ts";
import { TestServer, until } from "./kit/server.ts";

const DEMO = "stream demo { input fake://clock; }";

test("ffprobe reads h264 and aac from the demo's playlist within 20 s of the start", async (t) => {
  if (!needs(t, "ffprobe")) return;
  const server = await TestServer.start(t, DEMO);
  const args = [
    "-v",
    "error",
    "-show_entries",
    "stream=codec_name",
    "-of",
    "csv=p=0",
    server.url("/demo/index.m3u8"),
  ];
  const { stdout, stderr, status } = await run("ffprobe", args, 20_000);
  assert.equal(status, 0, stderr);
  const codecs = new Set(stdout.split(/[\n,]/).filter((word) => word !== ""));
  assert.deepEqual(codecs, new Set(["h264", "aac"]));
});

test("Chromium plays the embed page and its video time advances", async (t) => {
  const page = await openPage(t, { width: 1280, height: 720 });
  if (page === undefined) return;
  const server = await TestServer.start(t, DEMO);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(server.url("/demo/embed.html"));
  const first = await until("the video to start", 25_000, async () => {
    const time = await videoTime(page);
    return time !== undefined && time > 0 ? time : undefined;
  });
  const later = await until("three more seconds of video", 15_000, async () => {
    const time = (await videoTime(page)) ?? 0;
    return time > first + 3 ? time : undefined;
  });
  assert.ok(later > first);
  assert.deepEqual(problems, []);
  const screenshot = process.env["MILLRACE_SCREENSHOT"];
  if (screenshot !== undefined) {
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.goto(server.url("/"));
    await until("the start page's player", 15_000, async () => {
      const player = page.frames().find((frame) => frame.url().includes("/embed.html"));
      return (player !== undefined && ((await videoTime(player)) ?? 0) > 2) || undefined;
    });
    await page.screenshot({ path: screenshot });
  }
});

test("the start page lists the streams; an unknown name has a page that says so", async (t) => {
  const page = await openPage(t);
  if (page === undefined) return;
  const server = await TestServer.start(t, DEMO);
  await page.goto(server.url("/"));
  await until("the stream's name on the page", 10_000, async () => {
    return (await page.textContent("body"))?.includes("demo") || undefined;
  });
  const response = await page.goto(server.url("/nothing/embed.html"));
  assert.equal(response?.status(), 404);
});
