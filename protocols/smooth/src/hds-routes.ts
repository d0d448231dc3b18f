import {
  type HttpExchange,
  type HttpRoute,
  type Runtime,
  type ShelfItem,
  sendItem,
  sendText,
} from "@millrace/engine";
import { writeF4m } from "@millrace/playlist";
import { noSuchFragment, smoothNotReady } from "./errors.ts";
import { hdsFragment } from "./hds-fragment.ts";
import { hdsBootstrap, hdsManifest, hdsTracks } from "./hds-manifest.ts";
import { type Opened, openListing } from "./listing.ts";
import { readSegment, type SegmentUnits } from "./segment-units.ts";
import { tokenOf } from "./token.ts";

const FRAGMENT_CACHE = "public, max-age=60";
const FRAGMENT_TYPE = "video/f4f";

/** HTTP Dynamic Streaming of H.264 and AAC, in any worker. */
export function hdsRoutes(runtime: Runtime): HttpRoute[] {
  const methods = ["GET", "HEAD"];
  return [
    { methods, pattern: /^\/(.+)\/manifest\.f4m$/, handle: (exchange) => sendManifest(runtime, exchange) },
    { methods, pattern: /^\/(.+)\/hds\.abst$/, handle: (exchange) => sendBootstrap(runtime, exchange) },
    {
      methods,
      pattern: /^\/(.+)\/hdsSeg1-Frag(\d+)$/,
      handle: (exchange) => sendFragment(runtime, exchange),
    },
  ];
}

async function sendManifest(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hds");
  if (session === undefined) return;
  const { listing } = await openListing(runtime, session.stream);
  const manifest = hdsManifest(listing, tokenOf(exchange.query));
  if (manifest === undefined) throw smoothNotReady(session.stream);
  await sendText(exchange, {
    type: "application/f4m+xml",
    text: writeF4m(manifest),
    cache: "no-cache",
    session,
  });
}

async function sendBootstrap(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hds");
  if (session === undefined) return;
  const { listing } = await openListing(runtime, session.stream);
  const head = hdsBootstrap(listing);
  if (head === undefined) throw smoothNotReady(session.stream);
  await sendItem(runtime, exchange, { type: "video/abst", head }, { cache: "no-cache", session });
}

async function sendFragment(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const session = await runtime.admit(exchange, "hds");
  if (session === undefined) return;
  const number = exchange.match[2] ?? "";
  const head = fragmentOf(runtime, await openListing(runtime, session.stream), Number(number));
  if (head === undefined) throw noSuchFragment(number);
  await sendItem(runtime, exchange, { type: FRAGMENT_TYPE, head }, { cache: FRAGMENT_CACHE, session });
}

/** Made once for all who ask while the segment is there. */
const made = new WeakMap<ShelfItem, Uint8Array>();

function fragmentOf(
  runtime: Runtime,
  { shelf, timeline, listing }: Opened,
  msn: number,
): Uint8Array | undefined {
  const read: SegmentUnits[] = [];
  let leader: ShelfItem | undefined;
  for (const { track } of hdsTracks(listing) ?? []) {
    const segment = timeline.segment(track.name, msn);
    if (segment === undefined || !segment.complete || segment.period !== listing.period) continue;
    const [init, item] = [shelf.get(track.init), shelf.get(segment.key)];
    if (init === undefined || item === undefined) continue;
    leader ??= item;
    const known = made.get(leader);
    if (known !== undefined) return known;
    const units = segment.gap === true ? undefined : readSegment(runtime, init, item);
    if (units !== undefined) read.push(units);
  }
  if (leader === undefined || read.length === 0) return undefined;
  const bytes = hdsFragment(read, listing.zeroS);
  made.set(leader, bytes);
  return bytes;
}
