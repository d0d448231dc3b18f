import {
  accessOf,
  CORS,
  type HttpExchange,
  type Protocol,
  type Runtime,
  refuse,
  type WorkerReport,
} from "@millrace/engine";
import type { StreamInfo } from "@millrace/model";
import {
  ASSET_PREFIX,
  type Asset,
  EMBED_POLICY,
  INDEX_POLICY,
  loadAssets,
  PAGE_TYPE,
  renderEmbed,
  renderIndex,
} from "@millrace/web";
import { mediaInfoOf } from "./media-info.ts";
import { FLUSSONIC_PLAYER, flussonicPlayer } from "./mse-player-assets.ts";

/** The start page, the player page, their assets, and the two API documents that they read. */
export const pages: Protocol = {
  name: "pages",
  schemes: [],
  options: [],
  routes(runtime) {
    const assets = loadAssets();
    assets.set(FLUSSONIC_PLAYER, flussonicPlayer(assets.get(`${ASSET_PREFIX}mse-player.js`) as Asset));
    const methods = ["GET", "HEAD"];
    return [
      {
        methods,
        pattern: /^\/$/,
        handle: (exchange) => sendPage(exchange, renderIndex(), { policy: INDEX_POLICY }),
      },
      {
        methods,
        pattern: /^\/(-\/.+|flu\/assets\/.+|favicon\.ico)$/,
        handle: (exchange) => sendAsset(exchange, assets),
      },
      { methods, pattern: /^\/(.+)\/embed\.html$/, handle: (exchange) => sendEmbed(runtime, exchange) },
      {
        methods,
        pattern: /^\/(.+)\/media_info\.json$/,
        handle: (exchange) => sendMediaInfo(runtime, exchange),
      },
      { methods, pattern: /^\/api\/v1\/streams$/, handle: (exchange) => sendStreams(runtime, exchange) },
      { methods, pattern: /^\/api\/v1\/sessions$/, handle: (exchange) => sendSessions(runtime, exchange) },
      { methods, pattern: /^\/api\/v1\/workers$/, handle: (exchange) => sendWorkers(runtime, exchange) },
    ];
  },
};

function sendPage(
  { response, request }: HttpExchange,
  html: string,
  page: { policy: string; status?: number },
): void {
  response.writeHead(page.status ?? 200, {
    "Content-Type": PAGE_TYPE,
    "Cache-Control": "no-cache",
    "Content-Security-Policy": page.policy,
    "X-Content-Type-Options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : html);
}

function sendEmbed(runtime: Runtime, exchange: HttpExchange): void {
  const name = exchange.match[1] as string;
  sendPage(exchange, renderEmbed(name), { policy: EMBED_POLICY, status: runtime.knows(name) ? 200 : 404 });
}

function sendAsset(exchange: HttpExchange, assets: ReadonlyMap<string, Asset>): void {
  const { request, response, path } = exchange;
  const asset = assets.get(path);
  if (asset === undefined) {
    response.writeHead(404, { "Content-Type": "text/plain" });
    response.end("not found\n");
    return;
  }
  const headers = { ETag: asset.etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" };
  if (request.headers["if-none-match"] === asset.etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const packed = /\bgzip\b/.test(String(request.headers["accept-encoding"])) ? asset.gzip : undefined;
  const body = packed ?? asset.body;
  response.writeHead(200, {
    ...headers,
    "Content-Type": asset.type,
    "Content-Length": body.length,
    Vary: "Accept-Encoding",
    ...(packed === undefined ? {} : { "Content-Encoding": "gzip" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function sendJson(
  { response, request }: HttpExchange,
  value: unknown,
  headers: Readonly<Record<string, string>> = { "Access-Control-Allow-Origin": "*" },
): void {
  const body = JSON.stringify(value);
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function reports(runtime: Runtime): Promise<WorkerReport[]> {
  return (await runtime.ask("reports")) as WorkerReport[];
}

async function sendStreams(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const running = new Map(
    (await reports(runtime)).flatMap((report) => report.streams.map((info) => [info.name, info])),
  );
  const all = runtime.server.streams.map(
    (config) => running.get(config.name) ?? idle(config.name, config.kind),
  );
  const named = new Set(all.map((info) => info.name));
  const dynamic = [...running.values()].filter((info) => !named.has(info.name));
  sendJson(exchange, [...all, ...dynamic]);
}

/** A configured stream that runs nowhere now. */
function idle(name: string, kind: string): StreamInfo {
  return {
    name,
    kind,
    running: false,
    worker: -1,
    bytesIn: 0,
    bitrate: 0,
    viewers: 0,
    switches: 0,
    inputs: [],
    tracks: [],
    memoryBytes: 0,
    pushes: [],
  };
}

/** What a stream consists of, for those who may watch it: no more than a player has to know. */
async function sendMediaInfo(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const access = accessOf(exchange, "media_info");
  const verdict = await runtime.authorize(access);
  if (!verdict.ok) return refuse(exchange, verdict);
  const name = verdict.stream ?? access.stream;
  if (!runtime.knows(name)) return refuse(exchange, { ok: false, reason: "not-found" });
  const info = (await reports(runtime)).flatMap((report) => report.streams).find((it) => it.name === name);
  sendJson(exchange, mediaInfoOf(info, runtime.clock.wallMs()), CORS);
}

async function sendSessions(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  sendJson(
    exchange,
    (await reports(runtime)).flatMap((report) => report.sessions),
  );
}

async function sendWorkers(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const memory = process.memoryUsage();
  const workers = (await reports(runtime)).map(({ streams, sessions, ...rest }) => ({
    ...rest,
    streams: streams.length,
    sessions: sessions.length,
  }));
  sendJson(exchange, { rssBytes: memory.rss, workers });
}
