import { PlaylistError } from "../errors.ts";
import { parseInteger } from "./lines.ts";
import type { MediaPlaylist } from "./media-playlist.ts";

/** What a client asks for in the query of a playlist request (rfc8216bis §6.2.5). */
export interface DeliveryDirectives {
  /** `_HLS_msn`: hold the answer back until there is this segment. */
  readonly msn?: number;
  /** `_HLS_part`: or this part of it, from 0. */
  readonly part?: number;
  /** `_HLS_skip`: a delta update, without old date ranges where it is `v2`. */
  readonly skip?: "YES" | "v2";
}

/**
 * Reads the delivery directives of a query, with or without the question mark. Other parameters, those not known that
 * begin with `_HLS_`, and a `_HLS_skip` of another value are passed over. Throws `playlist.bad-directive` for what a
 * server has to answer with 400: what is no decimal-integer, a directive given twice, `_HLS_part` without `_HLS_msn`.
 */
export function parseDeliveryDirectives(query: string): DeliveryDirectives {
  const found = new Map<string, string>();
  for (const pair of query.replace(/^\?/, "").split("&")) {
    if (!pair.startsWith("_HLS_")) continue;
    const at = pair.indexOf("=");
    const name = at < 0 ? pair : pair.slice(0, at);
    if (found.has(name)) throw new PlaylistError("playlist.bad-directive", `${name} is given twice`);
    found.set(name, at < 0 ? "" : pair.slice(at + 1));
  }
  const msn = integerOf(found, "_HLS_msn");
  const part = integerOf(found, "_HLS_part");
  const skip = found.get("_HLS_skip");
  if (part !== undefined && msn === undefined)
    throw new PlaylistError("playlist.bad-directive", "_HLS_part without _HLS_msn");
  return {
    ...(msn !== undefined && { msn }),
    ...(part !== undefined && { part }),
    ...((skip === "YES" || skip === "v2") && { skip }),
  };
}

function integerOf(found: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = found.get(name);
  if (text === undefined) return undefined;
  const value = parseInteger(text);
  if (value === undefined) throw new PlaylistError("playlist.bad-directive", `${name} is no decimal-integer`);
  return value;
}

/** The query for a request, parameters in UTF-8 order (rfc8216bis §6.3.2), without a question mark. */
export function formatDeliveryDirectives({ msn, part, skip }: DeliveryDirectives): string {
  const pairs: string[] = [];
  if (msn !== undefined) pairs.push(`_HLS_msn=${msn}`);
  if (part !== undefined) pairs.push(`_HLS_part=${part}`);
  if (skip !== undefined) pairs.push(`_HLS_skip=${skip}`);
  return pairs.join("&");
}

/** How far a playlist is. */
export interface LiveEdge {
  /** Media Sequence Number of the last complete segment; one less than the first where there is none. */
  readonly lastMsn: number;
  /** How many parts that segment has. */
  readonly lastParts: number;
  /** How many parts there are of the segment behind it. */
  readonly pendingParts: number;
  readonly partTargetUs?: number;
  readonly ended: boolean;
}

/** How far a playlist is. */
export function edgeOf(playlist: MediaPlaylist): LiveEdge {
  const skipped = playlist.skipped?.segments ?? 0;
  return {
    lastMsn: (playlist.mediaSequence ?? 0) + skipped + playlist.segments.length - 1,
    lastParts: playlist.segments.at(-1)?.parts?.length ?? 0,
    pendingParts: playlist.parts?.length ?? 0,
    ...(playlist.partTargetUs !== undefined && { partTargetUs: playlist.partTargetUs }),
    ended: playlist.endlist === true,
  };
}

/**
 * What a server does with a request at this moment (rfc8216bis §6.2.5.2): answer `now`, `wait` until the playlist has
 * grown, or refuse it as `too-far` ahead (400). A part behind the last of its segment stands for part 0 of the next.
 */
export function blockingAnswer(
  { msn, part }: DeliveryDirectives,
  { lastMsn, lastParts, pendingParts, partTargetUs, ended }: LiveEdge,
): "now" | "wait" | "too-far" {
  if (ended || msn === undefined) return "now";
  if (msn > lastMsn + 2) return "too-far";
  if (part === undefined) return msn <= lastMsn ? "now" : "wait";
  if (msn < lastMsn) return "now";
  if (msn === lastMsn) return part < lastParts || pendingParts > 0 ? "now" : "wait";
  const lastPart = msn === lastMsn + 1 ? pendingParts - 1 : -1;
  if (part - lastPart > advancePartLimit(partTargetUs)) return "too-far";
  return part <= lastPart ? "now" : "wait";
}

/** How many parts ahead a client may ask (rfc8216bis §6.2.5.2): three seconds of short ones, three of long ones. */
function advancePartLimit(partTargetUs: number | undefined): number {
  if (partTargetUs === undefined || partTargetUs === 0 || partTargetUs >= 1_000_000) return 3;
  return Math.ceil(3_000_000 / partTargetUs);
}
