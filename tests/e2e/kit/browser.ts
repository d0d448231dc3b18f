import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Scope } from "./scope.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

/** A page in headless Chromium; the test is skipped, and says so, where the browser is missing. */
export async function openPage(t: Scope, size = { width: 1280, height: 800 }): Promise<Page | undefined> {
  if (!existsSync(CHROMIUM)) {
    t.skip(`program missing: ${CHROMIUM} (Debian package chromium)`);
    return undefined;
  }
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  t.after(() => browser.close());
  const context = await browser.newContext({ viewport: size });
  return await context.newPage();
}

/** Position of the video in a page or frame, seconds; undefined without one. */
export function videoTime(page: Pick<Page, "evaluate">): Promise<number | undefined> {
  return page.evaluate<number | undefined>('document.querySelector("video")?.currentTime');
}
