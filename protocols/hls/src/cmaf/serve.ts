import { CMAF_SHELF, type Timeline, timelineOf } from "@millrace/cmaf";
import {
  type Awaitable,
  type DocumentExchange,
  type HttpRoute,
  type Runtime,
  type ShelfReader,
  sendText,
  type ViewerSession,
} from "@millrace/engine";
import {
  blockingAnswer,
  type DeliveryDirectives,
  deltaOf,
  edgeOf,
  type MediaPlaylist,
  parseDeliveryDirectives,
  writeMediaPlaylist,
  writeMultivariantPlaylist,
} from "@millrace/playlist";
import type { HlsSettings } from "../config.ts";
import { settingsOf } from "../documents.ts";
import { badRequest, hlsNotReady, noSuchTrack } from "../errors.ts";
import { PLAYLIST_TYPE } from "../packaging.ts";
import type { TrackChoice } from "../selection.ts";
import { withCredentials } from "../token.ts";
import { dateRangeSkip } from "./date-range-skip.ts";
import { iFramePlaylist } from "./i-frames.ts";
import { TimelineCache } from "./text-cache.ts";
import { trackPlaylist } from "./track-playlist.ts";
import { variantsOf } from "./variants.ts";

/** A stream that has just started gets this long to make its first segment, while the request waits. */
const FIRST_SEGMENT_MS = 20_000;
/** A blocked request is answered after so many target durations at the latest (rfc8216bis §6.2.5.2). */
const BLOCK_TARGETS = 3;

const playlists = new TimelineCache<MediaPlaylist | undefined>();
const texts = new TimelineCache<string>();
const beginnings = new TimelineCache<boolean>();

/** Media Playlists of CMAF segments, in any worker. */
export function cmafHlsRoutes(runtime: Runtime): HttpRoute[] {
  const methods = ["GET", "HEAD"];
  return [
    {
      methods,
      documents: true,
      pattern: /^\/(.+)\/cmaf\/([avt]\d+)(\.ll)?\.m3u8$/,
      handle: (exchange) => sendTrack(runtime, exchange),
    },
    {
      methods,
      documents: true,
      pattern: /^\/(.+)\/cmaf\/(v\d+)\.iframes\.m3u8$/,
      handle: (exchange) => sendIFrames(runtime, exchange),
    },
  ];
}

export interface CmafVariantsOptions {
  readonly lowLatency: boolean;
  /** Where the tracks' playlists are, seen from the multivariant playlist. */
  readonly folder: string;
  readonly settings: HlsSettings;
  /** These tracks only; all when absent. */
  readonly choices?: readonly TrackChoice[];
}

/** The Multivariant Playlist as text, once the stream has begun. Rejects with `not-found` where no such track is. */
export async function cmafVariants(
  runtime: Runtime,
  session: ViewerSession,
  options: CmafVariantsOptions,
): Promise<string> {
  const { timeline } = await placeOf(runtime, session.stream);
  const { lowLatency, folder, settings, choices } = options;
  const key = `variants ${lowLatency} ${folder} ${JSON.stringify(choices)}`;
  return texts.get(timeline, key, () => {
    const { audioOnly, startOffsetMs } = settings;
    const variants = variantsOf(timeline, {
      lowLatency,
      folder,
      audioOnly,
      ...(choices !== undefined && { choices }),
      ...(startOffsetMs !== undefined && { startOffsetMs }),
    });
    if (variants === undefined || variants.variants.length === 0) throw noSuchTrack("of that kind");
    return writeMultivariantPlaylist(variants);
  });
}

async function sendTrack(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  // Nearly all of it is at hand nearly always: what is not waited for costs nothing.
  const admitted = runtime.admit(exchange, "hls");
  const session = admitted instanceof Promise ? await admitted : admitted;
  if (session === undefined) return;
  const { stream } = session;
  const { track, lowLatency, directives, key, textKey } = trackRequestOf(exchange);
  const found = settingsOf(runtime, stream);
  const settings = found instanceof Promise ? await found : found;
  const place = placeOf(runtime, stream);
  const { timeline, shelf } = place instanceof Promise ? await place : place;
  const make = (): MediaPlaylist | undefined =>
    playlists.get(timeline, key, () => trackPlaylist(timeline, { track, lowLatency, settings }));
  let playlist = make();
  let verdict = verdictOn(directives, playlist);
  if (verdict === "wait") {
    await reached({ timeline, shelf, track, directives, make });
    playlist = make();
    verdict = verdictOn(directives, playlist);
    if (verdict === "wait") throw hlsNotReady(stream);
  }
  if (verdict === "too-far") throw badRequest("the playlist is not nearly so far");
  if (playlist === undefined) throw noSuchTrack(track);
  const written = playlist;
  const text = texts.get(timeline, textKey, () => {
    const { skip } = directives;
    if (skip === undefined) return writeMediaPlaylist(written);
    return writeMediaPlaylist(
      deltaOf(written, skip === "v2" ? dateRangeSkip(timeline, track, written) : undefined),
    );
  });
  // What was asked for by number never changes much: a cache may hold it for as long as players ask for it.
  const targetS = playlist.targetDurationS;
  const cache = directives.msn === undefined ? "no-cache" : `public, max-age=${targetS * 6}`;
  const sent = sendPlaylist({ exchange, session, text, cache });
  if (sent instanceof Promise) await sent;
}

/** Pictures alone, for those who look for a place in the stream (RFC 8216 §4.3.3.6). */
async function sendIFrames(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  await settingsOf(runtime, session.stream);
  const track = exchange.match[2] as string;
  const { timeline } = await placeOf(runtime, session.stream);
  const text = texts.get(timeline, `${track} iframes`, () => {
    const playlist = iFramePlaylist(timeline, track);
    return playlist === undefined ? "" : writeMediaPlaylist(playlist);
  });
  if (text === "") throw noSuchTrack(track);
  await sendPlaylist({ exchange, session, text, cache: "no-cache" });
}

interface PlaylistAnswer {
  readonly exchange: DocumentExchange;
  readonly session: ViewerSession;
  readonly text: string;
  readonly cache: string;
}

function sendPlaylist({ exchange, session, text, cache }: PlaylistAnswer): Awaitable<number> {
  const own = withCredentials(text, exchange.query);
  return sendText(exchange, { type: PLAYLIST_TYPE, text: own, cache, session });
}

interface TrackRequest {
  readonly track: string;
  readonly lowLatency: boolean;
  readonly directives: DeliveryDirectives;
  /** Of the playlist, and of its text, among those of the stream. */
  readonly key: string;
  readonly textKey: string;
}

/** Requests for the same share what their target says. */
const trackRequests = new WeakMap<object, TrackRequest>();

function trackRequestOf(exchange: DocumentExchange): TrackRequest {
  const { match } = exchange;
  let request = trackRequests.get(match);
  if (request === undefined) {
    const track = match[2] as string;
    const lowLatency = match[3] !== undefined;
    const directives = lowLatency ? directivesOf(exchange) : {};
    const key = `${track} ${lowLatency}`;
    request = { track, lowLatency, directives, key, textKey: `${key} ${directives.skip}` };
    trackRequests.set(match, request);
  }
  return request;
}

function directivesOf({ request }: DocumentExchange): DeliveryDirectives {
  const url = request.url ?? "";
  const at = url.indexOf("?");
  try {
    return parseDeliveryDirectives(at < 0 ? "" : url.slice(at));
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function verdictOn(
  directives: DeliveryDirectives,
  playlist: MediaPlaylist | undefined,
): ReturnType<typeof blockingAnswer> {
  return playlist === undefined ? "now" : blockingAnswer(directives, edgeOf(playlist));
}

interface Blocked {
  readonly timeline: Timeline;
  readonly shelf: ShelfReader;
  readonly track: string;
  readonly directives: DeliveryDirectives;
  readonly make: () => MediaPlaylist | undefined;
}

/** Waits until the playlist is as far as the client asked for, or as long as it may. */
function reached({ timeline, shelf, track, directives, make }: Blocked): Promise<void> {
  const targetS = make()?.targetDurationS ?? 1;
  let seen = timeline.edge(track);
  const isReached = (): boolean => {
    const edge = timeline.edge(track);
    // Most changes are of other tracks: the playlist need not be made to see that.
    if (edge?.msn === seen?.msn && edge?.part === seen?.part) return false;
    seen = edge;
    return verdictOn(directives, make()) !== "wait";
  };
  return shelf.until(isReached, BLOCK_TARGETS * targetS * 1000);
}

/** Every track has a segment: players make nothing of a playlist of parts alone. One that is silent does not hold up the rest. */
function hasBegun(timeline: Timeline): boolean {
  return beginnings.get(timeline, "", () => {
    if (timeline.presentation === undefined) return false;
    const whole = (name: string): number => timeline.segments(name).filter(({ complete }) => complete).length;
    const counts = timeline.tracks.map(({ name }) => whole(name));
    return Math.min(...counts) > 0 || Math.max(...counts) > 2;
  });
}

interface Place {
  readonly timeline: Timeline;
  readonly shelf: ShelfReader;
}

const places = new WeakMap<ShelfReader, Place>();

/** The timeline of a stream, when its first segment is there. */
function placeOf(runtime: Runtime, stream: string): Awaitable<Place> {
  const shelf = runtime.shelf(stream, CMAF_SHELF);
  if (shelf instanceof Promise) return begun(runtime, stream);
  let place = places.get(shelf);
  if (place === undefined) places.set(shelf, (place = { timeline: timelineOf(shelf), shelf }));
  return hasBegun(place.timeline) ? place : begun(runtime, stream);
}

async function begun(runtime: Runtime, stream: string): Promise<Place> {
  const deadline = runtime.clock.wallMs() + FIRST_SEGMENT_MS;
  for (;;) {
    const shelf = await runtime.shelf(stream, CMAF_SHELF);
    const timeline = timelineOf(shelf);
    if (hasBegun(timeline)) return { timeline, shelf };
    const leftMs = deadline - runtime.clock.wallMs();
    if (leftMs <= 0) throw hlsNotReady(stream);
    await shelf.changed(Math.min(leftMs, 1000));
  }
}
