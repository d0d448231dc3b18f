import { putU24be, u24be } from "@millrace/bytes";
import type { VideoCodec } from "@millrace/model";
import { type EnhancedHead, EnhancedWalker, enhancedHeadBytes, writeEnhancedHead } from "./enhanced.ts";
import { FlvProblem } from "./errors.ts";
import { fourCcOfVideo, videoCodecOfFourCc } from "./four-cc.ts";

/** Frame types (FLV 10.1 §E.4.3.1, VideoFrameType). */
export const FRAME_KEY = 1;
export const FRAME_INTER = 2;
export const FRAME_DISPOSABLE = 3;
/** A key frame that a server made. */
export const FRAME_GENERATED_KEY = 4;
export const FRAME_COMMAND = 5;

/**
 * What a part of a body is: configuration record, coded frames, end of sequence, AMF metadata (HDR), an AV1 descriptor as
 * MPEG-2 TS has it, a command for seeking, something later versions may define, or bytes that make no sense.
 */
export type VideoPacketType =
  | "config"
  | "frames"
  | "end"
  | "metadata"
  | "ts-config"
  | "command"
  | "unknown"
  | "damaged";

/** One track's part of a video message or video tag. */
export interface VideoPart {
  readonly kind: "legacy" | "enhanced";
  /** `FRAME_*`. */
  readonly frameType: number;
  /** Undefined for codecs that are not read here (Sorenson, VP6…). */
  readonly codec: VideoCodec | undefined;
  /** Legacy codec id; 0 in enhanced bodies. */
  readonly codecId: number;
  /** Empty in legacy bodies. */
  readonly fourCc: string;
  readonly packetType: VideoPacketType;
  /** PTS less DTS, milliseconds, signed 24 bits. */
  readonly compositionMs: number;
  /** To be added to the timestamp, nanoseconds below one millisecond. */
  readonly nanos: number;
  /** 0 without multitrack. */
  readonly trackId: number;
  /** A view on the body. */
  readonly data: Uint8Array;
}

/** Legacy codec ids: AVC, and HEVC as it was written before Enhanced RTMP. */
export const CODEC_ID_AVC = 7;
export const CODEC_ID_HEVC = 12;

const ENHANCED = 0x80;
const TYPES = { modEx: 7, multitrack: 6 } as const;
/** VideoPacketType of Enhanced RTMP by number. */
const PACKET_TYPES: readonly VideoPacketType[] = [
  "config",
  "frames",
  "end",
  "frames",
  "metadata",
  "ts-config",
];
const CODED_FRAMES = 1;
const CODED_FRAMES_X = 3;
/** AVCPacketType (§E.4.3.1) by number. */
const LEGACY_TYPES: readonly VideoPacketType[] = ["config", "frames", "end"];

/**
 * Reads the body of a video message. Usually there is one part; several where it holds several tracks; none in an empty
 * body. Never throws: what cannot be read is a part with `packetType` "damaged".
 */
export function parseVideoBody(body: Uint8Array): VideoPart[] {
  if (body.length === 0) return [];
  return ((body[0] as number) & ENHANCED) !== 0 ? parseEnhanced(body) : [parseLegacy(body)];
}

function parseLegacy(body: Uint8Array): VideoPart {
  const first = body[0] as number;
  const codecId = first & 15;
  const frameType = first >> 4;
  const codec = codecId === CODEC_ID_AVC ? "h264" : codecId === CODEC_ID_HEVC ? "h265" : undefined;
  let packetType: VideoPacketType = frameType === FRAME_COMMAND ? "command" : "frames";
  let from = 1;
  let compositionMs = 0;
  if (packetType === "frames" && codec !== undefined) {
    from = 5;
    packetType = body.length < 2 ? "damaged" : (LEGACY_TYPES[body[1] as number] ?? "unknown");
    // An end of sequence comes without composition time from some.
    if (packetType !== "end" && body.length < from) packetType = "damaged";
    if (packetType === "frames") compositionMs = i24be(body, 2);
  }
  const data = body.subarray(Math.min(from, body.length));
  const fields = {
    frameType,
    codec,
    codecId,
    packetType,
    compositionMs,
    data,
  } as const;
  return { kind: "legacy", fourCc: "", nanos: 0, trackId: 0, ...fields };
}

function parseEnhanced(body: Uint8Array): VideoPart[] {
  const walker = new EnhancedWalker(body, TYPES);
  const frameType = ((body[0] as number) >> 4) & 7;
  const parts: VideoPart[] = [];
  if (!walker.damaged && frameType === FRAME_COMMAND && PACKET_TYPES[walker.packetType] !== "metadata") {
    return [
      part(walker, {
        frameType,
        packetType: "command",
        compositionMs: 0,
        from: walker.at,
      }),
    ];
  }
  walker.begin();
  while (walker.next()) {
    const codec = videoCodecOfFourCc(walker.fourCc);
    let packetType: VideoPacketType = PACKET_TYPES[walker.packetType] ?? "unknown";
    let from = walker.start;
    let compositionMs = 0;
    // The others have no frames that are shown out of order, or none that this field would tell of.
    const composed = codec === "h264" || codec === "h265" || walker.fourCc === "vvc1";
    if (walker.packetType === CODED_FRAMES && composed) {
      if (walker.end - from < 3) packetType = "damaged";
      else {
        compositionMs = i24be(body, from);
        from += 3;
      }
    }
    parts.push(part(walker, { frameType, packetType, compositionMs, from }));
  }
  if (walker.damaged) {
    parts.push(
      part(walker, {
        frameType,
        packetType: "damaged",
        compositionMs: 0,
        from: body.length,
      }),
    );
  }
  return parts;
}

function part(
  walker: EnhancedWalker,
  read: {
    frameType: number;
    packetType: VideoPacketType;
    compositionMs: number;
    from: number;
  },
): VideoPart {
  const end = walker.end === 0 ? walker.bytes.length : Math.min(walker.end, walker.bytes.length);
  return {
    kind: "enhanced",
    frameType: read.frameType,
    codec: videoCodecOfFourCc(walker.fourCc),
    codecId: 0,
    fourCc: walker.fourCc,
    packetType: read.packetType,
    compositionMs: read.compositionMs,
    nanos: walker.nanos,
    trackId: walker.trackId,
    data: walker.bytes.subarray(Math.min(read.from, end), end),
  };
}

/** What a video body is to say. */
export interface VideoBodyFields {
  readonly codec: VideoCodec;
  readonly packetType: "config" | "frames" | "end" | "metadata";
  /** `FRAME_*`; key for configurations. */
  readonly frameType: number;
  /** FourCC form. The legacy form is for H.264 (and H.265 as codec id 12), without tracks, metadata and nanoseconds. */
  readonly enhanced: boolean;
  /** -2²³ to 2²³ - 1. */
  readonly compositionMs?: number;
  /** 0 to 999,999. */
  readonly nanos?: number;
  /** Makes it a multitrack body for this track. */
  readonly trackId?: number;
  readonly data: readonly Uint8Array[];
}

/** Makes the body of a video message, in fresh memory. Throws `flv.codec` for what the form cannot carry. */
export function serializeVideoBody(fields: VideoBodyFields): Uint8Array {
  const { compositionMs = 0 } = fields;
  if (compositionMs < -0x800000 || compositionMs > 0x7fffff) {
    throw new FlvProblem("flv.codec", `a composition time of ${compositionMs} ms`);
  }
  return fields.enhanced ? serializeEnhanced(fields, compositionMs) : serializeLegacy(fields, compositionMs);
}

function serializeLegacy(fields: VideoBodyFields, compositionMs: number): Uint8Array {
  const { codec, packetType } = fields;
  const codecId = codec === "h264" ? CODEC_ID_AVC : codec === "h265" ? CODEC_ID_HEVC : -1;
  const type = LEGACY_TYPES.indexOf(packetType);
  if (codecId < 0 || type < 0 || fields.trackId !== undefined || fields.nanos !== undefined) {
    throw new FlvProblem("flv.codec", `no legacy body for ${packetType} of ${codec}`);
  }
  const body = new Uint8Array(5 + total(fields.data));
  body[0] = (fields.frameType << 4) | codecId;
  body[1] = type;
  if (packetType === "frames") putU24be(body, 2, compositionMs & 0xffffff);
  fill(body, 5, fields.data);
  return body;
}

function serializeEnhanced(fields: VideoBodyFields, compositionMs: number): Uint8Array {
  const { codec, packetType } = fields;
  const fourCc = fourCcOfVideo(codec);
  if (fourCc === undefined) throw new FlvProblem("flv.codec", `no FourCC for ${codec}`);
  const composed = (codec === "h264" || codec === "h265") && packetType === "frames";
  if (!composed && compositionMs !== 0) throw new FlvProblem("flv.codec", `no composition time for ${codec}`);
  const plainX = composed && compositionMs === 0;
  const head: EnhancedHead = {
    first: ENHANCED | (fields.frameType << 4),
    packetType: plainX ? CODED_FRAMES_X : PACKET_TYPES.indexOf(packetType),
    fourCc,
    nanos: fields.nanos ?? 0,
    trackId: fields.trackId,
  };
  const timed = composed && !plainX ? 3 : 0;
  const body = new Uint8Array(enhancedHeadBytes(head) + timed + total(fields.data));
  let at = writeEnhancedHead(body, head, TYPES);
  if (timed > 0) {
    putU24be(body, at, compositionMs & 0xffffff);
    at += timed;
  }
  fill(body, at, fields.data);
  return body;
}

/** Bytes of all parts. */
export function total(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const bytes of parts) size += bytes.length;
  return size;
}

/** Writes the parts one behind the other from `at` on. */
export function fill(target: Uint8Array, at: number, parts: readonly Uint8Array[]): void {
  for (const bytes of parts) {
    target.set(bytes, at);
    at += bytes.length;
  }
}

function i24be(bytes: Uint8Array, at: number): number {
  return (u24be(bytes, at) << 8) >> 8;
}
