export type { MuxErrorCode } from "./errors.ts";
export { type MuxBatch, type MuxCounters, Muxer, type MuxerOptions } from "./muxer.ts";
export { checkMuxPids, type MuxPids } from "./pids.ts";
