import { readAttributeList } from "../hls-linter/attribute-list.ts";
import type { Fetch } from "../hls-linter/model.ts";
import { scanPlaylist } from "../hls-linter/scan.ts";
import type { AnswerView, LowLatencyObservation, ObservedStream } from "./model.ts";
import { scanAnswer } from "./scan.ts";

/** One answer takes at most this long; milliseconds. */
const TIMEOUT_MS = 15_000;
/** Every so many requests ask for a delta update. */
const SKIP_EVERY = 3;

export interface LowLatencyOptions {
  /** Of a Multivariant Playlist. */
  readonly url: string;
  readonly seconds: number;
}

/**
 * Follows all playlists of a presentation as players do: each request names the part behind the last one known and waits for
 * it, parts are fetched as soon as they are hinted at.
 */
export async function observeLowLatency(options: LowLatencyOptions): Promise<LowLatencyObservation> {
  const endMs = performance.now() + options.seconds * 1000;
  const first = await get(options.url);
  const parts: Fetch[] = [];
  const streams = await Promise.all(playlistsOf(first).map((url) => follow(url, endMs, parts)));
  return { streams, parts };
}

async function get(url: string): Promise<Fetch> {
  const sentMs = performance.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { url, sentMs, doneMs: performance.now(), status: response.status, bytes };
}

/** URLs of the Media Playlists that a Multivariant Playlist names. */
function playlistsOf(first: Fetch): string[] {
  const { lines } = scanPlaylist(first);
  const renditions = lines
    .filter(({ tag }) => tag === "EXT-X-MEDIA")
    .map(({ value = "" }) => readAttributeList(value).attributes.find(({ name }) => name === "URI")?.value);
  const uris = [...lines.filter(({ kind }) => kind === "uri").map(({ text }) => text), ...renditions];
  return [...new Set(uris.filter((uri) => uri !== undefined).map((uri) => new URL(uri, first.url).href))];
}

async function follow(url: string, endMs: number, parts: Fetch[]): Promise<ObservedStream> {
  const answers: Fetch[] = [await get(url)];
  const asked = new Set<string>();
  const running: Promise<unknown>[] = [];
  const want = (part: string): void => {
    if (asked.has(part)) return;
    asked.add(part);
    running.push(get(part).then((fetched) => parts.push(fetched)));
  };
  for (let i = 1; performance.now() < endMs; i++) {
    const last = answers.at(-1) as Fetch;
    if (last.status !== 200) throw new Error(`${last.url}: ${last.status}`);
    const view = scanAnswer(last);
    for (const part of wantedParts(view)) want(part);
    const next = `${url}?${nextOf(view)}`;
    const skips = view.control?.get("CAN-SKIP-DATERANGES") === "YES" && i % 2 === 0 ? "v2" : "YES";
    const isDelta = i % SKIP_EVERY === 0;
    answers.push(await get(isDelta ? `${next}&_HLS_skip=${skips}` : next));
    // What it left out is seen by the same version with all in it.
    if (isDelta) answers.push(await get(next));
  }
  await Promise.all(running);
  return { url, answers };
}

/** Parts of the newest segments, and the one that is hinted at. */
function wantedParts({ parents, hints, fetch }: AnswerView): string[] {
  const listed = parents.slice(-2).flatMap((parent) => parent.parts.map((part) => part.url));
  const hinted = hints.map((hint) => new URL(hint.get("URI") ?? "", fetch.url).href);
  return [...listed, ...hinted].filter((url) => url !== undefined);
}

function nextOf({ parents }: AnswerView): string {
  const last = parents.at(-1);
  return `_HLS_msn=${last?.sequence ?? 0}&_HLS_part=${last?.parts.length ?? 0}`;
}
