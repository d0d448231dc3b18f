import { concat, putU32be, putU64be, u32be } from "@millrace/bytes";
import { buildOpusHead, parseDops } from "@millrace/codec";
import type { Track } from "@millrace/model";
import { element, float64, idBytes, text, UNKNOWN_SIZE, unsigned } from "./ebml.ts";

/** A track of a file. */
export interface MatroskaTrack {
  /** From 1 to 127. */
  readonly number: number;
  readonly track: Track;
}

export type DocType = "matroska" | "webm";

/** Element IDs (RFC 9559 §5.1). */
const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TRACKS = 0x1654ae6b;
const CLUSTER = 0x1f43b675;
const SIMPLE_BLOCK = 0xa3;

/** What Matroska calls each codec (RFC 9559 §5.1.4, matroska.org/technical/codec_specs). */
const CODEC_IDS: Readonly<Record<string, string>> = {
  h264: "V_MPEG4/ISO/AVC",
  h265: "V_MPEGH/ISO/HEVC",
  av1: "V_AV1",
  vp9: "V_VP9",
  vp8: "V_VP8",
  mpeg4: "V_MPEG4/ISO/ASP",
  mpeg2video: "V_MPEG2",
  mpeg1video: "V_MPEG1",
  aac: "A_AAC",
  ac3: "A_AC3",
  eac3: "A_EAC3",
  dts: "A_DTS",
  opus: "A_OPUS",
  flac: "A_FLAC",
};

const NEEDS_CONFIG: ReadonlySet<string> = new Set(["h264", "h265", "av1", "aac", "opus", "flac"]);
const WEBM_CODECS: ReadonlySet<string> = new Set(["vp8", "vp9", "av1", "opus"]);

/** Whether the file can hold the track, and all is known that it needs. */
export function canHold(docType: DocType, track: Track): boolean {
  if (codecId(track) === undefined) return false;
  if (docType === "webm" && !WEBM_CODECS.has(track.codec)) return false;
  return !NEEDS_CONFIG.has(track.codec) || (track.config?.length ?? 0) > 0;
}

function codecId({ codec, audio }: Track): string | undefined {
  return codec === "mpa" ? `A_MPEG/L${audio?.profile ?? 3}` : CODEC_IDS[codec];
}

/** What a file without end begins with: the EBML header, and the segment up to its first cluster. */
export function matroskaHeader(docType: DocType, tracks: readonly MatroskaTrack[]): Uint8Array {
  const head = element(
    EBML,
    unsigned(0x4286, 1),
    unsigned(0x42f7, 1),
    unsigned(0x42f2, 4),
    unsigned(0x42f3, 8),
    text(0x4282, docType),
    unsigned(0x4287, 4),
    unsigned(0x4285, 2),
  );
  const info = element(
    INFO,
    unsigned(0x2ad7b1, 1_000_000),
    text(0x4d80, "Millrace"),
    text(0x5741, "Millrace"),
  );
  const entries = tracks.map((each) => trackEntry(each));
  return concat([head, idBytes(SEGMENT), UNKNOWN_SIZE, info, element(TRACKS, ...entries)]);
}

function trackEntry({ number, track }: MatroskaTrack): Uint8Array {
  const parts = [
    unsigned(0xd7, number),
    unsigned(0x73c5, number),
    // TrackType: 1 video, 2 audio. Frames are never laced.
    unsigned(0x83, track.kind === "video" ? 1 : 2),
    unsigned(0x9c, 0),
    text(0x22b59c, track.language ?? "und"),
    text(0x86, codecId(track) ?? ""),
  ];
  const config = codecPrivate(track);
  if (config !== undefined) parts.push(element(0x63a2, config));
  const head = track.codec === "opus" && track.config !== undefined ? parseDops(track.config) : undefined;
  if (head !== undefined) {
    // CodecDelay, SeekPreRoll: nanoseconds.
    parts.push(unsigned(0x56aa, Math.round((head.preSkip * 1e9) / 48_000)), unsigned(0x56bb, 80_000_000));
  }
  parts.push(track.kind === "video" ? videoOf(track) : audioOf(track));
  return element(0xae, ...parts);
}

function codecPrivate({ codec, config }: Track): Uint8Array | undefined {
  if (config === undefined || config.length === 0) return undefined;
  switch (codec) {
    case "opus": {
      const head = parseDops(config);
      return head === undefined ? undefined : buildOpusHead(head);
    }
    case "flac":
      return flacHeader(config);
    case "vp9":
    case "vp8":
    case "ac3":
    case "eac3":
      return undefined;
    default:
      return config;
  }
}

const FLAC_MARK = Uint8Array.of(0x66, 0x4c, 0x61, 0x43);

/** "fLaC" and the metadata blocks, out of a dfLa payload, whose version and flags stand first. */
export function flacHeader(config: Uint8Array): Uint8Array {
  return concat([FLAC_MARK, config.subarray(4)]);
}

function videoOf({ video }: Track): Uint8Array {
  const { width = 0, height = 0, sar } = video ?? {};
  const parts = [unsigned(0xb0, width), unsigned(0xba, height)];
  if (sar !== undefined && sar.num !== sar.den && sar.den > 0) {
    // DisplayWidth, DisplayHeight.
    parts.push(unsigned(0x54b0, Math.round((width * sar.num) / sar.den)), unsigned(0x54ba, height));
  }
  return element(0xe0, ...parts);
}

function audioOf({ audio }: Track): Uint8Array {
  return element(0xe1, float64(0xb5, audio?.sampleRate ?? 48_000), unsigned(0x9f, audio?.channels ?? 2));
}

/** What stands before the bytes of a frame. */
export const BLOCK_HEAD_BYTES = 27;
/** In a head: the cluster's timestamp, 64 bits. */
const TIME_AT = 10;
const CLUSTER_SIZE_AT = 4;

const BLOCK_SIZE_AT = 19;
const TRACK_AT = 23;
const FLAGS_AT = 26;
/** Sizes in four bytes (RFC 8794 §6.1). */
const SIZE_MARK = 0x10000000;
const MOST_BYTES = SIZE_MARK - 64;

/** Writes heads of frames, each into the same memory: a cluster of one SimpleBlock (RFC 9559 §10.1, §10.2). */
export class BlockHead {
  readonly bytes: Uint8Array = new Uint8Array(BLOCK_HEAD_BYTES);

  constructor() {
    putU32be(this.bytes, 0, CLUSTER);
    this.bytes[8] = 0xe7;
    this.bytes[9] = 0x88;
    this.bytes[18] = SIMPLE_BLOCK;
  }

  /** False when the frame is too large. */
  write(block: { number: number; timeMs: number; key: boolean; size: number }): boolean {
    if (block.size > MOST_BYTES) return false;
    const { bytes } = this;
    putU32be(bytes, CLUSTER_SIZE_AT, SIZE_MARK + BLOCK_HEAD_BYTES - 8 + block.size);
    putU64be(bytes, TIME_AT, block.timeMs);
    putU32be(bytes, BLOCK_SIZE_AT, SIZE_MARK + 4 + block.size);
    bytes[TRACK_AT] = 0x80 | block.number;
    bytes[FLAGS_AT] = block.key ? 0x80 : 0;
    return true;
  }
}

/** Puts another time into a copy of a head. */
export function setBlockTime(head: Uint8Array, timeMs: number): void {
  putU64be(head, TIME_AT, timeMs);
}

/** Makes a copy of a head that of a frame which is longer by so many bytes. */
export function growBlock(head: Uint8Array, bytes: number): void {
  for (const at of [CLUSTER_SIZE_AT, BLOCK_SIZE_AT]) putU32be(head, at, u32be(head, at) + bytes);
}

export function isKeyBlock(head: Uint8Array): boolean {
  return ((head[FLAGS_AT] as number) & 0x80) !== 0;
}
