import type { Attribute } from "./attributes.ts";
import type { Define } from "./define.ts";
import type { SegmentKey, StartPoint } from "./media-playlist.ts";

/** What EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF have in common (RFC 8216 §4.3.4.2, §4.3.4.3). */
interface VariantBase {
  readonly uri: string;
  /** Peak, bits a second. */
  readonly bandwidth: number;
  /** Bits a second. */
  readonly averageBandwidth?: number;
  /** How good it looks and sounds beside the others (rfc8216bis §4.4.6.2): millionths, so that 1.5 is 1500000. */
  readonly scoreMillionths?: number;
  /** RFC 6381 strings. */
  readonly codecs?: readonly string[];
  /** Enhancement layers with their brands: `dvh1.08.07/db4h`, separated by commas. */
  readonly supplementalCodecs?: string;
  readonly resolution?: { readonly width: number; readonly height: number };
  /** `SDR`, `HLG` or `PQ`. */
  readonly videoRange?: string;
  /** `NONE`, `TYPE-0` or `TYPE-1`. */
  readonly hdcpLevel?: string;
  /** Which devices may play it: `com.example.drm:SMART-TV/PC`, separated by commas. */
  readonly allowedCpc?: string;
  /** How to show the video, `CH-STEREO/PROJ-HEQU`…: who does not know it must leave the variant alone. */
  readonly reqVideoLayout?: string;
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
  /** `CC1`…`CC4` or `SERVICEn`; for other types whatever the segments call it. */
  readonly instreamId?: string;
  /** Media Characteristic Tags, separated by commas. */
  readonly characteristics?: string;
  /** `6`, or with what kind of spatial audio it is: `16/JOC`. */
  readonly channels?: string;
  readonly bitDepth?: number;
  readonly sampleRateHz?: number;
  readonly stableRenditionId?: string;
  readonly extra?: readonly Attribute[];
}

/** EXT-X-SESSION-DATA (RFC 8216 §4.3.4.4): either a value or a URI. */
export interface SessionData {
  readonly dataId: string;
  readonly value?: string;
  readonly uri?: string;
  /** Of what `uri` names; JSON when absent. */
  readonly format?: "JSON" | "RAW";
  readonly language?: string;
  readonly extra?: readonly Attribute[];
}

/** EXT-X-CONTENT-STEERING (rfc8216bis §4.4.6.6). */
export interface ContentSteering {
  readonly serverUri: string;
  /** The pathway to take until the steering manifest is there. */
  readonly pathwayId?: string;
  readonly extra?: readonly Attribute[];
}

/** A Multivariant Playlist, which RFC 8216 §4.3.4 calls Master Playlist. */
export interface MultivariantPlaylist {
  /** The writer works out the least that the content asks for when absent. */
  readonly version?: number;
  readonly independentSegments?: boolean;
  readonly start?: StartPoint;
  /** Never with `import`: there is nothing to import from. */
  readonly defines?: readonly Define[];
  readonly contentSteering?: ContentSteering;
  readonly renditions?: readonly Rendition[];
  readonly variants: readonly Variant[];
  readonly iFrameVariants?: readonly IFrameVariant[];
  readonly sessionData?: readonly SessionData[];
  readonly sessionKeys?: readonly SegmentKey[];
  /** Lines of tags not modelled here, as written. */
  readonly tags?: readonly string[];
}

/** The least EXT-X-VERSION that the content asks for (RFC 8216 §7, rfc8216bis §8). */
export function multivariantVersionFor(playlist: MultivariantPlaylist): number {
  const { renditions = [], variants, iFrameVariants = [], defines = [], sessionKeys = [] } = playlist;
  // Only closed captions may name what is in the segments before version 13.
  if (renditions.some((one) => one.instreamId !== undefined && one.type !== "CLOSED-CAPTIONS")) return 13;
  if ([...variants, ...iFrameVariants].some((one) => one.reqVideoLayout !== undefined)) return 12;
  const extras = [...variants, ...iFrameVariants, ...renditions].flatMap((one) => one.extra ?? []);
  if (extras.some((one) => one.name.startsWith("REQ-"))) return 12;
  if (defines.some((one) => "queryParam" in one)) return 11;
  if (defines.length > 0) return 8;
  if (renditions.some((one) => one.instreamId?.startsWith("SERVICE") === true)) return 7;
  if (sessionKeys.some((key) => key.keyFormat !== undefined)) return 5;
  return renditions.length > 0 || iFrameVariants.length > 0 ? 4 : 3;
}
