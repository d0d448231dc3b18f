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
  // As browsers that people use: no sound before a click.
  "--autoplay-policy=user-gesture-required",
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
  await page.waitForFunction(
    (before) => (document.querySelector("video")?.currentTime ?? 0) > before + 0.3,
    await position(page),
    { timeout: 10_000 },
  );
}

const headline = (page: Page) => page.locator("#headline");
const isMuted = (page: Page) => page.locator("video").evaluate((video: HTMLVideoElement) => video.muted);

test("the player plays, says so, and says what is wrong when it stops", { skip }, async () => {
  server.playlistStatus = 503;
  const { page, complaints } = await open("/demo/embed.html?stats=1&controls=0&format=hls", {
    viewport: { width: 640, height: 360 },
  });
  await headline(page).filter({ hasText: "Stream is offline" }).waitFor({ timeout: 5000 });
  assert.match((await page.locator("#explanation").textContent()) ?? "", /Trying again in \d+ s/);
  await shoot(page, "embed-offline");

  server.playlistStatus = 200;
  await page.locator("#retry").click();
  await waitUntilPlaying(page);
  await page.locator("#overlay").waitFor({ state: "hidden" });
  assert.equal(await page.locator("#live-text").textContent(), "LIVE");
  assert.match((await page.locator("#stats").textContent()) ?? "", /FormatHLSLatency\d.*Picture640×360/);
  await shoot(page, "embed-live");

  server.dead = true;
  await page.locator("#overlay").waitFor({ state: "visible", timeout: 25_000 });
  await headline(page)
    .filter({ hasText: /No connection|Waiting for video/ })
    .waitFor({ timeout: 25_000 });
  await shoot(page, "embed-lost");
  server.dead = false;
  await waitUntilPlaying(page);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("a format that the server lacks gives way to one that it has", { skip }, async () => {
  // The server has no `index.ll.m3u8`; a click began it, so it has its sound.
  const { page, complaints } = await open("/demo/embed.html?autoplay=0");
  await page.getByRole("button", { name: "Play", exact: true }).first().waitFor();
  assert.equal(await page.locator("#play").isVisible(), true);
  await shoot(page, "embed-ready");
  await page.locator("#play").click();
  await waitUntilPlaying(page);
  assert.equal(await isMuted(page), false);
  await page.locator("#open-settings").click();
  await page.getByRole("dialog", { name: "Settings" }).waitFor();
  assert.equal(await page.getByLabel("Automatic (HLS)").isChecked(), true);
  await shoot(page, "embed-settings");
  await page.getByRole("checkbox", { name: "Statistics" }).check();
  assert.equal(await page.locator("#stats").isVisible(), true);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#settings").isVisible(), false);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "open-settings");
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("the keyboard plays, pauses and turns the sound off; sound waits for a click", { skip }, async () => {
  const { page } = await open("/demo/embed.html?format=hls");
  await page.waitForFunction(() => (document.querySelector("video")?.played.length ?? 0) > 0);
  await waitUntilPlaying(page);
  // Without a click browsers refuse sound, but not where it came later than the picture.
  if (await isMuted(page)) await page.locator("#unmute").waitFor();
  else await page.keyboard.press("m");
  await page.waitForFunction(() => document.querySelector("video")?.muted === true);
  await page.keyboard.press("m");
  await page.waitForFunction(() => document.querySelector("video")?.muted === false);
  await page.locator("#unmute").waitFor({ state: "hidden" });
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => Math.abs((document.querySelector("video")?.volume ?? 1) - 0.9) < 0.05);
  await waitUntilPlaying(page);
  await page.waitForFunction(() => document.querySelector("video")?.paused === false);
  await page.keyboard.press(" ");
  await page.waitForFunction(() => document.querySelector("video")?.paused === true);
  await page.locator("#live-text").filter({ hasText: "GO LIVE" }).waitFor();
  await page.keyboard.press("l");
  await page
    .locator("#live-text")
    .filter({ hasText: /^LIVE$/ })
    .waitFor();
  await waitUntilPlaying(page);
  await page.context().close();
});

test("what cannot be played is called by its name, and so are reserved addresses", { skip }, async () => {
  server.tracks = [{ content: "video", codec: "mpeg2video" }];
  const cases: readonly [string, RegExp][] = [
    ["/nothing/embed.html", /No such stream/],
    ["/demo/embed.html", /Cannot play this format.*This browser cannot decode MPEG-2 video\./s],
    ["/demo/embed.html?format=flash", /Unknown format/],
    ["/demo/embed.html?dvr=true", /No recordings here.*Watch live/s],
  ];
  for (const [path, words] of cases) {
    const { page } = await open(path, { viewport: { width: 320, height: 240 } });
    await headline(page).filter({ hasText: /\w/ }).waitFor({ timeout: 5000 });
    await page.waitForFunction(
      (text) => new RegExp(text, "s").test(document.querySelector("#overlay")?.textContent ?? ""),
      words.source,
      { timeout: 5000 },
    );
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${path}: wider than the page by ${overflow} px`);
    await page.context().close();
  }
  server.tracks = [{ content: "video", codec: "h264" }];
});

test("playback stops after `play_duration`, and goes on when asked", { skip }, async () => {
  const { page } = await open("/demo/embed.html?format=hls&play_duration=2");
  await headline(page).filter({ hasText: "Are you still watching?" }).waitFor({ timeout: 20_000 });
  await page.getByRole("button", { name: "Go on" }).click();
  await waitUntilPlaying(page);
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
  const frame = page.frames().find((one) => one.url().endsWith("/demo/embed.html?muted=1"));
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
