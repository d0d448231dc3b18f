import type { Attribute } from "./attributes.ts";
import type { ByteRange, SegmentKey, SegmentMap } from "./resource.ts";

/** EXT-X-PART (rfc8216bis §4.4.4.9): a piece of a segment that can be had before the segment is complete. */
export interface Part {
  readonly uri: string;
  /** Microseconds. */
  readonly durationUs: number;
  /** It holds a frame that a decoder can start with. */
  readonly independent?: boolean;
  /** Within the resource; parts of one segment may share one. */
  readonly byteRange?: ByteRange;
  /** It is missing and must not be fetched. */
  readonly gap?: boolean;
  /** Attributes not modelled here. */
  readonly extra?: readonly Attribute[];
}

/** EXT-X-SERVER-CONTROL (rfc8216bis §4.4.3.8): which delivery directives the server answers. */
export interface ServerControl {
  /** `_HLS_msn` and `_HLS_part` hold the answer back until the playlist is that far. */
  readonly canBlockReload?: boolean;
  /** How far from the end players begin; three target durations when absent. Microseconds. */
  readonly holdBackUs?: number;
  /** The same for players that play parts. Required where there are parts. Microseconds. */
  readonly partHoldBackUs?: number;
  /** The Skip Boundary: what is further from the end can be left out of delta updates. Microseconds. */
  readonly canSkipUntilUs?: number;
  /** Delta updates can leave out old date ranges as well. */
  readonly canSkipDateRanges?: boolean;
  readonly extra?: readonly Attribute[];
}

/** EXT-X-SKIP (rfc8216bis §4.4.5.2): what a delta update leaves out. */
export interface Skipped {
  /** How many segments are left out: the first of the playlist, so `segments` of the playlist are those behind. */
  readonly segments: number;
  /** Old date ranges are left out too, and those with these ids were removed recently. */
  readonly removedDateRanges?: readonly string[];
}

/** EXT-X-PRELOAD-HINT (rfc8216bis §4.4.5.3): what will come next and can be asked for already. */
export interface PreloadHint {
  readonly type: "PART" | "MAP";
  readonly uri: string;
  /** 0 when absent. */
  readonly byteRangeStart?: number;
  /** To the end of the resource when absent. */
  readonly byteRangeLength?: number;
  readonly extra?: readonly Attribute[];
}

/** EXT-X-RENDITION-REPORT (rfc8216bis §4.4.5.4): how far another rendition is. */
export interface RenditionReport {
  /** Of its Media Playlist, relative. */
  readonly uri: string;
  /** Absent where it is that of the playlist which holds the report. */
  readonly lastMsn?: number;
  /** Likewise, or because that rendition has no parts. */
  readonly lastPart?: number;
  readonly extra?: readonly Attribute[];
}

/**
 * What is known of the segment that is not complete yet. Tags that apply to a segment stand before its first part
 * (rfc8216bis §4.4.4.9), so they are known while the segment itself is not.
 */
export interface PendingSegment {
  readonly discontinuity?: boolean;
  /** UTC, milliseconds. */
  readonly programDateTimeMs?: number;
  /** Where they differ from those of the last segment; `[]` where they end. */
  readonly keys?: readonly SegmentKey[];
  /** Where it differs from that of the last segment. */
  readonly map?: SegmentMap;
}
