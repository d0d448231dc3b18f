import type { AudioFormat, Codec, TrackKind, VideoFormat } from "@millrace/model";

/**
 * Times of one track are integers at its timescale on the *media timeline*, which is near UTC since 1970 and never goes
 * back: when frames are shown. `baseMediaDecodeTime` (ISO/IEC 14496-12 §8.8.12) is earlier where frames are reordered.
 */
export interface CmafTrack {
  /** `v1`, `a1`, `a2`, `t1`: part of every URL, and the same for the same place among the tracks. */
  readonly name: string;
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** RFC 6381. */
  readonly codecString: string;
  readonly timescale: number;
  readonly language?: string;
  /** ISO 639 audio_type, as `Track.audioType`. */
  readonly audioType?: number;
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
  readonly config?: Uint8Array;
  /** Key of its initialization segment, the CMAF header. */
  readonly init: string;
}

/** Tracks of one coding: where they change, or the timeline breaks, a new period begins. */
export interface CmafPeriod {
  /** Counts up. */
  readonly id: number;
  /** Number of its first segment. */
  readonly firstMsn: number;
  /** Media timeline, 90 kHz. */
  readonly startTicks: number;
  /** What to add to the media timeline in milliseconds to have UTC. */
  readonly utcOffsetMs: number;
  readonly tracks: readonly CmafTrack[];
}

/** A CMAF chunk (ISO/IEC 23000-19 §7.3.2.3): what low-latency HLS calls a partial segment. */
export interface PartRecord {
  readonly key: string;
  readonly startTicks: number;
  readonly durationTicks: number;
  /** It begins with a sync sample. */
  readonly independent: boolean;
  readonly bytes: number;
  /** Of a picture that it begins with: bytes from its beginning to the end of that picture. */
  readonly keyBytes?: number;
}

/** A CMAF segment, finished or growing. All tracks' segments of one number cover the same stretch of time. */
export interface SegmentRecord {
  readonly track: string;
  readonly key: string;
  /** Media sequence number. */
  readonly msn: number;
  readonly period: number;
  readonly startTicks: number;
  /** Until now, where it is not complete. */
  readonly durationTicks: number;
  readonly independent: boolean;
  /** UTC of its start, milliseconds. */
  readonly wallMs: number;
  readonly bytes: number;
  readonly parts: readonly PartRecord[];
  readonly complete: boolean;
  /** Nothing came of this track for as long as it lasts: there are no bytes. */
  readonly gap?: boolean;
  /** Of a text track, when it is complete: key of the same as a WebVTT file of its own. */
  readonly vtt?: string;
}

/** A message in time: a splice, or metadata. */
export interface EventRecord {
  readonly id: number;
  readonly scheme: "scte35" | "id3";
  /** Media timeline, 90 kHz. */
  readonly startTicks: number;
  readonly period: number;
  /** UTC, milliseconds. */
  readonly wallMs: number;
  /** The source's own time stamp of that moment, 90 kHz: what times within `data` are measured against. */
  readonly sourceTicks: number;
  /** splice_info_section() or ID3 tag. */
  readonly data: Uint8Array;
}

/** How much a track takes: what is said of a track must not change within a period (ISO/IEC 23009-1 §5.4.1). */
export interface TrackRate {
  readonly period: number;
  readonly track: string;
  /** Of its first segment in the period. */
  readonly bitsPerSecond: number;
}

/** How far all tracks have come together: manifests that list them side by side change with this alone. */
export interface PresentationProgress {
  /** Of the newest segment that every track has, or has left out; -1 before there is one. */
  readonly wholeMsn: number;
  /** UTC, milliseconds, when the presentation became what it is: later with each change. */
  readonly changedMs: number;
  readonly rates: readonly TrackRate[];
}

/** What holds for the whole: the shelf's document `presentation`. */
export interface Presentation extends PresentationProgress {
  /** Seconds, as EXT-X-TARGETDURATION: fixed at the first segment. */
  readonly targetDurationS: number;
  /** Longest part, microseconds: fixed at the first segment. */
  readonly partTargetUs: number;
  /** Segments from here on are listed; earlier ones can still be fetched for a while. */
  readonly firstMsn: number;
  /** Changes of period before the first listed segment, ever. */
  readonly discontinuitySequence: number;
  /** Those of listed segments, and the last one. */
  readonly periods: readonly CmafPeriod[];
  /** Of the listed stretch of time; splices of the hour before as well, for the breaks that go on. */
  readonly events: readonly EventRecord[];
  /** UTC, milliseconds, when the first segment began. */
  readonly startedMs: number;
}

/** Name of the shelf on which CMAF documents stand, by `CmafTrack.init`, `SegmentRecord.key` and `PartRecord.key`. */
export const CMAF_SHELF = "cmaf";
/** Key of the `Presentation`. */
export const PRESENTATION_KEY = "presentation";

export function segmentKey(track: string, startTicks: number): string {
  return `${track}/${startTicks}.m4s`;
}

/** The end of one part is the name of the next: so a client can ask for it before it is there. */
export function partKey(track: string, startTicks: number): string {
  return `${track}/part-${startTicks}.m4s`;
}

/** A segment of a text track as a WebVTT file. */
export function vttKey(track: string, startTicks: number): string {
  return `${track}/${startTicks}.vtt`;
}
