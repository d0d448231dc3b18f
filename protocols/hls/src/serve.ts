import {
  type DocumentExchange,
  type HttpRoute,
  type Runtime,
  type ShelfItem,
  type ShelfReader,
  sendItem,
  sendText,
  type ViewerSession,
} from "@millrace/engine";
import { type MediaPlaylist, writeMediaPlaylist } from "@millrace/playlist";
import { cmafVariants } from "./cmaf/serve.ts";
import { settingsOf, tsPlaylist } from "./documents.ts";
import { badRequest, noSuchSegment, noSuchTrack } from "./errors.ts";
import { containerOf } from "./index-playlist.ts";
import { PLAYLIST_TYPE, SHELF } from "./packaging.ts";
import {
  chooseTracks,
  filterSegment,
  parseTrackChoices,
  streamsOfSegment,
  type TrackChoice,
} from "./selection.ts";
import { withCredentials } from "./token.ts";

const METHODS = ["GET", "HEAD"];
const PLAYLIST_CACHE = "no-cache";
/** A segment never changes; its name is never used again. */
const SEGMENT_CACHE = "public, max-age=3600, immutable";

/** Playlists and segments of transport streams over HTTP, in any worker. */
export function tsRoutes(runtime: Runtime): HttpRoute[] {
  const routes: [RegExp, (exchange: DocumentExchange) => Promise<void>][] = [
    // Ahead of those of whole streams, whose names may have slashes.
    [
      /^\/(.+)\/tracks-([^/]+)\/(?:index|mono|playlist)\.m3u8$/,
      (exchange) => sendSelected(runtime, exchange),
    ],
    [/^\/(.+)\/tracks-([^/]+)\/(\d+-\d+\.ts)$/, (exchange) => sendFiltered(runtime, exchange)],
    [/^\/(.+)\/mono\.m3u8$/, (exchange) => sendAll(runtime, exchange)],
    [/^\/(.+)\/video([1-9]\d?)\.m3u8$/, (exchange) => sendPicture(runtime, exchange)],
    [/^\/(.+)\/(\d+-\d+\.ts)$/, (exchange) => sendSegment(runtime, exchange)],
  ];
  return routes.map(([pattern, handle]) => ({ methods: METHODS, documents: true, pattern, handle }));
}

/** All tracks in one. */
async function sendAll(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  const { text } = await tsPlaylist(runtime, session.stream);
  await sendPlaylist(exchange, session, text);
}

/** One picture with all sounds. */
async function sendPicture(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  const place = Number(exchange.match[2]);
  const { playlist, text, shelf } = await tsPlaylist(runtime, session.stream);
  const streams = newestStreams(runtime, playlist, shelf);
  const count = (kind: string): number => streams.filter((stream) => stream.kind === kind).length;
  if (place > count("video")) throw noSuchTrack(`v${place}`);
  const sounds = Array.from({ length: count("audio") }, (_, i) => `a${i + 1}`).join("");
  const folder = count("video") > 1 ? `tracks-v${place}${sounds}/` : "";
  const segments = playlist.segments.map((segment) => ({ ...segment, uri: folder + segment.uri }));
  const own = folder === "" ? text : writeMediaPlaylist({ ...playlist, segments });
  await sendPlaylist(exchange, session, own);
}

/** Some tracks: the segments' names are the same, in a folder of the selection's. */
async function sendSelected(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  const choices = choicesOf(exchange);
  const { stream } = session;
  const settings = await settingsOf(runtime, stream);
  const container = await containerOf(runtime, exchange, { stream, settings });
  if (container !== "ts") {
    const lowLatency = container === "ll";
    const options = { lowLatency, folder: "../cmaf/", settings, choices };
    await sendPlaylist(exchange, session, await cmafVariants(runtime, session, options));
    return;
  }
  const { playlist, text, shelf } = await tsPlaylist(runtime, stream);
  if (chooseTracks(newestStreams(runtime, playlist, shelf), choices).length === 0)
    throw noSuchTrack(exchange.match[2] as string);
  await sendPlaylist(exchange, session, text);
}

async function sendPlaylist(exchange: DocumentExchange, session: ViewerSession, text: string): Promise<void> {
  const own = withCredentials(text, exchange.query);
  await sendText(exchange, { type: PLAYLIST_TYPE, text: own, cache: PLAYLIST_CACHE, session });
}

async function sendSegment(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  const name = exchange.match[2] as string;
  const item = (await runtime.shelf(session.stream, SHELF)).get(name);
  if (item === undefined) throw noSuchSegment(name);
  await sendItem(runtime, exchange, item, { cache: SEGMENT_CACHE, session });
}

async function sendFiltered(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  const choices = choicesOf(exchange);
  const name = exchange.match[3] as string;
  const item = (await runtime.shelf(session.stream, SHELF)).get(name);
  const head = item && withBytes(runtime, item, (parts) => filterSegment(parts, choices));
  if (item === undefined || head === undefined) throw noSuchSegment(name);
  await sendItem(runtime, exchange, { type: item.type, head }, { cache: SEGMENT_CACHE, session });
}

function choicesOf(exchange: DocumentExchange): TrackChoice[] {
  const text = exchange.match[2] as string;
  const choices = parseTrackChoices(text);
  if (choices === undefined)
    throw badRequest(`"tracks-${text}" is no selection of tracks: it is tracks-1,2 or tracks-v1a2`);
  return choices;
}

/** The elementary streams of the newest segment. */
function newestStreams(
  runtime: Runtime,
  playlist: MediaPlaylist,
  shelf: ShelfReader,
): ReturnType<typeof streamsOfSegment> {
  const item = shelf.get(playlist.segments.at(-1)?.uri ?? "");
  return (item && withBytes(runtime, item, streamsOfSegment)) ?? [];
}

/** Looks into a segment, whose memory is held meanwhile; undefined when it is gone. */
function withBytes<T>(
  runtime: Runtime,
  { head, spans = [] }: ShelfItem,
  use: (parts: readonly Uint8Array[]) => T,
): T | undefined {
  const parts = head === undefined || head.length === 0 ? [] : [head];
  const held = spans.filter((span) => {
    const bytes = runtime.holdSpan(span);
    if (bytes !== undefined) parts.push(bytes);
    return bytes !== undefined;
  });
  try {
    return held.length === spans.length ? use(parts) : undefined;
  } finally {
    for (const span of held) runtime.releaseSpan(span);
  }
}
