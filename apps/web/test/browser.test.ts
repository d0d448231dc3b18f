import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import type { StreamInfo } from "@millrace/model";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { FixtureServer } from "./fixture-server.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const skip = existsSync(CHROMIUM) ? false : `${CHROMIUM} is missing`;
/** With `MILLRACE_SHOTS=FOLDER`, pictures of the pages are kept there. */
const SHOTS = process.env["MILLRACE_SHOTS"];

const server = new FixtureServer();
let origin = "";
let browser: Browser | undefined;

before(async () => {
  origin = await server.listen();
  if (skip === false) browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
after(async () => {
  await browser?.close();
  server.close();
});

function describeStream(name: string, changes: Partial<StreamInfo> = {}): StreamInfo {
  return {
    name,
    kind: "static",
    running: true,
    worker: 0,
    bytesIn: 123_456_789,
    bitrate: 1_114_000,
    viewers: 3,
    switches: 0,
    inputs: [
      { url: "fake://clock", priority: 1, state: "active", bytes: 123_456_789, retries: 0, counters: {} },
      {
        url: "udp://239.1.2.3:1234",
        priority: 2,
        state: "failed",
        bytes: 0,
        retries: 4,
        lastError: "no data for 10 s",
        counters: {},
      },
    ],
    tracks: [
      { id: 256, codec: "h264", kind: "video", text: "H.264 640x360 25 fps" },
      { id: 257, codec: "aac", kind: "audio", language: "eng" },
    ],
    pushes: [{ url: "udp://239.9.9.9:5000", retries: 0, packets: 4711 }],
    memoryBytes: 8_000_000,
    ...changes,
  };
}

const SEVERAL = [
  describeStream("demo"),
  describeStream("sport/arena 1", { bitrate: 8_212_000, viewers: 1240, inputs: [] }),
  describeStream("studio", { bitrate: 0, viewers: 0, tracks: [] }),
  describeStream("nightly", {
    running: false,
    kind: "ondemand",
    bitrate: 0,
    viewers: 0,
    tracks: [],
    inputs: [],
  }),
];

/** Opens a page and collects whatever it complains of. */
async function open(
  path: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await (browser as Browser).newContext({
    viewport: { width: 1280, height: 860 },
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(origin + path);
  return { page, complaints };
}

async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

const position = (page: Page) =>
  page.locator("video").evaluate((video: HTMLVideoElement) => video.currentTime);

async function waitUntilPlaying(page: Page): Promise<void> {
  await page.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 0.2, undefined, {
    timeout: 15_000,
  });
  const before = await position(page);
  await page.waitForTimeout(700);
  assert.ok((await position(page)) > before + 0.3, "the picture moves");
}

test("the player plays, says so, and says what is wrong when it stops", { skip }, async () => {
  server.playlistStatus = 503;
  const { page, complaints } = await open("/demo/embed.html?stats=1&controls=0", {
    viewport: { width: 640, height: 360 },
  });
  const headline = page.locator("#headline");
  await headline.filter({ hasText: "Stream is offline" }).waitFor({ timeout: 5000 });
  assert.match((await page.locator("#explanation").textContent()) ?? "", /Trying again in \d+ s/);
  await shoot(page, "embed-offline");

  server.playlistStatus = 200;
  await page.locator("#retry").click();
  await waitUntilPlaying(page);
  await page.locator("#overlay").waitFor({ state: "hidden" });
  assert.equal(await page.locator("#live-text").textContent(), "LIVE");
  assert.match((await page.locator("#stats").textContent()) ?? "", /Latency\d.*Picture640×360/);
  assert.equal(await page.locator("video").evaluate((video: HTMLVideoElement) => video.muted), true);
  await shoot(page, "embed-live");
  await page.locator("#unmute").click();
  assert.equal(await page.locator("video").evaluate((video: HTMLVideoElement) => video.muted), false);

  server.dead = true;
  await page.locator("#overlay").waitFor({ state: "visible", timeout: 25_000 });
  await shoot(page, "embed-lost");
  assert.match((await headline.textContent()) ?? "", /No connection|Waiting for video/);
  server.dead = false;
  await waitUntilPlaying(page);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("a stream that does not exist is called so", { skip }, async () => {
  const { page } = await open("/nothing/embed.html");
  await page.locator("#headline").filter({ hasText: "No such stream" }).waitFor({ timeout: 5000 });
  await page.context().close();
});

test("the start page lists streams, plays one and gives its addresses", { skip }, async () => {
  server.streams = SEVERAL;
  const { page, complaints } = await open("/");
  const buttons = page.locator("#streams button");
  await buttons.first().waitFor();
  const texts = await buttons.allInnerTexts();
  assert.equal(texts.length, 4);
  assert.match(texts[0] ?? "", /demo\s+live\s+H\.264 640x360 25 fps · AAC\s+1\.11 Mbit\/s · 3 viewers/);
  assert.match(texts[1] ?? "", /1,240 viewers/);
  assert.match(texts[2] ?? "", /no input/);
  assert.match(texts[3] ?? "", /starts on demand/);
  assert.equal(await page.getByLabel("HLS", { exact: true }).inputValue(), `${origin}/demo/index.m3u8`);
  const frame = page.frames().find((one) => one.url().endsWith("/demo/embed.html"));
  assert.ok(frame);
  await frame.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 0.2);
  await shoot(page, "start-light");

  await buttons.nth(1).focus();
  await page.keyboard.press("Enter");
  assert.equal(
    await page.getByLabel("HTTP-TS", { exact: true }).inputValue(),
    `${origin}/sport/arena%201/mpegts`,
  );
  assert.equal(await buttons.nth(1).getAttribute("aria-current"), "true");
  server.streams = SEVERAL.slice(1);
  await page.waitForFunction(() => document.querySelectorAll("#streams button").length === 3);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent?.startsWith("sport")), true);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("the start page on a phone, in the dark, without streams and without its server", { skip }, async () => {
  server.streams = SEVERAL;
  const { page } = await open("/", { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
  await page.locator("#streams button").first().waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `wider than the phone by ${overflow} px`);
  await shoot(page, "start-phone-dark");
  await page.setViewportSize({ width: 1280, height: 860 });
  await shoot(page, "start-dark");

  server.dead = true;
  const trouble = page.getByRole("alert");
  await trouble.waitFor({ timeout: 5000 });
  assert.match((await trouble.textContent()) ?? "", /has not answered since/);
  await page.emulateMedia({ colorScheme: "light" });
  await shoot(page, "start-gone");

  server.dead = false;
  server.streams = [];
  await page.getByRole("heading", { name: "No streams yet" }).waitFor({ timeout: 5000 });
  assert.equal(await trouble.count(), 0);
  await shoot(page, "start-empty");
  await page.context().close();
});
