import { setTimeout as sleep } from "node:timers/promises";
import type { Fetch, Violation } from "../hls-linter/model.ts";
import { lintMpd } from "./lint.ts";

/** More often than players ask, so that the times of changes are known well. */
const POLL_MS = 400;
/** One answer takes at most this long. */
const TIMEOUT_MS = 10_000;

/** Fetches an MPD again and again for so many seconds, and judges what it saw. */
export async function lintDash(
  url: string,
  seconds: number,
): Promise<{ violations: Violation[]; fetches: Fetch[] }> {
  const fetches: Fetch[] = [];
  const endMs = performance.now() + seconds * 1000;
  do {
    fetches.push(await fetchOnce(url));
    await sleep(POLL_MS);
  } while (performance.now() < endMs);
  return { violations: lintMpd(fetches), fetches };
}

async function fetchOnce(url: string): Promise<Fetch> {
  const sentMs = performance.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const contentType = response.headers.get("content-type") ?? "";
  return { url, sentMs, doneMs: performance.now(), status: response.status, bytes, contentType };
}
