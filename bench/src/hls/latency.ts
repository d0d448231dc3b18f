import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMillrace } from "../millrace.ts";
import { SyntheticTs } from "../synthetic-ts.ts";

export interface PartLatency {
  /** Parts that were timed. */
  readonly parts: number;
  /** From the moment when a part's last frame was handed to the server until the blocked playlist with it was there; ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

const FRAME_MS = 40;
const FRAME_TICKS = 3600;
const BITS_PER_SECOND = 4_000_000;
const SETTLE_MS = 6000;

/** How long after its last frame a part can be had: one stream, one player on the same machine. */
export async function runPartLatency(options: { seconds: number }): Promise<PartLatency> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    await using served = await startMillrace(folder, ["stream s0 { publish_enabled; }"]);
    const url = `http://127.0.0.1:${served.port}/s0`;
    const feeder = new FrameFeeder(`${url}/mpegts`);
    try {
      return summarize(await timeParts(`${url}/cmaf/v1.ll.m3u8`, feeder, options.seconds));
    } finally {
      feeder.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Publishes frame by frame at the frames' own pace, and remembers when each was handed over. */
class FrameFeeder {
  readonly sentMs: number[] = [];
  readonly #source = new SyntheticTs(BITS_PER_SECOND);
  readonly #put;
  readonly #timer: NodeJS.Timeout;

  constructor(url: string) {
    this.#put = request(url, { method: "PUT" });
    this.#put.on("error", () => {});
    this.#put.setNoDelay(true);
    const started = performance.now();
    this.#timer = setInterval(() => {
      for (; this.sentMs.length * FRAME_MS <= performance.now() - started; ) {
        const frame = this.#source.nextFrame();
        this.#put.write(frame);
        this.sentMs.push(performance.now());
      }
    }, 2);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#put.destroy();
  }
}

async function timeParts(playlist: string, feeder: FrameFeeder, seconds: number): Promise<number[]> {
  const delays: number[] = [];
  // The media timeline is another than the feeder's: the first part that is seen settles the difference by the frames in it.
  let base: number | undefined;
  let query = "";
  const endMs = performance.now() + SETTLE_MS + seconds * 1000;
  const fromMs = performance.now() + SETTLE_MS;
  while (performance.now() < endMs) {
    const text = await (await fetch(playlist + query)).text();
    const nowMs = performance.now();
    const edge = readEdge(text);
    if (edge === undefined) continue;
    query = `?_HLS_msn=${edge.nextMsn}&_HLS_part=${edge.nextPart}`;
    // A part is there before the frame behind it is sent: which frame ends it follows from the newest one that was sent.
    const newest = feeder.sentMs.length - 1;
    base ??= edge.endTicks - (newest + 1) * FRAME_TICKS;
    while (edge.endTicks - base > (newest + 1) * FRAME_TICKS) base += FRAME_TICKS;
    const last = Math.round((edge.endTicks - base) / FRAME_TICKS) - 1;
    const sentMs = feeder.sentMs[last];
    if (sentMs !== undefined && nowMs > fromMs) delays.push(nowMs - sentMs);
  }
  return delays;
}

interface Edge {
  readonly nextMsn: number;
  readonly nextPart: number;
  /** Where the newest part ends, on the media timeline. */
  readonly endTicks: number;
}

/** The newest part of a playlist; undefined where it has none. */
export function readEdge(text: string): Edge | undefined {
  let msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  let part = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("#EXTINF:")) {
      msn++;
      part = 0;
    } else if (line.startsWith("#EXT-X-PART:")) part++;
  }
  const hint = /#EXT-X-PRELOAD-HINT:.*part-(\d+)\.m4s/.exec(text)?.[1];
  return hint === undefined ? undefined : { nextMsn: msn, nextPart: part, endTicks: Number(hint) };
}

function summarize(delays: readonly number[]): PartLatency {
  const sorted = [...delays].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { parts: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1) };
}
