import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { openPage } from "./kit/browser.ts";
import { TestServer, until } from "./kit/server.ts";

const DEMO = "stream demo { input fake://clock; segment_duration 1; }";

interface Shown {
  readonly time: number;
  readonly width: number;
  readonly state: string;
  readonly stats: string;
  readonly overlay: string;
}

const LOOK = `(() => {
  const video = document.querySelector("video");
  return {
    time: video.currentTime,
    width: video.videoWidth,
    state: document.querySelector("#player").dataset.state,
    stats: document.querySelector("#stats").textContent,
    overlay: document.querySelector("#overlay").textContent,
  };
})()`;

/** The player page of the demo stream, and whatever it complains of. */
async function openPlayer(
  t: TestContext,
  query: string,
): Promise<{ page: Page; server: TestServer; complaints: string[] } | undefined> {
  const page = await openPage(t, { width: 640, height: 360 });
  if (page === undefined) return undefined;
  const server = await TestServer.start(t, DEMO);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(server.url(`/demo/embed.html?stats=1&${query}`));
  return { page, server, complaints };
}

/** Waits until the picture has moved for so long. */
async function played(page: Page, seconds: number): Promise<Shown> {
  const look = (): Promise<Shown> => page.evaluate<Shown>(LOOK);
  let from: number | undefined;
  return until(`${seconds} s of picture`, 40_000, async () => {
    const shown = await look();
    if (shown.state !== "playing") from = undefined;
    else from ??= shown.time;
    return from !== undefined && shown.time > from + seconds ? shown : undefined;
  }).catch(async (error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await look())}`);
  });
}

const FORMATS: readonly [query: string, name: string][] = [
  ["", "LL-HLS"],
  ["realtime=true", "MSE-LD"],
  ["format=hls", "HLS"],
  ["format=dash", "DASH"],
  ["format=flv", "FLV"],
  ["format=mp4", "MP4"],
];

for (const [query, name] of FORMATS) {
  test(`Chromium plays ${name} in the player page${query === "" ? ", unasked" : ""}`, async (t) => {
    const opened = await openPlayer(t, query);
    if (opened === undefined) return;
    const shown = await played(opened.page, 3);
    assert.ok(shown.width > 0);
    assert.match(shown.stats, new RegExp(`^Format${name}Latency`));
    assert.deepEqual(opened.complaints, []);
  });
}

test("the settings change the delivery while it plays", async (t) => {
  const opened = await openPlayer(t, "");
  if (opened === undefined) return;
  const { page } = opened;
  await played(page, 1);
  await page.locator("#open-settings").click();
  await page.getByLabel("Lowest delay (MSE-LD)").check();
  assert.match((await played(page, 2)).stats, /^FormatMSE-LD/);
  assert.equal(await page.getByLabel("Lowest delay (MSE-LD)").isChecked(), true);
});

test("a token in the page's address goes with everything that the player asks for", async (t) => {
  const page = await openPage(t, { width: 640, height: 360 });
  if (page === undefined) return;
  const server = await TestServer.start(t, DEMO);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(server.url("/demo/embed.html?token=abc"));
  await played(page, 1);
  const documents = asked.filter((url) => /media_info|m3u8/.test(url));
  assert.ok(documents.length > 1);
  for (const url of documents) assert.match(url, /[?&]token=abc/);
});
