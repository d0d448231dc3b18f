import { setTimeout as sleep } from "node:timers/promises";
import type { Fetch } from "../hls-linter/model.ts";
import { scanAnswer } from "../hls-low-latency/scan.ts";
import { readBoxFile } from "./boxes.ts";
import type { ObservedMedia, ObservedStream } from "./model.ts";

const TIMEOUT_MS = 15_000;
/** More often than parts go out of the playlist. */
const POLL_MS = 400;

async function get(url: string): Promise<Fetch> {
  const sentMs = performance.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  return { url, sentMs, doneMs: performance.now(), status: response.status, bytes };
}

const nameOf = (url: string): string => url.slice(url.lastIndexOf("/") + 1);

/** A track of CMAF as it was fetched in both ways. */
export interface CmafObservation {
  readonly segments: ObservedStream;
  readonly parts: ObservedStream;
  /** A segment with its parts, in order. */
  readonly joints: readonly { readonly segment: Uint8Array; readonly parts: readonly Uint8Array[] }[];
}

interface FetchedSegment {
  readonly media: ObservedMedia;
  /** URLs. */
  readonly parts: readonly string[];
}

/** Follows a low-latency playlist of one track for so many seconds, with all parts and segments that come meanwhile. */
export async function observeCmaf(url: string, seconds: number): Promise<CmafObservation> {
  const endMs = performance.now() + seconds * 1000;
  const parts = new Map<string, ObservedMedia>();
  const segments = new Map<number, FetchedSegment>();
  let initUrl: string | undefined;
  do {
    const answer = scanAnswer(await get(url));
    initUrl = /#EXT-X-MAP:URI="([^"]+)"/.exec(answer.text)?.[1];
    for (const parent of answer.parents.filter((one) => one.parts.length > 0)) {
      for (const { url: part, independent } of parent.parts) {
        if (part === undefined || parts.has(part)) continue;
        parts.set(part, { where: nameOf(part), bytes: (await get(part)).bytes, independent });
      }
      if (!parent.complete || segments.has(parent.sequence)) continue;
      const { url: whole, bytes } = await get(new URL(parent.uri, url).href);
      const media = { where: nameOf(whole), bytes, independent: true };
      const own = parent.parts.map((part) => part.url).filter((part) => part !== undefined);
      segments.set(parent.sequence, { media, parts: own });
    }
    await sleep(POLL_MS);
  } while (performance.now() < endMs);
  if (initUrl === undefined) throw new Error(`${url}: no EXT-X-MAP`);
  const init = (await get(new URL(initUrl, url).href)).bytes;
  const fetched = [...segments.values()];
  const joints = fetched.map(({ media, parts: own }) => ({
    segment: media.bytes,
    parts: own.map((part) => parts.get(part)?.bytes ?? new Uint8Array(0)),
  }));
  const stream = { profile: "cmaf", init } as const;
  return {
    segments: { ...stream, where: nameOf(url), media: fetched.map(({ media }) => media) },
    parts: { ...stream, where: nameOf(url), media: [...parts.values()] },
    joints,
  };
}

/** Reads a file that never ends for so many seconds; what is not whole at its end is left away. */
export async function observeProgressive(url: string, seconds: number): Promise<ObservedStream> {
  const endMs = performance.now() + seconds * 1000;
  const response = await fetch(url, { signal: AbortSignal.timeout(seconds * 1000 + TIMEOUT_MS) });
  if (response.status !== 200 || response.body === null) throw new Error(`${url}: ${response.status}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) {
    chunks.push(chunk);
    if (performance.now() > endMs) break;
  }
  const all = new Uint8Array(Buffer.concat(chunks));
  const { boxes } = readBoxFile(url, all);
  const headEnd = boxes.find(({ type }) => type === "moov")?.end ?? 0;
  const end = boxes.findLast(({ type }) => type === "mdat")?.end ?? 0;
  const media = [{ where: "fragments", bytes: all.subarray(headEnd, end), independent: true }];
  return { where: nameOf(url), profile: "fragments", init: all.subarray(0, headEnd), media };
}

interface MseTrack {
  readonly id: number;
  readonly track_id: string;
  readonly payload: string;
}

/** Takes what is sent over a WebSocket for so many seconds: a stream for each track. */
export async function observeMse(url: string, seconds: number): Promise<ObservedStream[]> {
  const socket = new WebSocket(url.replace(/^http/, "ws"));
  socket.binaryType = "arraybuffer";
  let tracks: readonly MseTrack[] = [];
  const fragments: Uint8Array[] = [];
  const failed = new Promise<never>((_, reject) => {
    socket.onclose = ({ code }) => reject(new Error(`${url}: closed with ${code}`));
  });
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") fragments.push(new Uint8Array(data as ArrayBuffer));
    else {
      const message = JSON.parse(data) as { type: string; tracks?: readonly MseTrack[] };
      if (message.type === "mse_init_segment") tracks = message.tracks ?? [];
    }
  };
  await Promise.race([sleep(seconds * 1000), failed]);
  socket.onclose = null;
  socket.close();
  return tracks.map(({ id, track_id: name, payload }) => {
    // Players tell the track from this byte.
    const own = fragments.filter((bytes) => bytes[47] === id);
    const media = own.map((bytes, i) => ({ where: `${name} ${i}`, bytes, independent: i === 0 }));
    const init = new Uint8Array(Buffer.from(payload, "base64"));
    return { where: `mse_ld ${name}`, profile: "cmaf", init, media };
  });
}

/** All fragments that a Smooth manifest lists: a stream for each StreamIndex. */
export async function observeSmooth(url: string): Promise<ObservedStream[]> {
  const manifest = new TextDecoder().decode((await get(url)).bytes);
  const streams: ObservedStream[] = [];
  for (const [, head = "", body = ""] of manifest.matchAll(
    /<StreamIndex([^>]*)>([\s\S]*?)<\/StreamIndex>/g,
  )) {
    const kind = /\bType="(\w+)"/.exec(head)?.[1] ?? "";
    const template = /\bUrl="([^"]+)"/.exec(head)?.[1] ?? "";
    const bitrate = /\bBitrate="(\d+)"/.exec(body)?.[1] ?? "";
    const media: ObservedMedia[] = [];
    for (const time of smoothTimes(body)) {
      const path = template.replace(/\{bitrate\}/i, bitrate).replace(/\{start[ _]time\}/i, String(time));
      const { bytes } = await get(new URL(path, url).href);
      media.push({ where: path, bytes, independent: true });
    }
    const format =
      kind === "video" ? { entry: "avc1", nalLengthBytes: 4 } : { entry: "mp4a", nalLengthBytes: 0 };
    streams.push({ where: `smooth ${kind}`, profile: "fragments", format, media });
  }
  return streams;
}

/** Start times of the c elements (MS-SSTR §2.2.2.6); what is not stated follows from the one before. */
function smoothTimes(body: string): bigint[] {
  const times: bigint[] = [];
  let next = 0n;
  for (const [, attributes = ""] of body.matchAll(/<c\b([^>]*)/g)) {
    const numberOf = (name: string): string | undefined =>
      new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1];
    next = BigInt(numberOf("t") ?? next);
    for (let i = 0; i < Number(numberOf("r") ?? 1); i++) {
      times.push(next);
      next += BigInt(numberOf("d") ?? 0);
    }
  }
  return times;
}
