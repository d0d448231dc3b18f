import { PlaylistError } from "../errors.ts";
import { AttributeWriter } from "./attributes.ts";
import { defineLine } from "./define.ts";
import type { SegmentKey } from "./media-playlist.ts";
import {
  type ContentSteering,
  type IFrameVariant,
  type MultivariantPlaylist,
  multivariantVersionFor,
  type Rendition,
  type SessionData,
  type Variant,
} from "./multivariant-playlist.ts";
import { keyAttributes, startLine } from "./write-media.ts";
import { checkUri, pushTags } from "./write-values.ts";

/**
 * A Multivariant Playlist as text (RFC 8216 §4.3.4): renditions first, then variants in the order given, which is the
 * order in which players try them.
 *
 * Throws `playlist.bad-value` for what cannot be written.
 */
export function writeMultivariantPlaylist(playlist: MultivariantPlaylist): string {
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${playlist.version ?? multivariantVersionFor(playlist)}`];
  for (const define of playlist.defines ?? []) {
    if ("import" in define)
      throw new PlaylistError("playlist.bad-value", "IMPORT has nothing to import from here");
    lines.push(defineLine(define));
  }
  if (playlist.independentSegments === true) lines.push("#EXT-X-INDEPENDENT-SEGMENTS");
  if (playlist.start !== undefined) lines.push(startLine(playlist.start));
  pushTags(lines, playlist.tags);
  if (playlist.contentSteering !== undefined) lines.push(contentSteeringLine(playlist.contentSteering));
  for (const data of playlist.sessionData ?? []) lines.push(sessionDataLine(data));
  for (const key of playlist.sessionKeys ?? []) lines.push(sessionKeyLine(key));
  for (const rendition of playlist.renditions ?? []) lines.push(renditionLine(rendition));
  for (const variant of playlist.variants) lines.push(variantLine(variant), checkUri(variant.uri));
  for (const variant of playlist.iFrameVariants ?? []) lines.push(iFrameLine(variant));
  lines.push("");
  return lines.join("\n");
}

function contentSteeringLine(steering: ContentSteering): string {
  const list = new AttributeWriter()
    .quoted("SERVER-URI", steering.serverUri)
    .quoted("PATHWAY-ID", steering.pathwayId)
    .all(steering.extra);
  return `#EXT-X-CONTENT-STEERING:${list}`;
}

function sessionDataLine(data: SessionData): string {
  const list = new AttributeWriter()
    .quoted("DATA-ID", data.dataId)
    .quoted("VALUE", data.value)
    .quoted("URI", data.uri)
    .bare("FORMAT", data.format)
    .quoted("LANGUAGE", data.language)
    .all(data.extra);
  return `#EXT-X-SESSION-DATA:${list}`;
}

function sessionKeyLine(key: SegmentKey): string {
  return `#EXT-X-SESSION-KEY:${keyAttributes(key)}`;
}

function renditionLine(rendition: Rendition): string {
  const list = new AttributeWriter()
    .bare("TYPE", rendition.type)
    .quoted("GROUP-ID", rendition.groupId)
    .quoted("NAME", rendition.name)
    .quoted("LANGUAGE", rendition.language)
    .quoted("ASSOC-LANGUAGE", rendition.assocLanguage)
    .yesNo("DEFAULT", rendition.default)
    .yesNo("AUTOSELECT", rendition.autoselect)
    .yesNo("FORCED", rendition.forced)
    .quoted("INSTREAM-ID", rendition.instreamId)
    .integer("BIT-DEPTH", rendition.bitDepth)
    .integer("SAMPLE-RATE", rendition.sampleRateHz)
    .quoted("CHARACTERISTICS", rendition.characteristics)
    .quoted("CHANNELS", rendition.channels)
    .quoted("STABLE-RENDITION-ID", rendition.stableRenditionId)
    .quoted("URI", rendition.uri)
    .all(rendition.extra);
  return `#EXT-X-MEDIA:${list}`;
}

function variantLine(variant: Variant): string {
  const captions = variant.closedCaptions;
  const list = baseAttributes(variant)
    .scaled("FRAME-RATE", variant.frameRateMilliHz, { scale: 1000, least: 3 })
    .quoted("AUDIO", variant.audio)
    .quoted("SUBTITLES", variant.subtitles)
    .bare("CLOSED-CAPTIONS", captions === "NONE" ? captions : undefined)
    .quoted("CLOSED-CAPTIONS", captions === "NONE" ? undefined : captions)
    .quoted("NAME", variant.name)
    .all(variant.extra);
  return `#EXT-X-STREAM-INF:${list}`;
}

function iFrameLine(variant: IFrameVariant): string {
  const list = baseAttributes(variant).all(variant.extra).quoted("URI", variant.uri);
  return `#EXT-X-I-FRAME-STREAM-INF:${list}`;
}

function baseAttributes(variant: IFrameVariant): AttributeWriter {
  const { resolution } = variant;
  if (resolution !== undefined && !(isSize(resolution.width) && isSize(resolution.height)))
    throw new PlaylistError("playlist.bad-value", `RESOLUTION ${resolution.width}x${resolution.height}`);
  return new AttributeWriter()
    .integer("BANDWIDTH", variant.bandwidth)
    .integer("AVERAGE-BANDWIDTH", variant.averageBandwidth)
    .scaled("SCORE", variant.scoreMillionths, { scale: 1e6, least: 1 })
    .quoted("CODECS", variant.codecs?.join(","))
    .quoted("SUPPLEMENTAL-CODECS", variant.supplementalCodecs)
    .bare("RESOLUTION", resolution && `${resolution.width}x${resolution.height}`)
    .bare("VIDEO-RANGE", variant.videoRange)
    .bare("HDCP-LEVEL", variant.hdcpLevel)
    .quoted("ALLOWED-CPC", variant.allowedCpc)
    .quoted("REQ-VIDEO-LAYOUT", variant.reqVideoLayout)
    .quoted("VIDEO", variant.video)
    .quoted("STABLE-VARIANT-ID", variant.stableVariantId)
    .quoted("PATHWAY-ID", variant.pathwayId);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
