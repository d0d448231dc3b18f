import { CMAF_SHELF, type SegmentRecord, type TrackEdge, timelineOf } from "@millrace/cmaf";
import {
  type DocumentExchange,
  type HttpRoute,
  ItemStream,
  type Runtime,
  type ShelfReader,
  sendItem,
  type ViewerSession,
} from "@millrace/engine";
import { noSuchSegment } from "./errors.ts";

/** A segment never changes; its name comes again after years at the earliest. */
const SEGMENT_CACHE = "public, max-age=3600, immutable";
/** A request for what is about to come waits for so many target durations (rfc8216bis §6.2.5.2). */
const PATIENCE_TARGETS = 3;
/** A source that stands still for a while is not far behind those who count on. */
const MOST_AHEAD = 8;

const LISTED = "listed-";

/** Initialization segments, segments and parts, in any worker. */
export function cmafRoutes(runtime: Runtime): HttpRoute[] {
  return [
    {
      methods: ["GET", "HEAD"],
      documents: true,
      pattern: /^\/(.+)\/cmaf\/([avt]\d+)\/((?:part-|n|listed-)?\d+\.m4s|\d+\.vtt|init-[0-9a-f]+\.mp4)$/,
      handle: (exchange) => serve(runtime, exchange),
    },
  ];
}

async function serve(runtime: Runtime, exchange: DocumentExchange): Promise<void> {
  // Nearly all of it is at hand nearly always: what is not waited for costs nothing.
  const admitted = runtime.admit(exchange, "cmaf");
  const session = admitted instanceof Promise ? await admitted : admitted;
  if (session === undefined) return;
  const track = exchange.match[2] as string;
  const name = exchange.match[3] as string;
  const found = runtime.shelf(session.stream, CMAF_SHELF);
  const shelf = found instanceof Promise ? await found : found;
  if (name.startsWith(LISTED)) return sendListed({ runtime, exchange, shelf, session, track, name });
  let key = keyOf(shelf, track, name);
  if (shelf.get(key) === undefined) key = await comingKey(shelf, track, name);
  const item = shelf.get(key);
  if (item === undefined) throw noSuchSegment(name);
  const segment = item.data as SegmentRecord | undefined;
  if (segment?.gap === true) throw noSuchSegment(name);
  if (segment === undefined || segment.complete) {
    const sent = sendItem(runtime, exchange, item, { cache: SEGMENT_CACHE, session });
    if (sent instanceof Promise) await sent;
  } else {
    await sendGrowing({ runtime, exchange, shelf, session, key });
  }
}

interface ListedRequest extends Omit<GrowingRequest, "key"> {
  readonly track: string;
  readonly name: string;
}

/**
 * A segment as `listed-START.m4s` is there from when manifests list it; who asks earlier waits. So what the client loads of the
 * manifest afterwards is newer.
 */
async function sendListed({ track, name, ...request }: ListedRequest): Promise<void> {
  const { runtime, exchange, shelf, session } = request;
  const timeline = timelineOf(shelf);
  const own = name.slice(LISTED.length);
  const key = `${track}/${own}`;
  const segment = (): SegmentRecord | undefined => shelf.get(key)?.data as SegmentRecord | undefined;
  const isListed = (): boolean => (segment()?.msn ?? Infinity) <= (timeline.presentation?.wholeMsn ?? -1);
  if (segment() === undefined) await comingKey(shelf, track, own);
  const patienceMs = PATIENCE_TARGETS * 1000 * (timeline.presentation?.targetDurationS ?? 1);
  const deadline = performance.now() + patienceMs;
  while (segment() !== undefined && !isListed() && !shelf.closed && performance.now() < deadline)
    await shelf.changed(deadline - performance.now());
  const item = shelf.get(key);
  if (item === undefined || segment()?.complete !== true || segment()?.gap === true)
    throw noSuchSegment(name);
  await sendItem(runtime, exchange, item, { cache: SEGMENT_CACHE, session });
}

/** Segments are known by their start, and by their number (`n1234.m4s`) for manifests that count. */
function keyOf(shelf: ShelfReader, track: string, name: string): string {
  if (!name.startsWith("n")) return `${track}/${name}`;
  const msn = Number.parseInt(name.slice(1), 10);
  return timelineOf(shelf).segment(track, msn)?.key ?? `${track}/${name}`;
}

/** Waits for a part or a segment that is about to come, which clients ask for ahead of time. */
async function comingKey(shelf: ShelfReader, track: string, name: string): Promise<string> {
  const timeline = timelineOf(shelf);
  const next = timeline.nextPartStart(track);
  const edge = timeline.edge(track);
  if (next === undefined || edge === undefined || !isComing(name, next, edge))
    return keyOf(shelf, track, name);
  const period = timeline.segment(track, edge.msn)?.period;
  const patienceMs = PATIENCE_TARGETS * 1000 * (timeline.presentation?.targetDurationS ?? 1);
  const isPart = name.startsWith("part-");
  const isSettled = (): boolean => {
    if (shelf.get(keyOf(shelf, track, name)) !== undefined) return true;
    // Something else came in its place.
    const now = timeline.edge(track);
    if (now !== undefined && timeline.segment(track, now.msn)?.period !== period) return true;
    return isPart && timeline.nextPartStart(track) !== next;
  };
  await shelf.until(isSettled, patienceMs);
  const key = keyOf(shelf, track, name);
  const found = shelf.get(key)?.data as SegmentRecord | undefined;
  // Who counts means the segment of that number in the period that went on until now.
  return name.startsWith("n") && found !== undefined && found.period !== period ? "" : key;
}

/**
 * A segment that is not there yet is known by its number, which clients get by counting, or by its start, once it is known
 * how long the one before it lasts.
 */
function isComing(name: string, next: number, { msn, part }: TrackEdge): boolean {
  if (name === `part-${next}.m4s`) return true;
  if (!name.startsWith("n")) return part === undefined && name === `${next}.m4s`;
  const ahead = Number.parseInt(name.slice(1), 10) - msn;
  return ahead > 0 && ahead <= MOST_AHEAD;
}

interface GrowingRequest {
  readonly runtime: Runtime;
  readonly exchange: DocumentExchange;
  readonly shelf: ShelfReader;
  readonly session: ViewerSession;
  readonly key: string;
}

/** Sends the segment's parts as they come (ISO/IEC 23009-1 §K.3.2, low-latency DASH). */
async function sendGrowing({ runtime, exchange, shelf, session, key }: GrowingRequest): Promise<void> {
  const stream = new ItemStream(runtime, exchange, { type: "video/mp4", cache: SEGMENT_CACHE, session });
  let sent = 0;
  while (!stream.closed) {
    const segment = shelf.get(key)?.data as SegmentRecord | undefined;
    if (segment === undefined || shelf.closed) break;
    for (; sent < segment.parts.length; sent++) {
      const part = shelf.get(segment.parts[sent]?.key ?? "");
      if (part !== undefined) stream.write(part);
    }
    if (segment.complete) return stream.end();
    await shelf.changed(1000);
  }
  stream.abort();
}
