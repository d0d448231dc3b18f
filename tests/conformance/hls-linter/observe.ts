import { setTimeout as sleep } from "node:timers/promises";
import { readAttributeList } from "./attribute-list.ts";
import { type LintOptions, lintObservation } from "./lint.ts";
import type { Fetch, Observation, ObservedPlaylist, PlaylistView, Violation } from "./model.ts";
import { scanPlaylist } from "./scan.ts";

export interface ObserveOptions {
  /** Of a Media Playlist or of a Multivariant Playlist. */
  readonly url: string;
  /** How long to watch. */
  readonly seconds: number;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One answer takes at most this long; milliseconds. */
const TIMEOUT_MS = 10_000;
/** Reloads in a target duration: more than a player makes, so that the times of changes are known well. */
const RELOADS = 6;
/** Segments that are fetched once more, after they have left the window, of each playlist. */
const LATE_FETCHES = 3;

/** Watches live HLS for some seconds and judges what it saw. */
export async function lintHls(
  options: ObserveOptions & LintOptions,
): Promise<{ violations: Violation[]; observation: Observation }> {
  const observation = await observeHls(options);
  return { violations: lintObservation(observation, options), observation };
}

/** Fetches playlists again and again, and every segment, as long as `seconds`. Answers of any status are kept. */
export async function observeHls(options: ObserveOptions): Promise<Observation> {
  const watch = new Watch(options);
  const first = await watch.get(options.url);
  const scanned = scanPlaylist(first);
  if (!scanned.isMultivariant) {
    const playlist = await watch.follow(first.url, first);
    return { playlists: [playlist], segments: watch.segments };
  }
  const playlists = await Promise.all(mediaPlaylistsOf(scanned).map((url) => watch.follow(url)));
  return { multivariant: first, playlists, segments: watch.segments };
}

/** URLs of the playlists with media segments; subtitles are no transport streams. */
function mediaPlaylistsOf({ lines, fetch }: PlaylistView): string[] {
  const uris: string[] = [];
  for (const line of lines) {
    if (line.kind === "uri") uris.push(line.text);
    if (line.tag !== "EXT-X-MEDIA") continue;
    const { attributes } = readAttributeList(line.value ?? "");
    const value = (name: string) => attributes.find((one) => one.name === name)?.value;
    const uri = value("URI");
    if (uri !== undefined && value("TYPE") !== "SUBTITLES") uris.push(uri);
  }
  const urls = uris.map((uri) => URL.parse(uri, fetch.url)?.href).filter((url) => url !== undefined);
  return [...new Set(urls)];
}

class Watch {
  readonly segments: Fetch[] = [];
  readonly #options: ObserveOptions;
  readonly #endMs: number;
  readonly #known = new Set<string>();

  constructor(options: ObserveOptions) {
    this.#options = options;
    this.#endMs = performance.now() + options.seconds * 1000;
  }

  /** One request. A connection that fails counts as status 0. */
  async get(url: string): Promise<Fetch> {
    const { headers, signal } = this.#options;
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const sentMs = performance.now();
    try {
      const response = await fetch(url, { signal: both, ...(headers && { headers }) });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const type = response.headers.get("content-type");
      const answer = { url, sentMs, doneMs: performance.now(), status: response.status, bytes };
      return type === null ? answer : { ...answer, contentType: type };
    } catch (error) {
      signal?.throwIfAborted();
      const bytes = new TextEncoder().encode(String(error));
      return { url, sentMs, doneMs: performance.now(), status: 0, bytes };
    }
  }

  async follow(url: string, first?: Fetch): Promise<ObservedPlaylist> {
    const reloads: Fetch[] = first === undefined ? [] : [first];
    let queue: Promise<void> = Promise.resolve();
    let before: PlaylistView | undefined;
    let late = LATE_FETCHES;
    for (;;) {
      const fetched =
        reloads.length === 1 && before === undefined ? (first ?? (await this.get(url))) : await this.get(url);
      if (fetched !== first) reloads.push(fetched);
      const playlist = fetched.status === 200 ? scanPlaylist(fetched) : undefined;
      const removed = playlist === undefined ? [] : removedBetween(before, playlist).slice(0, late);
      late -= removed.length;
      const wanted = [...(playlist?.segments ?? []).map((segment) => segment.url), ...removed];
      queue = queue.then(() => this.#getSegments(wanted, new Set(removed)));
      before = playlist ?? before;
      const waitMs = ((before?.targetDuration ?? 1) * 1000) / RELOADS;
      if (before?.ended === true || performance.now() + waitMs > this.#endMs) break;
      await sleep(waitMs, undefined, { ...(this.#options.signal && { signal: this.#options.signal }) });
    }
    await queue;
    return { url, reloads };
  }

  async #getSegments(urls: readonly (string | undefined)[], again: ReadonlySet<string>): Promise<void> {
    for (const url of urls) {
      if (url === undefined || (this.#known.has(url) && !again.has(url))) continue;
      this.#known.add(url);
      this.segments.push(await this.get(url));
    }
  }
}

function removedBetween(before: PlaylistView | undefined, after: PlaylistView): string[] {
  const listed = new Set(after.segments.map((segment) => segment.url));
  return (before?.segments ?? [])
    .map((segment) => segment.url)
    .filter((url) => url !== undefined)
    .filter((url) => !listed.has(url));
}
