import { type DocumentExchange, type HttpRoute, type Runtime, sendText } from "@millrace/engine";
import { type MediaPlaylist, writeMediaPlaylist } from "@millrace/playlist";
import { tsPlaylist } from "./documents.ts";
import { badRequest, tooShort } from "./errors.ts";
import { PLAYLIST_TYPE } from "./packaging.ts";
import { withCredentials } from "./token.ts";

/** Names that other routes of a stream called `hls/…` end with. */
const OTHERS = String.raw`[^/]*\.(?:m3u8|ts|m4s|mp4|mpd|f4m|flv|html|js|jpg|png)|mpegts|flv|mse_ld|webrtc`;

/**
 * Playlists by the URLs of Perfect Streamer: `/hls/ID/LOGIN/PASSWORD`, `/hls/ID/TOKEN` and `/hls/ID/`, where ID is the
 * stream's name. `a=0` makes the segments' URLs relative, `s` is the longest playlist and `m` the shortest, in seconds, `v`
 * the version that the playlist says it has.
 */
export function streamerRoutes(runtime: Runtime): HttpRoute[] {
  return [
    {
      methods: ["GET", "HEAD"],
      documents: true,
      pattern: new RegExp(`^/hls/([^/]+)(?:/(?!(?:${OTHERS})$)([^/]*))?(?:/(?!(?:${OTHERS})$)([^/]*))?/?$`),
      handle: (exchange) => sendPlaylist(runtime, exchange),
    },
  ];
}

async function sendPlaylist(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const query = { ...exchange.query, ...credentialsOf(exchange) };
  const session = await runtime.admit({ ...exchange, query }, "hls");
  if (session === undefined) return;
  const { playlist } = await tsPlaylist(runtime, session.stream);
  const leastS = numberOf(exchange, "m");
  if (leastS !== undefined && durationUs(playlist.segments) < leastS * 1e6)
    throw tooShort(session.stream, leastS);
  const isAbsolute = exchange.query["a"] !== "0";
  const folder = `${isAbsolute ? originOf(exchange) : ""}/${session.stream.split("/").map(encodeURIComponent).join("/")}/`;
  const version = numberOf(exchange, "v");
  const text = writeMediaPlaylist({
    ...shortened(playlist, numberOf(exchange, "s")),
    ...(version !== undefined && { version }),
  });
  const located = text.replace(/^(?!#)(.+)$/gm, (uri) => folder + uri);
  await sendText(exchange, {
    type: PLAYLIST_TYPE,
    text: withCredentials(located, query),
    cache: "no-cache",
    session,
  });
}

function credentialsOf({ match }: DocumentExchange): Record<string, string> {
  const [, , login, password] = match;
  if (login === undefined || login === "") return {};
  return password === undefined || password === "" ? { token: login } : { user: login, password };
}

function numberOf({ query }: DocumentExchange, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text)) throw badRequest(`${name} is no number of seconds`);
  return Number(text);
}

function durationUs(segments: MediaPlaylist["segments"]): number {
  return segments.reduce((sum, segment) => sum + segment.durationUs, 0);
}

/** Without the oldest segments, as long as three target durations are left (RFC 8216 §6.2.2). */
function shortened(playlist: MediaPlaylist, mostS: number | undefined): MediaPlaylist {
  if (mostS === undefined) return playlist;
  const mostUs = Math.max(mostS, 3 * playlist.targetDurationS) * 1e6;
  let from = 0;
  let discontinuities = playlist.discontinuitySequence ?? 0;
  const { segments } = playlist;
  while (
    durationUs(segments.slice(from)) > mostUs &&
    durationUs(segments.slice(from + 1)) >= 3 * playlist.targetDurationS * 1e6
  ) {
    if (segments[from]?.discontinuity === true) discontinuities++;
    from++;
  }
  return {
    ...playlist,
    mediaSequence: (playlist.mediaSequence ?? 0) + from,
    discontinuitySequence: discontinuities,
    segments: segments.slice(from),
  };
}

/** Scheme and authority by which the client reached the server. */
function originOf({ request }: DocumentExchange): string {
  const isSecure = (request.socket as { readonly encrypted?: boolean }).encrypted === true;
  const host = request.headers[":authority"] ?? request.headers.host;
  return typeof host === "string" && /^[\w.:[\]-]+$/.test(host)
    ? `${isSecure ? "https" : "http"}://${host}`
    : "";
}
