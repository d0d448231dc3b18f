import { BitReader, BitWriter } from "@millrace/bytes";
import { unbuildable } from "../errors.ts";
import { h265NalType } from "./nal-types.ts";
import { type H265Profile, readProfileTierLevel } from "./profile.ts";
import { parseH265Sps } from "./sps.ts";

/** One array of parameter sets (or SEI) in the record. */
export interface HevcArray {
  readonly type: number;
  /** All sets of this type are in the record, none in band. */
  readonly complete: boolean;
  readonly nals: readonly Uint8Array[];
}

/** An HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1). */
export interface HevcConfig {
  readonly profile: H265Profile;
  readonly chromaFormat: number;
  readonly bitDepth: number;
  readonly bitDepthChroma: number;
  readonly temporalLayers: number;
  /** Bytes of the length before each NAL unit: 1, 2 or 4. */
  readonly lengthSize: number;
  readonly arrays: readonly HevcArray[];
}

/**
 * Builds the record (4-byte lengths, all sets complete as "hvc1" wants) from parameter set NAL units in the order
 * VPS, SPS, PPS. Throws `codec.unbuildable` without a readable sequence parameter set.
 */
export function buildHevcConfig(nals: readonly Uint8Array[]): Uint8Array {
  const sps = nals.map(parseH265Sps).find((parsed) => parsed !== undefined);
  if (sps === undefined) {
    throw unbuildable("HEVCDecoderConfigurationRecord", "no readable sequence parameter set");
  }
  const { profile } = sps;
  const writer = new BitWriter(256);
  writer
    .bits(1, 8)
    .bits(profile.space, 2)
    .bit(profile.tier)
    .bits(profile.idc, 5)
    .bits(profile.compatibility, 32);
  for (const byte of profile.constraints) writer.bits(byte, 8);
  writer.bits(profile.level, 8);
  // min_spatial_segmentation_idc and parallelismType 0: unknown.
  writer
    .bits(0xf000, 16)
    .bits(0xfc, 8)
    .bits(0xfc | sps.chromaFormat, 8);
  writer.bits(0xf8 | (sps.bitDepth - 8), 8).bits(0xf8 | (sps.bitDepthChroma - 8), 8);
  // avgFrameRate unspecified, constantFrameRate unknown, lengthSizeMinusOne 3.
  writer.bits(0, 16).bits(0, 2).bits(sps.maxSubLayers, 3).bit(sps.temporalIdNesting).bits(3, 2);
  const types = [...new Set(nals.map((nal) => h265NalType(nal[0] as number)))];
  writer.bits(types.length, 8);
  for (const type of types) {
    const members = nals.filter((nal) => h265NalType(nal[0] as number) === type);
    writer.bits(0x80 | type, 8).bits(members.length, 16);
    for (const nal of members) writer.bits(nal.length, 16).bytes(nal);
  }
  return writer.toBytes();
}

/** Reads the record; undefined when it is cut short. The sets are views on `bytes`. */
export function parseHevcConfig(bytes: Uint8Array): HevcConfig | undefined {
  if (bytes.length < 23) return undefined;
  const reader = new BitReader(bytes);
  // configurationVersion: 1, though early writers left 0.
  if (reader.bits(8) > 1) return undefined;
  const profile = readProfileTierLevel(reader, 0);
  reader.skip(16 + 8 + 6);
  const chromaFormat = reader.bits(2);
  reader.skip(5);
  const bitDepth = reader.bits(3) + 8;
  reader.skip(5);
  const bitDepthChroma = reader.bits(3) + 8;
  reader.skip(16 + 2);
  const temporalLayers = reader.bits(3);
  reader.skip(1);
  const lengthSize = reader.bits(2) + 1;
  const arrays = readArrays(bytes);
  if (arrays === undefined || lengthSize === 3) return undefined;
  return { profile, chromaFormat, bitDepth, bitDepthChroma, temporalLayers, lengthSize, arrays };
}

function readArrays(bytes: Uint8Array): HevcArray[] | undefined {
  const arrays: HevcArray[] = [];
  let at = 23;
  for (let i = 0; i < (bytes[22] as number); i++) {
    if (at + 3 > bytes.length) return undefined;
    const head = bytes[at] as number;
    const count = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    at += 3;
    const nals: Uint8Array[] = [];
    for (let j = 0; j < count; j++) {
      if (at + 2 > bytes.length) return undefined;
      const size = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      at += 2;
      if (at + size > bytes.length) return undefined;
      nals.push(bytes.subarray(at, at + size));
      at += size;
    }
    arrays.push({ type: head & 0x3f, complete: (head & 0x80) !== 0, nals });
  }
  return arrays;
}
