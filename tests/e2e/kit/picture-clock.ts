import type { Page } from "playwright-core";
import { READ_PICTURE } from "./clock-code.ts";
import { until } from "./server.ts";

/** What was seen of the pictures of a while. Times are milliseconds. */
export interface Seen {
  /** From the time in each picture to when it was shown, in the order of their size. */
  readonly delaysMs: readonly number[];
  /** Shown, but without a time that could be read. */
  readonly unread: number;
  readonly stalls: number;
  /** Between two pictures, at most. */
  readonly longestMs: number;
}

/** A part of all, 0 to 1: half of them is the median. */
export function quantile({ delaysMs }: Seen, part: number): number {
  return delaysMs[Math.min(delaysMs.length - 1, Math.floor(delaysMs.length * part))] ?? Number.NaN;
}

const WATCH = `(() => {
  if (window.pictureClock !== undefined) return true;
  const video = document.querySelector("video");
  if (video === null) return false;
  const readPicture = ${READ_PICTURE};
  const clock = (window.pictureClock = { pictures: [], stalls: 0 });
  video.addEventListener("waiting", () => clock.stalls++);
  const onPicture = () => {
    // Of the same machine as the clock in the picture.
    const at = Date.now();
    clock.pictures.push([at, readPicture(video) ?? 0]);
    video.requestVideoFrameCallback(onPicture);
  };
  video.requestVideoFrameCallback(onPicture);
  return true;
})()`;

/** Reads the clock in the pictures of the page's video (`clock-encoder-child.ts`), from the moment when each is shown. */
export class PictureClock {
  readonly #page: Pick<Page, "evaluate">;

  private constructor(page: Pick<Page, "evaluate">) {
    this.#page = page;
  }

  /** Waits until the page shows a time. */
  static async find(page: Pick<Page, "evaluate">, timeoutMs: number): Promise<PictureClock> {
    const isShown = `window.pictureClock?.pictures.some(([, shown]) => shown > 0)`;
    await until("a picture with the time in it", timeoutMs, async () => {
      await page.evaluate(WATCH);
      return (await page.evaluate<boolean | undefined>(isShown)) || undefined;
    });
    return new PictureClock(page);
  }

  /** Watches for so long, by the clock; what was before does not count. */
  async watch(seconds: number): Promise<Seen> {
    await this.#page.evaluate("pictureClock.pictures.length = pictureClock.stalls = 0");
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const { pictures, stalls } = await this.#page.evaluate<{ pictures: [number, number][]; stalls: number }>(
      "pictureClock",
    );
    const read = pictures.filter(([, shown]) => shown > 0);
    const gaps = pictures.slice(1).map(([at], i) => at - (pictures[i]?.[0] ?? at));
    return {
      delaysMs: read.map(([at, shown]) => at - shown).sort((a, b) => a - b),
      unread: pictures.length - read.length,
      stalls,
      longestMs: Math.max(0, ...gaps),
    };
  }
}
