import type { Attribute } from "./attributes.ts";
import type { Define } from "./define.ts";
import type {
  Part,
  PendingSegment,
  PreloadHint,
  RenditionReport,
  ServerControl,
  Skipped,
} from "./low-latency.ts";
import type { ByteRange, SegmentKey, SegmentMap } from "./resource.ts";

export { type ByteRange, formatOf, type SegmentKey, type SegmentMap } from "./resource.ts";

/** EXT-X-DATERANGE (RFC 8216 §4.3.2.7). */
export interface DateRange {
  readonly id: string;
  readonly class?: string;
  /** UTC, milliseconds. Required at a range's first appearance. */
  readonly startDateMs?: number;
  /** Trigger identifiers: `PRE`, `POST`, `ONCE` (rfc8216bis §4.4.5.1). */
  readonly cue?: readonly string[];
  readonly endDateMs?: number;
  readonly durationUs?: number;
  readonly plannedDurationUs?: number;
  /** splice_info_section() in hexadecimal with `0x` in front. */
  readonly scte35Cmd?: string;
  readonly scte35Out?: string;
  readonly scte35In?: string;
  readonly endOnNext?: boolean;
  /** `X-…` attributes and later additions of the standard. */
  readonly extra?: readonly Attribute[];
}

/** One Media Segment: everything that holds for it, whichever line of the text said so. */
export interface MediaSegment {
  readonly uri: string;
  /** Microseconds; written as seconds with three to six decimals. */
  readonly durationUs: number;
  readonly title?: string;
  /** An EXT-X-DISCONTINUITY stands before it. */
  readonly discontinuity?: boolean;
  /** UTC, milliseconds, of its first sample, where the playlist states it for this very segment. */
  readonly programDateTimeMs?: number;
  readonly byteRange?: ByteRange;
  /** In force for this segment; written where they change. In a delta update absent means: not said, so as before. */
  readonly keys?: readonly SegmentKey[];
  /** In force for this segment; written where it changes. */
  readonly map?: SegmentMap;
  /** EXT-X-GAP: the segment is missing and must not be fetched. */
  readonly gap?: boolean;
  /** EXT-X-BITRATE, kbit/s, where the playlist states it before this segment. */
  readonly bitrateKbit?: number;
  readonly dateRanges?: readonly DateRange[];
  /** The pieces it came in, while it is near the end of the playlist (rfc8216bis §6.2.2). */
  readonly parts?: readonly Part[];
  /** Lines of tags not modelled here (`#EXT-X-CUE-OUT:…`) that stand before this segment, as written. */
  readonly tags?: readonly string[];
}

/** EXT-X-START (RFC 8216 §4.3.5.2). */
export interface StartPoint {
  /** From the playlist's beginning; from its end when negative. Microseconds. */
  readonly timeOffsetUs: number;
  readonly precise?: boolean;
}

/** A Media Playlist (RFC 8216 §4.3.2, §4.3.3), with what rfc8216bis adds for low latency. */
export interface MediaPlaylist {
  /** EXT-X-VERSION. The writer works out the least that the content asks for when absent. */
  readonly version?: number;
  /** Seconds, whole: no segment is longer, rounded. Never changes during a playlist's life. */
  readonly targetDurationS: number;
  /** Number of the first segment; 0 when absent. */
  readonly mediaSequence?: number;
  /** 0 when absent. */
  readonly discontinuitySequence?: number;
  readonly type?: "EVENT" | "VOD";
  readonly independentSegments?: boolean;
  readonly iFramesOnly?: boolean;
  readonly start?: StartPoint;
  readonly defines?: readonly Define[];
  /** EXT-X-PART-INF: no part is longer. Required where there are parts. Microseconds. */
  readonly partTargetUs?: number;
  readonly serverControl?: ServerControl;
  /** This is a delta update; see `applyDelta`. */
  readonly skipped?: Skipped;
  readonly segments: readonly MediaSegment[];
  /** Date ranges behind the last segment. */
  readonly dateRanges?: readonly DateRange[];
  /** What is known already of the segment behind the last. */
  readonly pending?: PendingSegment;
  /** Parts of that segment, which is not complete yet. */
  readonly parts?: readonly Part[];
  readonly preloadHints?: readonly PreloadHint[];
  readonly renditionReports?: readonly RenditionReport[];
  /** No segment will ever be added. */
  readonly endlist?: boolean;
  /** Lines of tags not modelled here that stand in the head, as written. */
  readonly tags?: readonly string[];
  /** Such lines behind the last segment. */
  readonly trailingTags?: readonly string[];
}

/** The least EXT-X-TARGETDURATION that allows all these durations (RFC 8216 §4.3.3.1), seconds, at least 1. */
export function targetDurationFor(segments: readonly { readonly durationUs: number }[]): number {
  let longestUs = 0;
  for (const segment of segments) longestUs = Math.max(longestUs, segment.durationUs);
  return Math.max(1, Math.round(longestUs / 1e6));
}

/** Ticks of the 90 kHz clock to microseconds. */
export function ticksToUs(ticks: number): number {
  return Math.round((ticks * 100) / 9);
}

/** The least EXT-X-VERSION that the content asks for (RFC 8216 §7, rfc8216bis §8). */
export function versionFor(playlist: MediaPlaylist): number {
  let version = playlist.iFramesOnly === true ? 4 : 1;
  for (const define of playlist.defines ?? []) version = Math.max(version, "queryParam" in define ? 11 : 8);
  if (playlist.skipped !== undefined)
    version = Math.max(version, playlist.skipped.removedDateRanges === undefined ? 9 : 10);
  const pending = playlist.pending;
  if (pending !== undefined) version = Math.max(version, protectionVersion(pending, playlist.iFramesOnly));
  for (const segment of playlist.segments) {
    // Durations are always written with decimals, which takes version 3.
    version = Math.max(version, segment.byteRange === undefined ? 3 : 4);
    version = Math.max(version, protectionVersion(segment, playlist.iFramesOnly));
  }
  return version;
}

/** What the keys and the map ask for. */
function protectionVersion(
  { keys = [], map }: { readonly keys?: readonly SegmentKey[]; readonly map?: SegmentMap },
  iFramesOnly: boolean | undefined,
): number {
  let version = map === undefined ? 1 : iFramesOnly === true ? 5 : 6;
  for (const key of [...keys, ...(map?.keys ?? [])]) {
    if (key.iv !== undefined) version = Math.max(version, 2);
    if (key.keyFormat !== undefined || key.keyFormatVersions !== undefined || key.method === "SAMPLE-AES")
      version = Math.max(version, 5);
  }
  return version;
}
