import { setTimeout as sleep } from "node:timers/promises";
import type { Fetch } from "../hls-linter/model.ts";
import type { SmoothFragmentFetch, SmoothObservation } from "./model.ts";
import { scanManifest } from "./scan.ts";

const TIMEOUT_MS = 30_000;

async function get(url: string): Promise<Fetch> {
  const sentMs = performance.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { url, sentMs, doneMs: performance.now(), status: response.status, bytes };
}

/** Loads a manifest as often as it changes for so many seconds, and each fragment a while after it was first listed. */
export async function observeSmooth(
  url: string,
  {
    seconds,
    everyMs,
    lateMs,
  }: { readonly seconds: number; readonly everyMs: number; readonly lateMs: number },
): Promise<SmoothObservation> {
  const endMs = performance.now() + seconds * 1000;
  const manifests: Fetch[] = [];
  const running = new Map<string, Promise<SmoothFragmentFetch>>();
  do {
    const manifest = await get(url);
    if (manifest.status !== 200) throw new Error(`${url}: ${manifest.status}`);
    manifests.push(manifest);
    for (const { attributes, levels, chunks } of scanManifest(manifest)?.streams ?? [])
      for (const chunk of chunks) {
        const stream = attributes.get("Name") ?? "";
        const path = (attributes.get("Url") ?? "")
          .replace(/\{bitrate\}/i, levels[0]?.get("Bitrate") ?? "")
          .replace(/\{start[ _]time\}/i, String(chunk.start));
        const target = new URL(path, url).href;
        if (running.has(target)) continue;
        const fetched = sleep(lateMs).then(async () => ({ ...(await get(target)), stream, chunk }));
        running.set(target, fetched);
      }
    await sleep(everyMs);
  } while (performance.now() < endMs);
  return { manifests, fragments: await Promise.all(running.values()) };
}
