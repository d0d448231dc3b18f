import { BitReader } from "@millrace/bytes";
import { unescapeRbsp } from "../rbsp.ts";
import { H265_NAL, h265NalType } from "./nal-types.ts";
import { type H265Profile, readProfileTierLevel } from "./profile.ts";
import { type H265Timing, readTiming } from "./sps.ts";

/** What Millrace needs of a video parameter set (H.265 §7.3.2.1). */
export interface H265Vps {
  readonly id: number;
  readonly maxSubLayers: number;
  readonly profile: H265Profile;
  readonly timing?: H265Timing;
}

/** What Millrace needs of a picture parameter set (H.265 §7.3.2.3.1). */
export interface H265Pps {
  readonly id: number;
  readonly spsId: number;
  /** num_extra_slice_header_bits: these stand before slice_type. */
  readonly extraSliceBits: number;
}

/** Reads the video parameter set NAL unit `nal` (both header bytes included); undefined when damaged. */
export function parseH265Vps(nal: Uint8Array): H265Vps | undefined {
  if (nal.length < 4 || h265NalType(nal[0] as number) !== H265_NAL.vps) return undefined;
  const reader = new BitReader(unescapeRbsp(nal, 2, nal.length));
  const id = reader.bits(4);
  reader.skip(2 + 6);
  const maxSubLayersMinus1 = reader.bits(3);
  if (maxSubLayersMinus1 > 6) return undefined;
  reader.skip(1 + 16);
  const profile = readProfileTierLevel(reader, maxSubLayersMinus1);
  if (reader.overrun) return undefined;
  const vps = { id, maxSubLayers: maxSubLayersMinus1 + 1, profile };
  const timing = readVpsTiming(reader, maxSubLayersMinus1);
  return timing === undefined || reader.overrun ? vps : { ...vps, timing };
}

/** Reads the picture parameter set NAL unit `nal` (both header bytes included); undefined when damaged. */
export function parseH265Pps(nal: Uint8Array): H265Pps | undefined {
  if (nal.length < 3 || h265NalType(nal[0] as number) !== H265_NAL.pps) return undefined;
  const reader = new BitReader(unescapeRbsp(nal, 2, Math.min(nal.length, 16)));
  const id = reader.ue();
  const spsId = reader.ue();
  reader.skip(2);
  const extraSliceBits = reader.bits(3);
  return reader.overrun || id > 63 || spsId > 15 ? undefined : { id, spsId, extraSliceBits };
}

function readVpsTiming(reader: BitReader, maxSubLayersMinus1: number): H265Timing | undefined {
  const first = reader.flag() ? 0 : maxSubLayersMinus1;
  for (let i = 3 * first; i < 3 * (maxSubLayersMinus1 + 1); i++) reader.ue();
  const maxLayerId = reader.bits(6);
  const layerSets = reader.ue();
  if (layerSets > 1023) return undefined;
  reader.skip(layerSets * (maxLayerId + 1));
  return reader.flag() ? readTiming(reader) : undefined;
}
