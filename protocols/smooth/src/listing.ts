import {
  CMAF_SHELF,
  type CmafTrack,
  type Presentation,
  type SegmentRecord,
  type Timeline,
  timelineOf,
} from "@millrace/cmaf";
import type { Runtime, ShelfReader } from "@millrace/engine";
import { smoothNotReady } from "./errors.ts";

/** A stream that has just started gets this long to make its first segments, while the request waits. */
const FIRST_SEGMENT_MS = 20_000;
const CODECS: ReadonlySet<string> = new Set(["h264", "aac"]);
/** The zero of times is so long before the first segment: a source that begins anew may step back a little. Seconds. */
const BEFORE_S = 60;

export interface ListedTrack {
  readonly track: CmafTrack;
  /** Complete, with bytes, one after the other. */
  readonly segments: readonly SegmentRecord[];
  /** The same, and before them those that were listed and can still be fetched. */
  readonly kept: readonly SegmentRecord[];
}

/** What can be offered of a stream: its newest period, for these formats know of one coding only. */
export interface Listing {
  readonly presentation: Presentation;
  readonly period: number;
  readonly tracks: readonly ListedTrack[];
  /** What is zero in the manifests, in seconds of the media timeline: times since 1970 do not fit their fields. */
  readonly zeroS: number;
}

/** Undefined while there is nothing. */
export function listingOf(timeline: Timeline): Listing | undefined {
  const { presentation } = timeline;
  if (presentation === undefined) return undefined;
  const isListed = ({ complete, gap, msn }: SegmentRecord): boolean =>
    complete && gap !== true && msn <= presentation.wholeMsn;
  for (const { id, tracks } of presentation.periods.toReversed()) {
    const listed = tracks
      .filter(({ codec }) => CODECS.has(codec))
      .map((track) => ({
        track,
        segments: timeline.segments(track.name, id).filter(isListed),
        kept: timeline.kept(track.name, id).filter(isListed),
      }))
      .filter(({ segments }) => segments.length > 1);
    const zeroS = Math.floor(presentation.startedMs / 1000) - BEFORE_S;
    if (listed.length > 0) return { presentation, period: id, tracks: listed, zeroS };
  }
  return undefined;
}

export interface Opened {
  readonly shelf: ShelfReader;
  readonly timeline: Timeline;
  readonly listing: Listing;
}

/** The shelf of a stream, as soon as there is something to list. Throws `unavailable` after 20 s. */
export async function openListing(runtime: Runtime, stream: string): Promise<Opened> {
  const deadline = runtime.clock.wallMs() + FIRST_SEGMENT_MS;
  for (;;) {
    const shelf = await runtime.shelf(stream, CMAF_SHELF);
    const timeline = timelineOf(shelf);
    const listing = listingOf(timeline);
    if (listing !== undefined) return { shelf, timeline, listing };
    const leftMs = deadline - runtime.clock.wallMs();
    if (leftMs <= 0) throw smoothNotReady(stream);
    await shelf.changed(Math.min(leftMs, 1000));
  }
}

/** A time of the media timeline from `zeroS` on, at another rate, rounded. */
export function timeAt(
  rate: number,
  ticks: number,
  { timescale, zeroS }: { timescale: number; zeroS: number },
): number {
  const seconds = Math.floor(ticks / timescale);
  return (seconds - zeroS) * rate + Math.round(((ticks - seconds * timescale) * rate) / timescale);
}
