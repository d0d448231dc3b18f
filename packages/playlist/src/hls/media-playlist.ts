import type { Attribute } from "./attributes.ts";

/** A stretch of a resource, in bytes. */
export interface ByteRange {
  readonly length: number;
  readonly offset: number;
}

/** EXT-X-KEY (RFC 8216 §4.3.2.4). A clear segment has no keys; METHOD=NONE is never an element. */
export interface SegmentKey {
  /** `AES-128`, `SAMPLE-AES`, `SAMPLE-AES-CTR`… */
  readonly method: string;
  readonly uri?: string;
  /** `0x` and 32 hexadecimal digits. Absent: the media sequence number is the IV. */
  readonly iv?: string;
  /** `identity` when absent. */
  readonly keyFormat?: string;
  readonly keyFormatVersions?: string;
}

/** KEYFORMAT with its default. */
export function formatOf(key: SegmentKey): string {
  return key.keyFormat ?? "identity";
}

/** EXT-X-MAP (RFC 8216 §4.3.2.5): the initialization section. */
export interface SegmentMap {
  readonly uri: string;
  readonly byteRange?: ByteRange;
  /** The keys that the section itself is encrypted with. */
  readonly keys?: readonly SegmentKey[];
}

/** EXT-X-DATERANGE (RFC 8216 §4.3.2.7). */
export interface DateRange {
  readonly id: string;
  readonly class?: string;
  /** UTC, milliseconds. Required at a range's first appearance. */
  readonly startDateMs?: number;
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
  /** In force for this segment; written where they change. */
  readonly keys?: readonly SegmentKey[];
  /** In force for this segment; written where it changes. */
  readonly map?: SegmentMap;
  /** EXT-X-GAP: the segment is missing and must not be fetched. */
  readonly gap?: boolean;
  /** EXT-X-BITRATE, kbit/s, where the playlist states it before this segment. */
  readonly bitrateKbit?: number;
  readonly dateRanges?: readonly DateRange[];
  /** Lines of tags not modelled here (`#EXT-X-CUE-OUT:…`) that stand before this segment, as written. */
  readonly tags?: readonly string[];
}

/** EXT-X-START (RFC 8216 §4.3.5.2). */
export interface StartPoint {
  /** From the playlist's beginning; from its end when negative. Microseconds. */
  readonly timeOffsetUs: number;
  readonly precise?: boolean;
}

/** A Media Playlist (RFC 8216 §4.3.2, §4.3.3). */
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
  readonly segments: readonly MediaSegment[];
  /** Date ranges behind the last segment. */
  readonly dateRanges?: readonly DateRange[];
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

/** The least EXT-X-VERSION that the content asks for (RFC 8216 §7). */
export function versionFor(playlist: MediaPlaylist): number {
  let version = 1;
  const need = (least: number) => {
    version = Math.max(version, least);
  };
  if (playlist.iFramesOnly === true) need(4);
  for (const segment of playlist.segments) {
    // Durations are always written with decimals.
    need(3);
    if (segment.byteRange !== undefined) need(4);
    if (segment.map !== undefined) need(playlist.iFramesOnly === true ? 5 : 6);
    for (const key of [...(segment.keys ?? []), ...(segment.map?.keys ?? [])]) {
      if (key.iv !== undefined) need(2);
      if (key.keyFormat !== undefined || key.keyFormatVersions !== undefined || key.method === "SAMPLE-AES")
        need(5);
    }
  }
  return version;
}
