import type { Awaitable, Runtime, ShelfItem, ShelfReader } from "@millrace/engine";
import type { Track } from "@millrace/model";
import type { MediaPlaylist } from "@millrace/playlist";
import type { HlsSettings } from "./config.ts";
import { hlsNotReady } from "./errors.ts";
import { PLAYLIST_KEY, SETTINGS_KEY, SHELF } from "./packaging.ts";
import { FACTS_SHELF, TRACKS_KEY } from "./track-facts.ts";
import type { Rates } from "./ts-variants.ts";

/** A stream that has just started gets this long to make its first segment, while the request waits. */
const FIRST_SEGMENT_MS = 20_000;
/** One that delivers nothing readable gets this long to tell what its tracks are. */
const TRACKS_MS = 10_000;

/** What the stream's options say. Throws, or rejects, with `not-found` where HLS is off. */
export function settingsOf(runtime: Runtime, stream: string): Awaitable<HlsSettings> {
  const shelf = runtime.shelf(stream, SHELF);
  return shelf instanceof Promise
    ? shelf.then((later) => settingsIn(later, stream))
    : settingsIn(shelf, stream);
}

function settingsIn(shelf: ShelfReader, stream: string): HlsSettings {
  const settings = shelf.get(SETTINGS_KEY)?.data as HlsSettings | undefined;
  if (settings === undefined) throw hlsNotReady(stream);
  return settings;
}

export interface TsPlaylist {
  readonly text: string;
  readonly playlist: MediaPlaylist;
  readonly rates: Rates;
  readonly shelf: ShelfReader;
}

/** The playlist of transport-stream segments, once there is one. */
export async function tsPlaylist(runtime: Runtime, stream: string): Promise<TsPlaylist> {
  const place = { stream, shelf: SHELF, key: PLAYLIST_KEY, patienceMs: FIRST_SEGMENT_MS };
  const { item, shelf } = await awaitItem(runtime, place);
  const { text = "", data, facts = {} } = item;
  const rates = { peak: Number(facts["peak"] ?? 0), average: Number(facts["average"] ?? 0) };
  return { text, playlist: data as MediaPlaylist, rates, shelf };
}

/** The stream's tracks, with the facts of their headers; none where they could not be told. */
export async function tracksOf(runtime: Runtime, stream: string): Promise<readonly Track[]> {
  const place = { stream, shelf: FACTS_SHELF, key: TRACKS_KEY, patienceMs: TRACKS_MS };
  const { item } = await awaitItem(runtime, place);
  return item.data as readonly Track[];
}

interface Place {
  readonly stream: string;
  readonly shelf: string;
  readonly key: string;
  readonly patienceMs: number;
}

async function awaitItem(runtime: Runtime, place: Place): Promise<{ item: ShelfItem; shelf: ShelfReader }> {
  const deadline = runtime.clock.wallMs() + place.patienceMs;
  for (;;) {
    const shelf = await runtime.shelf(place.stream, place.shelf);
    const item = shelf.get(place.key);
    if (item !== undefined) return { item, shelf };
    const leftMs = deadline - runtime.clock.wallMs();
    if (leftMs <= 0) throw hlsNotReady(place.stream);
    await shelf.changed(Math.min(leftMs, 1000));
  }
}
