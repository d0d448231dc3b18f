export type * from "./dash/mpd.ts";
export { parseMpd } from "./dash/parse.ts";
export type { DashSegment, Resource, SegmentQuery, SegmentSet } from "./dash/segments.ts";
export { baseUriOf, periodBounds, segmentInfoOf, segmentsOf } from "./dash/segments.ts";
export type {
  SegmentationUpidXml,
  SegmentationXml,
  SpliceInfoXml,
  SpliceInsertXml,
  SpliceMoment,
  SpliceSignal,
} from "./dash/splice.ts";
export { expandTemplate, type TemplateValues } from "./dash/template.ts";
export { writeMpd } from "./dash/write.ts";
export { PlaylistError, type PlaylistErrorCode, type PlaylistProblem } from "./errors.ts";
export { type FragmentRun, type HdsBootstrap, type SegmentRun, writeBootstrap } from "./hds/bootstrap.ts";
export { type HdsBootstrapInfo, type HdsManifest, type HdsMedia, writeF4m } from "./hds/manifest.ts";
export type { Attribute } from "./hls/attributes.ts";
export { formatDateTime, parseDateTime } from "./hls/date-time.ts";
export { type Define, definedName, expandVariables, type VariableSources } from "./hls/define.ts";
export { applyDelta, type DateRangeSkip, deltaOf, skippableSegments } from "./hls/delta.ts";
export {
  blockingAnswer,
  type DeliveryDirectives,
  edgeOf,
  formatDeliveryDirectives,
  type LiveEdge,
  parseDeliveryDirectives,
} from "./hls/directives.ts";
export type {
  Part,
  PendingSegment,
  PreloadHint,
  RenditionReport,
  ServerControl,
  Skipped,
} from "./hls/low-latency.ts";
export {
  type ByteRange,
  type DateRange,
  type MediaPlaylist,
  type MediaSegment,
  type SegmentKey,
  type SegmentMap,
  type StartPoint,
  targetDurationFor,
  ticksToUs,
  versionFor,
} from "./hls/media-playlist.ts";
export {
  type ContentSteering,
  type IFrameVariant,
  type MultivariantPlaylist,
  multivariantVersionFor,
  type Rendition,
  type SessionData,
  type Variant,
} from "./hls/multivariant-playlist.ts";
export { type ParsedPlaylist, parsePlaylist } from "./hls/parse.ts";
export { parseMediaPlaylist } from "./hls/parse-media.ts";
export { parseMultivariantPlaylist } from "./hls/parse-multivariant.ts";
export {
  type Cue,
  cueInTag,
  cueOutContTag,
  cueOutTag,
  dateRangeOf,
  oatclsTag,
  parseCueTag,
  type SpliceForDateRange,
} from "./hls/splice.ts";
export { writeMediaPlaylist } from "./hls/write-media.ts";
export { writeMultivariantPlaylist } from "./hls/write-multivariant.ts";
export type {
  SmoothChunk,
  SmoothManifest,
  SmoothProtection,
  SmoothQualityLevel,
  SmoothStream,
} from "./smooth/manifest.ts";
export { parseSmoothManifest } from "./smooth/parse.ts";
export { SMOOTH_TIMESCALE, smoothFragmentUrl, writeSmoothManifest } from "./smooth/write.ts";
export { resolveUri } from "./uri.ts";
export { formatDuration, parseDuration } from "./xml/duration.ts";
export type { XmlLimits } from "./xml/parse.ts";
export type { ByteSpan } from "./xml/values.ts";
