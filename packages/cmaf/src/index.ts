export {
  CMAF_SHELF,
  type CmafPeriod,
  type CmafTrack,
  type EventRecord,
  type PartRecord,
  PRESENTATION_KEY,
  type Presentation,
  type PresentationProgress,
  partKey,
  type SegmentRecord,
  segmentKey,
  type TrackRate,
  vttKey,
} from "./model.ts";
export {
  PART_DURATION,
  readSegmentSettings,
  SEGMENT_DURATION,
  SEGMENTS,
  type SegmentSettings,
} from "./options.ts";
export { CmafPackager, type PackagerOptions, type PackagerOutput } from "./packager.ts";
export { Timeline, type TrackEdge, timelineOf } from "./timeline.ts";
export type { CutterOutput } from "./track-cutter.ts";
