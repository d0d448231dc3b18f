export { PlaylistError, type PlaylistErrorCode, type PlaylistProblem } from "./errors.ts";
export type { Attribute } from "./hls/attributes.ts";
export { formatDateTime, parseDateTime } from "./hls/date-time.ts";
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
export { writeMediaPlaylist } from "./hls/write-media.ts";
export { writeMultivariantPlaylist } from "./hls/write-multivariant.ts";
