import { appendFileSync, writeFileSync } from "node:fs";
import { until } from "../../e2e/kit/server.ts";

/** Far more often than segments come, however fast the stream is. */
const POLL_MS = 100;

/**
 * Puts the segments of a live playlist one behind the other into a file, as long as they come or until they last so many
 * seconds. Rejects when one is missed.
 */
export async function recordHls(
  playlistUrl: string,
  file: string,
  { seconds, timeoutMs }: { seconds: number; timeoutMs: number },
): Promise<void> {
  writeFileSync(file, "");
  const deadline = Date.now() + timeoutMs;
  const first = await until("a playlist with a segment", 8000, async () => {
    const found = await segmentsOf(playlistUrl);
    return found.length > 0 ? found : undefined;
  });
  let next = first[0]?.number ?? 0;
  let recordedS = 0;
  for (let segments = first; recordedS < seconds; segments = await segmentsOf(playlistUrl)) {
    if ((segments[0]?.number ?? next) > next) throw new Error(`segment ${next} left ${playlistUrl} unread`);
    for (const { number, url, durationS } of segments) {
      if (number !== next || recordedS >= seconds) continue;
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url} is answered ${response.status}`);
      appendFileSync(file, new Uint8Array(await response.arrayBuffer()));
      recordedS += durationS;
      next++;
    }
    if (Date.now() > deadline) throw new Error(`${recordedS} s of HLS in ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface Segment {
  readonly number: number;
  readonly url: string;
  readonly durationS: number;
}

async function segmentsOf(playlistUrl: string): Promise<Segment[]> {
  const response = await fetch(playlistUrl);
  if (!response.ok) return [];
  const text = await response.text();
  let number = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  let durationS = 0;
  const segments: Segment[] = [];
  for (const line of text.split("\n")) {
    durationS = Number(/^#EXTINF:([\d.]+)/.exec(line)?.[1] ?? durationS);
    if (line === "" || line.startsWith("#")) continue;
    segments.push({ number: number++, url: new URL(line, playlistUrl).href, durationS });
  }
  return segments;
}
