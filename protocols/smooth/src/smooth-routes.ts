import type { CmafTrack, SegmentRecord } from "@millrace/cmaf";
import {
  type HttpExchange,
  type HttpRoute,
  type Runtime,
  type ShelfItem,
  sendItem,
  sendText,
} from "@millrace/engine";
import { writeSmoothManifest } from "@millrace/playlist";
import { noSuchFragment } from "./errors.ts";
import { type Listing, listingOf, type Opened, openListing } from "./listing.ts";
import { readSegment } from "./segment-units.ts";
import { smoothFragment } from "./smooth-fragment.ts";
import { fragmentTime, smoothManifest, smoothName } from "./smooth-manifest.ts";
import { tokenOf } from "./token.ts";

const MANIFEST_TYPE = "text/xml";
const FRAGMENT_CACHE = "public, max-age=60";
/** A fragment waits for the one that it has to tell of, so many target durations. */
const PATIENCE_TARGETS = 3;

/** Smooth Streaming (MS-SSTR §2.2.1, §2.2.3) of H.264 and AAC, in any worker. */
export function smoothRoutes(runtime: Runtime): HttpRoute[] {
  const methods = ["GET", "HEAD"];
  return [
    {
      methods,
      pattern: /^\/(.+)\.isml\/[Mm]anifest$/,
      handle: (exchange) => sendManifest(runtime, exchange),
    },
    {
      methods,
      pattern: /^\/(.+)\.isml\/QualityLevels\(\d+\)\/Fragments\(([a-z]+\d*)=(\d+)\)$/i,
      handle: (exchange) => sendFragment(runtime, exchange),
    },
  ];
}

async function sendManifest(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const session = await runtime.admit(exchange, "smooth");
  if (session === undefined) return;
  const { listing } = await openListing(runtime, session.stream);
  const text = writeSmoothManifest(smoothManifest(listing, tokenOf(exchange.query)));
  await sendText(exchange, { type: MANIFEST_TYPE, text, cache: "no-cache", session });
}

async function sendFragment(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const session = await runtime.admit(exchange, "smooth");
  if (session === undefined) return;
  const [, , name = "", start = ""] = exchange.match;
  const opened = await openListing(runtime, session.stream);
  const bytes = await fragmentOf(runtime, opened, { name, startTicks: Number(start) });
  if (bytes === undefined) throw noSuchFragment(`${name}=${start}`);
  const item = { type: "video/mp4", head: bytes };
  await sendItem(runtime, exchange, item, { cache: FRAGMENT_CACHE, session });
}

interface Wanted {
  /** Of the stream in the manifest. */
  readonly name: string;
  readonly startTicks: number;
}

/** Made once for all who ask while the segment is there. */
const made = new WeakMap<ShelfItem, Uint8Array>();

async function fragmentOf(
  runtime: Runtime,
  { shelf, timeline, listing }: Opened,
  wanted: Wanted,
): Promise<Uint8Array | undefined> {
  const place = find(listing, wanted);
  if (place === undefined) return undefined;
  const { track, segment } = place;
  const item = shelf.get(segment.key);
  const init = shelf.get(track.init);
  if (item === undefined || init === undefined) return undefined;
  const known = made.get(item);
  if (known !== undefined) return known;
  const patienceMs = PATIENCE_TARGETS * 1000 * listing.presentation.targetDurationS;
  const deadline = performance.now() + patienceMs;
  let { next } = place;
  while (next === undefined && !shelf.closed && performance.now() < deadline) {
    await shelf.changed(deadline - performance.now());
    const now = listingOf(timeline);
    // Nothing follows where another period has begun.
    if (now === undefined || now.period !== listing.period) break;
    next = find(now, wanted)?.next;
  }
  const units = readSegment(runtime, init, item);
  if (units === undefined) return undefined;
  const bytes = smoothFragment(units, {
    time: fragmentTime(listing, track, segment),
    next: next === undefined ? [] : [fragmentTime(listing, track, next)],
    sequence: segment.msn,
    zeroS: listing.zeroS,
  });
  if (next !== undefined) made.set(item, bytes);
  return bytes;
}

interface Place {
  readonly track: CmafTrack;
  readonly segment: SegmentRecord;
  readonly next: SegmentRecord | undefined;
}

function find(listing: Listing, { name, startTicks }: Wanted): Place | undefined {
  const listed = listing.tracks.find(({ track }) => smoothName(track) === name);
  if (listed === undefined) return undefined;
  const { track, kept } = listed;
  const i = kept.findIndex((each) => fragmentTime(listing, track, each).startTicks === startTicks);
  const segment = kept[i];
  return segment === undefined ? undefined : { track, segment, next: kept[i + 1] };
}
