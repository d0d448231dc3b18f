import { CMAF_SHELF, type Timeline, timelineOf } from "@millrace/cmaf";
import {
  type HttpExchange,
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

/** Media Playlists of CMAF segments, in any worker. */
export function cmafHlsRoutes(runtime: Runtime): HttpRoute[] {
  const methods = ["GET", "HEAD"];
  return [
    {
      methods,
      pattern: /^\/(.+)\/cmaf\/([avt]\d+)(\.ll)?\.m3u8$/,
      handle: (exchange) => sendTrack(runtime, exchange),
    },
    {
      methods,
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
  const { timeline } = await begun(runtime, session);
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

async function sendTrack(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  const track = exchange.match[2] as string;
  const lowLatency = exchange.match[3] !== undefined;
  const directives = lowLatency ? directivesOf(exchange) : {};
  const settings = await settingsOf(runtime, session.stream);
  const { timeline, shelf } = await begun(runtime, session);
  const make = (): MediaPlaylist | undefined =>
    playlists.get(timeline, `${track} ${lowLatency}`, () =>
      trackPlaylist(timeline, { track, lowLatency, settings }),
    );
  if (!(await reached({ shelf, stream: session.stream, directives, make })))
    throw badRequest("the playlist is not nearly so far");
  const playlist = make();
  if (playlist === undefined) throw noSuchTrack(track);
  const skip = directives.skip !== undefined;
  const text = texts.get(timeline, `${track} ${lowLatency} ${skip}`, () =>
    writeMediaPlaylist(skip ? deltaOf(playlist) : playlist),
  );
  // What was asked for by number never changes much: a cache may hold it for as long as players ask for it.
  const targetS = playlist.targetDurationS;
  const cache = directives.msn === undefined ? "no-cache" : `public, max-age=${targetS * 6}`;
  await sendPlaylist({ exchange, session, text, cache });
}

/** Pictures alone, for those who look for a place in the stream (RFC 8216 §4.3.3.6). */
async function sendIFrames(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  await settingsOf(runtime, session.stream);
  const track = exchange.match[2] as string;
  const { timeline } = await begun(runtime, session);
  const text = texts.get(timeline, `${track} iframes`, () => {
    const playlist = iFramePlaylist(timeline, track);
    return playlist === undefined ? "" : writeMediaPlaylist(playlist);
  });
  if (text === "") throw noSuchTrack(track);
  await sendPlaylist({ exchange, session, text, cache: "no-cache" });
}

interface PlaylistAnswer {
  readonly exchange: HttpExchange;
  readonly session: ViewerSession;
  readonly text: string;
  readonly cache: string;
}

function sendPlaylist({ exchange, session, text, cache }: PlaylistAnswer): Promise<number> {
  const own = withCredentials(text, exchange.query);
  return sendText(exchange, { type: PLAYLIST_TYPE, text: own, cache, session });
}

function directivesOf({ request }: HttpExchange): DeliveryDirectives {
  const url = request.url ?? "";
  const at = url.indexOf("?");
  try {
    return parseDeliveryDirectives(at < 0 ? "" : url.slice(at));
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

interface Blocked {
  readonly shelf: ShelfReader;
  readonly stream: string;
  readonly directives: DeliveryDirectives;
  readonly make: () => MediaPlaylist | undefined;
}

/** Waits until the playlist is as far as the client asked for. False when that is too far ahead. */
async function reached({ shelf, stream, directives, make }: Blocked): Promise<boolean> {
  const targetS = make()?.targetDurationS ?? 1;
  const deadline = performance.now() + BLOCK_TARGETS * targetS * 1000;
  for (;;) {
    const playlist = make();
    if (playlist === undefined) return true;
    const verdict = blockingAnswer(directives, edgeOf(playlist));
    if (verdict !== "wait") return verdict === "now";
    const leftMs = deadline - performance.now();
    if (leftMs <= 0 || shelf.closed) throw hlsNotReady(stream);
    await shelf.changed(leftMs);
  }
}

/** Every track has a segment: players make nothing of a playlist of parts alone. One that is silent does not hold up the rest. */
function hasBegun(timeline: Timeline): boolean {
  if (timeline.presentation === undefined) return false;
  const whole = (name: string): number => timeline.segments(name).filter(({ complete }) => complete).length;
  const counts = timeline.tracks.map(({ name }) => whole(name));
  return Math.min(...counts) > 0 || Math.max(...counts) > 2;
}

/** The timeline of a stream, when its first segment is there. */
async function begun(
  runtime: Runtime,
  session: ViewerSession,
): Promise<{ timeline: Timeline; shelf: ShelfReader }> {
  const deadline = runtime.clock.wallMs() + FIRST_SEGMENT_MS;
  for (;;) {
    const shelf = await runtime.shelf(session.stream, CMAF_SHELF);
    const timeline = timelineOf(shelf);
    if (hasBegun(timeline)) return { timeline, shelf };
    const leftMs = deadline - runtime.clock.wallMs();
    if (leftMs <= 0) throw hlsNotReady(session.stream);
    await shelf.changed(Math.min(leftMs, 1000));
  }
}
