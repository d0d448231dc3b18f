import type { Ticks } from "./time.ts";

export type TrackKind = "video" | "audio" | "subtitle" | "data";

export type VideoCodec = "h264" | "h265" | "mpeg2video" | "mpeg1video" | "mpeg4" | "av1" | "vp9" | "vp8";
/** `mpa` is MPEG-1/2 audio, any layer. */
export type AudioCodec = "aac" | "mpa" | "ac3" | "eac3" | "ac4" | "opus" | "dts" | "flac" | "pcm";
export type SubtitleCodec = "dvbsub" | "teletext" | "webvtt";
export type DataCodec = "scte35" | "id3" | "private" | "unknown";
export type Codec = VideoCodec | AudioCodec | SubtitleCodec | DataCodec;

/** What a video codec's headers say. */
export interface VideoFormat {
  readonly width: number;
  readonly height: number;
  /** Sample (pixel) aspect ratio. */
  readonly sar?: { readonly num: number; readonly den: number };
  /** Frames per second as a fraction, where the stream says it. */
  readonly frameRate?: { readonly num: number; readonly den: number };
  readonly interlaced?: boolean;
  readonly profile: number;
  readonly level: number;
  /** ITU-T H.273 code points. */
  readonly colour?: {
    readonly primaries: number;
    readonly transfer: number;
    readonly matrix: number;
    readonly fullRange: boolean;
  };
  readonly bitDepth?: number;
  readonly chroma?: "4:0:0" | "4:2:0" | "4:2:2" | "4:4:4";
}

/** What an audio codec's headers say. */
export interface AudioFormat {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples in one frame, where constant (1024 for AAC, 1152 for MPEG layer II…). */
  readonly frameSamples?: number;
  /** Bits a second, where the header says it. */
  readonly bitrate?: number;
  /** Codec profile: MPEG-4 audio object type, MPEG layer, AC-3 bsid. */
  readonly profile?: number;
}

/** One elementary stream. */
export interface Track {
  /** Unique within its stream; for tracks out of a transport stream the PID. */
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** Clock rate of the track's timestamps, Hz; 90,000 unless stated. */
  readonly timescale: number;
  /** ISO 639-2 code. */
  readonly language?: string;
  /** ISO 639 audio_type or subtitling purpose: 0 undefined, 1 clean effects, 2 hearing impaired, 3 visually impaired. */
  readonly audioType?: number;
  /**
   * Decoder configuration in the form ISO BMFF stores it: AVCDecoderConfigurationRecord, HEVCDecoderConfigurationRecord,
   * AudioSpecificConfig, dOps payload, dac3/dec3 payload. Absent until the headers have been seen.
   */
  readonly config?: Uint8Array;
  /** RFC 6381 string ("avc1.64001f", "mp4a.40.2"), once known. */
  readonly codecString?: string;
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
  /** Transport-stream origin, where there is one. */
  readonly ts?: {
    readonly pid: number;
    readonly streamType: number;
    readonly program: number;
    /** The ES_info descriptor loop, as it stood in the PMT. */
    readonly descriptors: Uint8Array;
  };
}

/**
 * One coded frame.
 *
 * Payload conventions: H.264 and H.265 are NAL units each behind a 4-byte big-endian length, without access unit
 * delimiters; AAC is a raw frame (neither ADTS nor LATM); MPEG audio, AC-3 and E-AC-3 are whole sync frames; Opus is a
 * bare packet; MPEG-2 video is the picture with its headers; DVB subtitles and teletext are the PES data field;
 * WebVTT is a sample as ISO/IEC 14496-30 §7.4 has it, "vttc" boxes, of what is shown until the next unit of its track;
 * SCTE-35 is the splice_info_section; ID3 is the tag.
 */
export interface AccessUnit {
  /** `Track.id`. */
  track: number;
  pts: Ticks;
  dts: Ticks;
  /** A decoder may start here. True for every audio frame that stands alone. */
  key: boolean;
  /** The timeline or the coding broke before this unit. */
  discontinuity: boolean;
  data: readonly Uint8Array[];
  /** UTC, milliseconds. */
  wallMs: number;
}

/** A run of whole transport-stream packets. */
export interface TsBatch {
  /** N × 188 bytes. */
  readonly bytes: Uint8Array;
  readonly arrivalNs: number;
}
