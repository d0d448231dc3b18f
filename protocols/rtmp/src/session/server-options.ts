import { type ChunkLimits, DEFAULT_CHUNK_LIMITS } from "../wire/chunk-reader.ts";
import { type EnhancedCaps, OUR_ENHANCED_CAPS } from "./enhanced.ts";

export interface RtmpServerOptions {
  /** Size of the chunks that are sent: what `chunkMessage` has to be told for messages that all players share. */
  readonly chunkBytes: number;
  /** How much a client may send before it wants to hear an acknowledgement. */
  readonly windowBytes: number;
  readonly limits: ChunkLimits;
  /** What is said to clients of the enhanced protocol. */
  readonly enhanced: EnhancedCaps;
  /** Time to come to a publish or play command, from the first byte on. */
  readonly requestTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** Silence after which the client is gone; players answer pings. */
  readonly idleTimeoutMs: number;
}

export const DEFAULT_SERVER_OPTIONS: RtmpServerOptions = {
  chunkBytes: 65_536,
  windowBytes: 2_500_000,
  limits: DEFAULT_CHUNK_LIMITS,
  enhanced: OUR_ENHANCED_CAPS,
  requestTimeoutMs: 15_000,
  pingIntervalMs: 30_000,
  idleTimeoutMs: 90_000,
};
