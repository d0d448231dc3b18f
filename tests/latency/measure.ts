import type { Page } from "playwright-core";
import { openPage } from "../e2e/kit/browser.ts";
import { startClock } from "../e2e/kit/clock-encoder.ts";
import { PictureClock, type Seen } from "../e2e/kit/picture-clock.ts";
import type { Scope } from "../e2e/kit/scope.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { type PlayerName, PlayerPage } from "../interop/kit/dash-players.ts";

const FIRST_PICTURE_MS = 60_000;

/** A player, and what it plays. */
export interface Way {
  readonly name: string;
  /** Of the server's own page; or a player of DASH on an MPD. */
  readonly player: { readonly query: string } | { readonly dash: PlayerName; readonly mpd: string };
  /** The median may be this at most where nothing else runs. Milliseconds. */
  readonly mostMs: number;
}

export const WAYS: readonly Way[] = [
  { name: "mse", player: { query: "realtime=true&format=mse" }, mostMs: 500 },
  { name: "ll-hls", player: { query: "format=ll" }, mostMs: 2000 },
  { name: "ll-dash-dashjs", player: { dash: "dash.js", mpd: "index.ll.mpd" }, mostMs: 3000 },
  { name: "ll-dash-shaka", player: { dash: "shaka", mpd: "index.ll.mpd" }, mostMs: 4500 },
  { name: "flv", player: { query: "format=flv" }, mostMs: 4000 },
  { name: "mp4", player: { query: "format=mp4" }, mostMs: 5000 },
  { name: "dash", player: { query: "format=dash" }, mostMs: 10_000 },
  { name: "hls", player: { query: "format=hls" }, mostMs: 12_000 },
];

/** A server with a stream `clock` whose pictures show the time. */
export async function startClockServer(
  scope: Scope,
  options: { input: "rtmp" | "mpegts"; fps?: number; gopS?: number },
): Promise<TestServer> {
  const port = await freePort();
  const { input, fps = 25, gopS = 2 } = options;
  const config = `rtmp ${port};\nstream clock { publish_enabled; segment_duration 2; }\n`;
  const server = await TestServer.start(scope, config);
  const isRtmp = input === "rtmp";
  const url = isRtmp ? `rtmp://127.0.0.1:${port}/static/clock` : server.url("/clock/mpegts");
  const encoder = startClock(scope, url, { format: isRtmp ? "flv" : "mpegts", fps, gopS });
  const isRunning = async (): Promise<true | undefined> =>
    (await server.stream("clock")).running || undefined;
  await until("the encoder", FIRST_PICTURE_MS, isRunning).catch((error: Error) => {
    throw new Error(`${error.message}: ${encoder.stderr}`);
  });
  return server;
}

/** The page of a way, at work; undefined where there is no browser. */
async function openWay(scope: Scope, server: TestServer, { player }: Way): Promise<Page | undefined> {
  if ("dash" in player) {
    const url = server.url(`/clock/${player.mpd}`);
    const opened = await PlayerPage.open(scope, { player: player.dash, url, lowLatency: true });
    return opened?.page;
  }
  const page = await openPage(scope);
  await page?.goto(server.url(`/clock/embed.html?autoplay=true&muted=true&${player.query}`));
  return page;
}

/** What a player shows, from so long after its first picture on, for so long. Undefined where there is no browser. */
export async function measure(
  scope: Scope,
  server: TestServer,
  { way, settleS, seconds }: { way: Way; settleS: number; seconds: number },
): Promise<Seen | undefined> {
  const page = await openWay(scope, server, way);
  if (page === undefined) return undefined;
  const clock = await PictureClock.find(page, FIRST_PICTURE_MS);
  await new Promise((resolve) => setTimeout(resolve, settleS * 1000));
  return clock.watch(seconds);
}
