import { type ChunkLimits, DEFAULT_CHUNK_LIMITS } from "../wire/chunk-reader.ts";
import { type EnhancedCaps, OUR_ENHANCED_CAPS } from "./enhanced.ts";

export interface RtmpClientOptions {
  /** Size of the chunks that are sent when publishing. */
  readonly chunkBytes: number;
  readonly windowBytes: number;
  /** What the server is told of our buffer when playing. */
  readonly bufferMs: number;
  readonly limits: ChunkLimits;
  readonly enhanced: EnhancedCaps;
  /** A handshake with a digest in it; a few servers want one, very few do not like it. */
  readonly digest: boolean;
  /** Time from `start` to `onReady`. */
  readonly readyTimeoutMs: number;
  /** Silence after which a server that plays is gone. */
  readonly idleTimeoutMs: number;
}

export const DEFAULT_CLIENT_OPTIONS: RtmpClientOptions = {
  chunkBytes: 65_536,
  windowBytes: 2_500_000,
  bufferMs: 3000,
  limits: DEFAULT_CHUNK_LIMITS,
  enhanced: OUR_ENHANCED_CAPS,
  digest: true,
  readyTimeoutMs: 15_000,
  idleTimeoutMs: 60_000,
};

/** What encoders and players call themselves: some servers give H.264 to nobody else. */
const PUBLISHER_VERSION = "FMLE/3.0 (compatible; Millrace)";
const PLAYER_VERSION = "LNX 9,0,124,2";
/** Of `videoFunction` (Enhanced RTMP v2, "Metadata Frame"). */
const CLIENT_SEEK = 1;
const CLIENT_HDR = 2;
const CLIENT_METADATA = 4;

/** What stands in `connect` besides application, URL and the enhanced protocol (RTMP 1.0 §7.2.1.1). */
export const PUBLISHER_FIELDS = { type: "nonprivate", flashVer: PUBLISHER_VERSION } as const;

export const PLAYER_FIELDS = {
  flashVer: PLAYER_VERSION,
  fpad: false,
  capabilities: 15,
  audioCodecs: 4071,
  videoCodecs: 252,
  videoFunction: CLIENT_SEEK | CLIENT_HDR | CLIENT_METADATA,
  objectEncoding: 0,
} as const;
