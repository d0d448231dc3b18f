import { BitReader, concat } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";

/** What configuration records and key frames of AV1, VP9 and VP8 say. */
export interface VideoFacts {
  readonly config?: Uint8Array;
  readonly codecString?: string;
  readonly video?: VideoFormat;
}

const CHROMA = ["4:2:0", "4:2:2", "4:4:4"] as const;

/** Reads an AV1CodecConfigurationRecord (AV1 in ISOBMFF §2.3.3); undefined when it makes no sense. */
export function readAv1Config(record: Uint8Array): VideoFacts | undefined {
  // marker and version 1
  if (record.length < 4 || record[0] !== 0x81) return undefined;
  const second = record[1] as number;
  const third = record[2] as number;
  const profile = second >> 5;
  const level = second & 31;
  const bitDepth = (third & 0x40) === 0 ? 8 : (third & 0x20) === 0 ? 10 : 12;
  const tier = (third & 0x80) === 0 ? "M" : "H";
  const codecString = `av01.${profile}.${two(level)}${tier}.${two(bitDepth)}`;
  const size = av1SequenceSize(record.subarray(4));
  if (size === undefined) return { config: record.slice(), codecString };
  const sampling = ((third >> 3) & 1) + ((third >> 2) & 1);
  const chroma = (third & 0x10) !== 0 ? "4:0:0" : CHROMA[2 - sampling]!;
  return {
    config: record.slice(),
    codecString,
    video: { ...size, profile, level, bitDepth, chroma },
  };
}

/** OBU types (AV1 §6.2.2). */
const OBU_SEQUENCE_HEADER = 1;
const OBU_TEMPORAL_DELIMITER = 2;

/** Offset behind a temporal delimiter that begins the unit: access units go without, as samples in ISO BMFF do. */
export function av1UnitStart(unit: Uint8Array): number {
  const first = unit[0] ?? 0;
  // obu_has_size_field without extension, size 0
  return ((first >> 3) & 15) === OBU_TEMPORAL_DELIMITER && (first & 6) === 2 && unit[1] === 0 ? 2 : 0;
}

type Size = { readonly width: number; readonly height: number };

/** max_frame_width and height of the sequence header among OBUs, if that stands first (AV1 §5.5.1). */
function av1SequenceSize(obus: Uint8Array): Size | undefined {
  const first = obus[0] ?? 0;
  if (((first >> 3) & 15) !== OBU_SEQUENCE_HEADER) return undefined;
  let at = (first & 4) === 0 ? 1 : 2;
  // obu_size is leb128
  if ((first & 2) !== 0) while (at < obus.length && ((obus[at++] as number) & 0x80) !== 0);
  const reader = new BitReader(obus, Math.min(at, obus.length));
  reader.skip(4);
  if (reader.flag()) reader.skip(5);
  else skipOperatingPoints(reader);
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  const width = reader.bits(widthBits) + 1;
  const height = reader.bits(heightBits) + 1;
  return reader.overrun ? undefined : { width, height };
}

function skipOperatingPoints(reader: BitReader): void {
  let delayBits = 0;
  let model = false;
  if (reader.flag()) {
    // timing_info, decoder_model_info
    reader.skip(64);
    if (reader.flag()) reader.ue();
    model = reader.flag();
    if (model) {
      delayBits = reader.bits(5) + 1;
      reader.skip(32 + 5 + 5);
    }
  }
  const display = reader.flag();
  const points = reader.bits(5) + 1;
  for (let i = 0; i < points; i++) {
    reader.skip(12);
    if (reader.bits(5) > 7) reader.skip(1);
    if (model && reader.flag()) reader.skip(2 * delayBits + 1);
    if (display && reader.flag()) reader.skip(4);
  }
}

/** Version and flags of a vpcC box. */
const VPCC_BOX_HEADER = Uint8Array.of(1, 0, 0, 0);

/**
 * Reads a VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding §2.2), with or without the version and flags
 * of its box before it, as FFmpeg writes it; `config` has them.
 */
export function readVpConfig(bytes: Uint8Array): VideoFacts | undefined {
  const boxed = bytes.length >= 12 && VPCC_BOX_HEADER.every((byte, i) => bytes[i] === byte);
  const record = boxed ? bytes.subarray(4) : bytes;
  if (record.length < 8) return undefined;
  const depth = (record[2] as number) >> 4;
  const codecString = `vp09.${two(record[0] as number)}.${two(record[1] as number)}.${two(depth)}`;
  return { config: concat([VPCC_BOX_HEADER, record]), codecString };
}

/** The size that a VP9 key frame's uncompressed header tells (VP9 §6.2); undefined for other frames. */
export function vp9KeySize(frame: Uint8Array): (Size & { readonly profile: number }) | undefined {
  const reader = new BitReader(frame);
  if (reader.bits(2) !== 2) return undefined;
  const low = reader.bit();
  const profile = low + 2 * reader.bit();
  if (profile === 3) reader.skip(1);
  // show_existing_frame, frame_type
  if (reader.flag() || reader.flag()) return undefined;
  reader.skip(2);
  if (reader.bits(24) !== 0x498342) return undefined;
  if (profile >= 2) reader.skip(1);
  const rgb = reader.bits(3) === 7;
  if (!rgb) reader.skip(1);
  if (profile === 1 || profile === 3) reader.skip(rgb ? 1 : 3);
  const width = reader.bits(16) + 1;
  const height = reader.bits(16) + 1;
  return reader.overrun ? undefined : { width, height, profile };
}

/** The size that a VP8 key frame tells (RFC 6386 §9.1); undefined for other frames. */
export function vp8KeySize(frame: Uint8Array): (Size & { readonly profile: number }) | undefined {
  const [tag = 1, , , a, b, c, w0 = 0, w1 = 0, h0 = 0, h1] = frame;
  if ((tag & 1) !== 0 || a !== 0x9d || b !== 0x01 || c !== 0x2a || h1 === undefined) return undefined;
  const width = w0 | ((w1 & 0x3f) << 8);
  const height = h0 | ((h1 & 0x3f) << 8);
  return { width, height, profile: (tag >> 1) & 7 };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
