import type { Attribute } from "./attributes.ts";
import type { SegmentKey, StartPoint } from "./media-playlist.ts";

/** What EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF have in common (RFC 8216 §4.3.4.2, §4.3.4.3). */
interface VariantBase {
  readonly uri: string;
  /** Peak, bits a second. */
  readonly bandwidth: number;
  /** Bits a second. */
  readonly averageBandwidth?: number;
  /** RFC 6381 strings. */
  readonly codecs?: readonly string[];
  readonly supplementalCodecs?: string;
  readonly resolution?: { readonly width: number; readonly height: number };
  /** `SDR`, `HLG` or `PQ`. */
  readonly videoRange?: string;
  /** `NONE`, `TYPE-0` or `TYPE-1`. */
  readonly hdcpLevel?: string;
  /** GROUP-ID of a VIDEO rendition group. */
  readonly video?: string;
  readonly stableVariantId?: string;
  readonly pathwayId?: string;
  /** Attributes not modelled here. */
  readonly extra?: readonly Attribute[];
}

/** EXT-X-STREAM-INF and its URI line. */
export interface Variant extends VariantBase {
  /** Frames per 1,000 seconds: 29.970 is 29970. */
  readonly frameRateMilliHz?: number;
  /** GROUP-ID of the renditions that belong to it. */
  readonly audio?: string;
  readonly subtitles?: string;
  /** A GROUP-ID, or `"NONE"`: no variant has captions. */
  readonly closedCaptions?: string;
  readonly name?: string;
}

/** EXT-X-I-FRAME-STREAM-INF. */
export type IFrameVariant = VariantBase;

/** EXT-X-MEDIA (RFC 8216 §4.3.4.1). */
export interface Rendition {
  readonly type: "AUDIO" | "VIDEO" | "SUBTITLES" | "CLOSED-CAPTIONS";
  readonly groupId: string;
  readonly name: string;
  /** Absent: the media is part of the variant's own playlist. */
  readonly uri?: string;
  /** RFC 5646 tag. */
  readonly language?: string;
  readonly assocLanguage?: string;
  readonly default?: boolean;
  readonly autoselect?: boolean;
  readonly forced?: boolean;
  /** `CC1`…`CC4` or `SERVICEn`. */
  readonly instreamId?: string;
  readonly characteristics?: string;
  readonly channels?: string;
  readonly stableRenditionId?: string;
  readonly extra?: readonly Attribute[];
}

/** EXT-X-SESSION-DATA (RFC 8216 §4.3.4.4): either a value or a URI. */
export interface SessionData {
  readonly dataId: string;
  readonly value?: string;
  readonly uri?: string;
  readonly language?: string;
  readonly extra?: readonly Attribute[];
}

/** A Multivariant Playlist, which RFC 8216 §4.3.4 calls Master Playlist. */
export interface MultivariantPlaylist {
  /** The writer works out the least that the content asks for when absent. */
  readonly version?: number;
  readonly independentSegments?: boolean;
  readonly start?: StartPoint;
  readonly renditions?: readonly Rendition[];
  readonly variants: readonly Variant[];
  readonly iFrameVariants?: readonly IFrameVariant[];
  readonly sessionData?: readonly SessionData[];
  readonly sessionKeys?: readonly SegmentKey[];
  /** Lines of tags not modelled here, as written. */
  readonly tags?: readonly string[];
}

/** The least EXT-X-VERSION that the content asks for (RFC 8216 §7). */
export function multivariantVersionFor(playlist: MultivariantPlaylist): number {
  if (playlist.renditions?.some((one) => one.instreamId?.startsWith("SERVICE") === true) === true) return 7;
  if (playlist.sessionKeys?.some((key) => key.keyFormat !== undefined) === true) return 5;
  return (playlist.renditions?.length ?? 0) > 0 || (playlist.iFrameVariants?.length ?? 0) > 0 ? 4 : 3;
}
