export * from "./box-tree.ts";
export { type Box, readBoxHeader } from "./boxes.ts";
export * from "./codec-string.ts";
export { IsoProblem, type IsoProblemCode } from "./errors.ts";
export { EVENT_DURATION_UNKNOWN, type EventMessage } from "./event-message.ts";
export * from "./media-time.ts";
export {
  type FragmentCounters,
  type FragmentProblem,
  FragmentReader,
  type FragmentReaderEvents,
  type FragmentReaderOptions,
  type ReadProducerTime,
} from "./read/fragment-reader.ts";
export { type Movie, MovieTrack, parseMovie, type UnreadableTrack } from "./read/movie.ts";
export { emptySampleEntry, type SampleEntry, SampleTable } from "./read/sample-table.ts";
export * from "./storable.ts";
export * from "./webvtt.ts";
export {
  type FragmentOptions,
  fragmentHead,
  type ProducerTime,
  type Sample,
  type TrackRun,
} from "./write/fragment.ts";
export { initSegment } from "./write/init-segment.ts";
export { type MovieTrackOptions, MovieWriter } from "./write/movie-writer.ts";
export * from "./write/segment-index.ts";
export { storedData } from "./write/stored-data.ts";
export type { InitTrack } from "./write/track-box.ts";
