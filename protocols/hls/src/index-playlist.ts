import {
  type Awaitable,
  type DocumentExchange,
  type HttpRoute,
  type Runtime,
  sendText,
} from "@millrace/engine";
import { writeMultivariantPlaylist } from "@millrace/playlist";
import { cmafVariants } from "./cmaf/serve.ts";
import type { Container, HlsSettings } from "./config.ts";
import { containerFor } from "./container.ts";
import { settingsOf, tracksOf, tsPlaylist } from "./documents.ts";
import { badRequest } from "./errors.ts";
import { PLAYLIST_TYPE } from "./packaging.ts";
import { withCredentials } from "./token.ts";
import { tsVariants } from "./ts-variants.ts";

const METHODS = ["GET", "HEAD"];

/** The playlists that players are given: which variants there are, in the container that suits them. */
export function indexRoutes(runtime: Runtime): HttpRoute[] {
  return [
    {
      methods: METHODS,
      documents: true,
      pattern: /^\/(.+)\/(index|playlist|video)\.m3u8$/,
      handle: (exchange) => sendIndex(runtime, exchange),
    },
    {
      methods: METHODS,
      documents: true,
      pattern: /^\/(.+)\/index\.(fmp4|ll)\.m3u8$/,
      handle: async (exchange) => {
        const session = await runtime.admit(exchange, "hls");
        if (session === undefined) return;
        const lowLatency = exchange.match[2] === "ll";
        const settings = await settingsOf(runtime, session.stream);
        const text = await cmafVariants(runtime, session, { lowLatency, folder: "cmaf/", settings });
        await send(exchange, text);
      },
    },
  ];
}

async function sendIndex(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hls");
  if (session === undefined) return;
  const { stream } = session;
  const byPicture = exchange.match[2] === "video";
  const settings = await settingsOf(runtime, stream);
  // Who asks for `video.m3u8` wants all sounds in one transport stream.
  const container = byPicture ? "ts" : await containerOf(runtime, exchange, { stream, settings });
  if (container !== "ts") {
    const lowLatency = container === "ll";
    await send(exchange, await cmafVariants(runtime, session, { lowLatency, folder: "cmaf/", settings }));
    return;
  }
  const [tracks, { rates }] = await Promise.all([
    tracksOf(runtime, stream).catch(() => []),
    tsPlaylist(runtime, stream),
  ]);
  const { audioOnly, startOffsetMs } = settings;
  const offset = startOffsetMs === undefined ? {} : { startOffsetMs };
  const variants = tsVariants({ tracks, rates, byPicture, audioOnly, ...offset });
  await send(exchange, writeMultivariantPlaylist(variants));
}

/** What the query asks for, or the option says, or suits the tracks. */
export async function containerOf(
  runtime: Runtime,
  { query }: DocumentExchange,
  { stream, settings }: { readonly stream: string; readonly settings: HlsSettings },
): Promise<Container | "ll"> {
  const asked = query["container"] ?? settings.container;
  if (asked === "ts" || asked === "fmp4" || asked === "ll") return asked;
  if (asked !== "auto") throw badRequest(`no container ${asked}: it is ts, fmp4, ll or auto`);
  return containerFor(await tracksOf(runtime, stream).catch(() => []));
}

function send(exchange: DocumentExchange, text: string): Awaitable<number> {
  return sendText(exchange, {
    type: PLAYLIST_TYPE,
    text: withCredentials(text, exchange.query),
    cache: "no-cache",
  });
}
