import { CMAF_SHELF, type Presentation, type Timeline, timelineOf } from "@millrace/cmaf";
import { type DocumentExchange, type HttpRoute, type Runtime, sendText } from "@millrace/engine";
import { writeMpd } from "@millrace/playlist";
import { dashNotReady } from "./errors.ts";
import { forFfmpeg, isFfmpeg } from "./ffmpeg.ts";
import { isGstreamer, withClock, withDays } from "./gstreamer.ts";
import { type ManifestOptions, manifestOf, stallOf } from "./manifest.ts";
import { withToken } from "./token.ts";

const MPD_TYPE = "application/dash+xml";
/** A stream that has just started gets this long to make its first segment, while the request waits. */
const FIRST_SEGMENT_MS = 20_000;
/** Without a stream's name before it: no stream is called that. */
const CLOCK_PATH = "-/time";

/** MPDs, made once for all who ask until there is something new. */
const texts = new WeakMap<Presentation, Map<string, string>>();

/** MPDs and the server's clock, in any worker. */
export function dashRoutes(runtime: Runtime): HttpRoute[] {
  const methods = ["GET", "HEAD"];
  return [
    { methods, documents: true, pattern: /^\/-\/time$/, handle: (exchange) => sendTime(runtime, exchange) },
    {
      methods,
      documents: true,
      pattern: /^\/(.+)\/(?:index|manifest)(\.ll)?\.mpd$/,
      handle: (exchange) => sendManifest(runtime, exchange),
    },
  ];
}

/** xs:dateTime of now, for `urn:mpeg:dash:utc:http-xsdate:2014` (ISO/IEC 23009-1 §5.8.5.7). */
async function sendTime({ clock }: Runtime, exchange: DocumentExchange): Promise<void> {
  const text = new Date(clock.wallMs()).toISOString();
  await sendText(exchange, { type: "text/plain; charset=utf-8", text, cache: "no-store" });
}

async function sendManifest(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  const session = await runtime.admit(exchange, "dash");
  if (session === undefined) return;
  const [, name = "", suffix] = exchange.match;
  const agent = exchange.request.headers["user-agent"];
  const gstreamer = isGstreamer(agent);
  const ffmpeg = isFfmpeg(agent);
  const clockUrl = "../".repeat(name.split("/").length) + CLOCK_PATH;
  const options = {
    // GStreamer 1.22 miscounts the repetitions in a SegmentTimeline, and does not know of low latency. FFmpeg does not
    // either, and counts numbers from 1970 instead of from the period's start.
    byNumber: gstreamer || (!ffmpeg && exchange.query["template"] === "number"),
    lowLatency: !gstreamer && !ffmpeg && suffix !== undefined,
    clockUrl,
    gstreamer,
  };
  const shared = await firstText(runtime, session.stream, options);
  const forOne = gstreamer ? withClock(shared, clockUrl, originOf(exchange)) : shared;
  const own = ffmpeg ? forFfmpeg(forOne) : forOne;
  await sendText(exchange, {
    type: MPD_TYPE,
    text: withToken(own, exchange.query),
    cache: "no-cache",
    session,
  });
}

/** Scheme and authority by which the client reached the server. Empty for what cannot be one. */
function originOf({ request }: DocumentExchange): string {
  const isSecure = (request.socket as { readonly encrypted?: boolean }).encrypted === true;
  const host = request.headers[":authority"] ?? request.headers.host;
  const isPlain = typeof host === "string" && /^[\w.:[\]-]+$/.test(host);
  return isPlain ? `${isSecure ? "https" : "http"}://${host}` : "";
}

type Request = Omit<ManifestOptions, "stall">;

async function firstText(runtime: Runtime, stream: string, request: Request): Promise<string> {
  const deadline = runtime.clock.wallMs() + FIRST_SEGMENT_MS;
  for (;;) {
    const shelf = await runtime.shelf(stream, CMAF_SHELF);
    const timeline = timelineOf(shelf);
    const text = textOf(timeline, { ...request, stall: stallOf(timeline, runtime.clock.wallMs()) });
    if (text !== "") return text;
    const leftMs = deadline - runtime.clock.wallMs();
    if (leftMs <= 0) throw dashNotReady(stream);
    await shelf.changed(Math.min(leftMs, 1000));
  }
}

/** Empty before the first segment. */
function textOf(timeline: Timeline, options: ManifestOptions): string {
  const { presentation } = timeline;
  if (presentation === undefined) return "";
  let known = texts.get(presentation);
  if (known === undefined) texts.set(presentation, (known = new Map()));
  const key = JSON.stringify(options);
  let text = known.get(key);
  if (text === undefined) {
    const mpd = manifestOf(timeline, options);
    const written = mpd === undefined ? "" : writeMpd(mpd);
    known.set(key, (text = options.gstreamer === true ? withDays(written) : written));
  }
  return text;
}
