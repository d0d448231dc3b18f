export { Demuxer, type DemuxerOptions } from "./demuxer.ts";
export type { DemuxCounters } from "./elementary-stream.ts";
