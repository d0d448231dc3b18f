import type { HttpExchange, HttpRoute, Runtime, ShelfItem, ShelfReader } from "@millrace/engine";
import { hlsNotReady, noSuchSegment } from "./errors.ts";
import { PLAYLIST_KEY, PLAYLIST_TYPE, SHELF } from "./packaging.ts";
import { HlsViewers } from "./viewers.ts";

/** A stream that has just started gets this long to make its first segment, while the request waits. */
const FIRST_SEGMENT_MS = 20_000;
/** A segment never changes; its name is never used again. */
const SEGMENT_CACHE = "public, max-age=3600, immutable";
/** A client that takes nothing for so long must not hold the segment's memory any longer. */
const STALL_MS = 30_000;
const CORS = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Content-Length, Date" };

/** Playlist and segments over HTTP, in any worker. */
export function hlsRoutes(runtime: Runtime): HttpRoute[] {
  const viewers = new HlsViewers(runtime);
  const methods = ["GET", "HEAD"];
  return [
    {
      methods,
      pattern: /^\/(.+)\/(?:index|mono)\.m3u8$/,
      handle: async (exchange) => {
        const session = await viewers.admit(exchange);
        if (session !== undefined) session.bytes += await sendPlaylist(runtime, exchange);
      },
    },
    {
      methods,
      pattern: /^\/(.+)\/(\d+-\d+\.ts)$/,
      handle: async (exchange) => {
        const session = await viewers.admit(exchange);
        if (session !== undefined) session.bytes += await sendSegment(runtime, exchange);
      },
    },
  ];
}

async function sendPlaylist(runtime: Runtime, exchange: HttpExchange): Promise<number> {
  const { request, response, query } = exchange;
  const stream = exchange.match[1] as string;
  runtime.touch(stream);
  const item = await firstPlaylist(runtime, stream);
  const token = query["token"];
  const text =
    token === undefined
      ? (item.text ?? "")
      : withQuery(item.text ?? "", `token=${encodeURIComponent(token)}`);
  const body = Buffer.from(text);
  response.writeHead(200, {
    ...CORS,
    "Content-Type": PLAYLIST_TYPE,
    "Content-Length": body.length,
    "Cache-Control": "no-cache",
  });
  response.end(request.method === "HEAD" ? undefined : body);
  return body.length;
}

async function firstPlaylist(runtime: Runtime, stream: string): Promise<ShelfItem> {
  const deadline = runtime.clock.wallMs() + FIRST_SEGMENT_MS;
  for (;;) {
    const shelf: ShelfReader = await runtime.shelf(stream, SHELF);
    const item = shelf.get(PLAYLIST_KEY);
    if (item !== undefined) return item;
    const leftMs = deadline - runtime.clock.wallMs();
    if (leftMs <= 0) throw hlsNotReady(stream);
    await shelf.changed(Math.min(leftMs, 1000));
  }
}

/** Puts a query behind every URI line. */
function withQuery(text: string, query: string): string {
  return text.replace(/^(?!#)(.+)$/gm, `$1?${query}`);
}

async function sendSegment(runtime: Runtime, exchange: HttpExchange): Promise<number> {
  const { request, response } = exchange;
  const stream = exchange.match[1] as string;
  const name = exchange.match[2] as string;
  runtime.touch(stream);
  const item = (await runtime.shelf(stream, SHELF)).get(name);
  if (item === undefined) throw noSuchSegment(name);
  const spans = item.spans ?? [];
  const views: Uint8Array[] = [];
  const { socket } = request;
  const letGo = (): void => {
    socket.off("close", letGo);
    for (const span of spans.slice(0, views.length)) runtime.releaseSpan(span);
    views.length = 0;
  };
  for (const span of spans) {
    const view = runtime.holdSpan(span);
    if (view === undefined) {
      letGo();
      throw noSuchSegment(name);
    }
    views.push(view);
  }
  const bytes = Number(item.facts?.["bytes"] ?? 0);
  response.writeHead(200, {
    ...CORS,
    "Content-Type": item.type,
    "Content-Length": bytes,
    "Cache-Control": SEGMENT_CACHE,
  });
  // A client that went away meanwhile is told of by no event any more.
  if (request.method === "HEAD" || socket.destroyed) {
    letGo();
    response.end();
    return 0;
  }
  // The memory stays held until the last byte went to the system, or the connection broke. A response that waits for
  // another one on the same connection does not hear of the latter: hence both.
  response.once("close", letGo);
  socket.once("close", letGo);
  response.setTimeout(STALL_MS, () => response.destroy());
  if (item.head !== undefined && item.head.length > 0) response.write(item.head);
  for (const view of views) response.write(view);
  response.end();
  return bytes;
}
