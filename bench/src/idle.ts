import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BenchError } from "./errors.ts";
import { cpuSecondsOf, familyOf, residentBytesOf } from "./measure.ts";
import { startMillrace } from "./millrace.ts";

export interface IdleOptions {
  readonly streams: number;
  readonly bitsPerSecond: number;
  /** From the first stream to the reading of the memory. */
  readonly seconds: number;
  readonly progress?: (text: string) => void;
}

export interface IdleRow {
  readonly streams: number;
  /** Resident memory of all the server's processes, shared memory included, without a stream; bytes. */
  readonly bytesBefore: number;
  /** And with all of them. */
  readonly bytesAfter: number;
  /** `bytesAfter` by the number of streams. */
  readonly bytesPerStream: number;
  /** Share of one core over the second half of the time. */
  readonly load: number;
  /** Streams whose playlist had segments at the end. */
  readonly playing: number;
}

/** Playlists are asked for this often, as a viewer of each stream would. */
const RELOAD_MS = 4000;

/** Memory of a server with many streams that are watched over HLS. */
export async function runIdle(options: IdleOptions): Promise<IdleRow> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    return await measure(folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, options: IdleOptions): Promise<IdleRow> {
  const { streams, bitsPerSecond, seconds, progress } = options;
  const lines = Array.from({ length: streams }, (_, i) => `stream s${i} { publish_enabled; }`);
  await using served = await startMillrace(folder, lines);
  const pid = served.server.pid;
  await sleep(1000);
  const bytesBefore = familyBytes(pid);
  const feeder = await served.feed("/s%/mpegts", { bitsPerSecond, count: streams });
  const startMs = performance.now();
  const elapsed = () => (performance.now() - startMs) / 1000;
  let half: { at: number; cpu: number } | undefined;
  let playing = 0;
  while (elapsed() < seconds) {
    await Promise.race([sleep(RELOAD_MS), feeder.ended]);
    playing = await reloadAll(served.port, streams);
    if (half === undefined && elapsed() >= seconds / 2) half = { at: elapsed(), cpu: cpuSecondsOf(pid) };
    progress?.(`${elapsed().toFixed(0)} s, ${playing} of ${streams} streams have segments`);
  }
  const bytesAfter = familyBytes(pid);
  // On a busy machine all may have been asked no sooner than at the end: nothing is left to measure then.
  const spent = half === undefined ? 0 : elapsed() - half.at;
  const load = half === undefined || spent < 1 ? Number.NaN : (cpuSecondsOf(pid) - half.cpu) / spent;
  if (playing === 0) throw new BenchError("bench.tool", "no stream has an HLS playlist");
  return { streams, bytesBefore, bytesAfter, bytesPerStream: bytesAfter / streams, load, playing };
}

function familyBytes(pid: number): number {
  return familyOf(pid).reduce((sum, one) => sum + residentBytesOf(one), 0);
}

/** As many at once as a few viewers ask: a playlist that has no segment yet keeps whoever asks waiting. */
const AT_ONCE = 20;

async function reloadAll(port: number, streams: number): Promise<number> {
  let playing = 0;
  for (let first = 0; first < streams; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, streams - first);
    const some = Array.from({ length: count }, (_, i) => isPlaying(port, first + i));
    playing += (await Promise.all(some)).filter(Boolean).length;
  }
  return playing;
}

async function isPlaying(port: number, stream: number): Promise<boolean> {
  const base = `http://127.0.0.1:${port}/s${stream}/`;
  const text = await textOf(`${base}index.m3u8`);
  const variant = text.includes("#EXT-X-STREAM-INF")
    ? text.split("\n").find((line) => !/^(#|$)/.test(line))
    : undefined;
  const media = variant === undefined ? text : await textOf(new URL(variant, `${base}index.m3u8`).href);
  return media.includes("#EXTINF");
}

async function textOf(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return response.status === 200 ? await response.text() : "";
  } catch {
    return "";
  }
}
