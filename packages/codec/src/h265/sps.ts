import { BitReader } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";
import { unescapeRbsp } from "../rbsp.ts";
import { CHROMA_FORMATS, type CommonVui, frameRateOf, readCommonVui } from "../video/colour.ts";
import { H265_NAL, h265NalType } from "./nal-types.ts";
import { type H265Profile, readProfileTierLevel } from "./profile.ts";
import { skipReferencePictureSets, skipScalingListData } from "./sps-tables.ts";

/** Frame timing as a count of units in a second. */
export interface H265Timing {
  readonly unitsInTick: number;
  readonly timeScale: number;
}

/** What a sequence parameter set says. */
export interface H265Sps {
  readonly id: number;
  readonly vpsId: number;
  readonly maxSubLayers: number;
  readonly temporalIdNesting: boolean;
  readonly profile: H265Profile;
  /** Luma samples shown, after the conformance window. */
  readonly width: number;
  readonly height: number;
  readonly chromaFormat: number;
  readonly bitDepth: number;
  readonly bitDepthChroma: number;
  readonly vui?: H265Vui;
}

/** What the video usability information says (H.265 Annex E). */
export interface H265Vui extends CommonVui {
  /** field_seq_flag: pictures are fields. */
  readonly fieldSequence: boolean;
  readonly timing?: H265Timing;
}

/** Reads the sequence parameter set NAL unit `nal` (both header bytes included); undefined when damaged. */
export function parseH265Sps(nal: Uint8Array): H265Sps | undefined {
  if (nal.length < 4 || h265NalType(nal[0] as number) !== H265_NAL.sps) return undefined;
  const reader = new BitReader(unescapeRbsp(nal, 2, nal.length));
  const vpsId = reader.bits(4);
  const maxSubLayersMinus1 = reader.bits(3);
  const temporalIdNesting = reader.flag();
  if (maxSubLayersMinus1 > 6) return undefined;
  const profile = readProfileTierLevel(reader, maxSubLayersMinus1);
  const id = reader.ue();
  const size = readSize(reader);
  const bitDepth = reader.ue() + 8;
  const bitDepthChroma = reader.ue() + 8;
  const head = { id, vpsId, maxSubLayers: maxSubLayersMinus1 + 1, temporalIdNesting, profile };
  if (reader.overrun || id > 15 || size === undefined || bitDepth > 15 || bitDepthChroma > 15)
    return undefined;
  const sps = { ...head, ...size, bitDepth, bitDepthChroma };
  const vui = readVuiBehindTools(reader, maxSubLayersMinus1);
  return vui === undefined || reader.overrun ? sps : { ...sps, vui };
}

/** The format that a sequence parameter set describes; `vpsTiming` serves where it names no timing itself. */
export function h265Format(sps: H265Sps, vpsTiming?: H265Timing): VideoFormat {
  const vui = sps.vui;
  const timing = vui?.timing ?? vpsTiming;
  const chroma = CHROMA_FORMATS[sps.chromaFormat];
  const flags = sps.profile.constraints[0] ?? 0;
  const fields = vui?.fieldSequence === true ? 2 : 1;
  return {
    width: sps.width,
    height: sps.height * fields,
    profile: sps.profile.idc,
    level: sps.profile.level,
    // general_progressive_source_flag, general_interlaced_source_flag
    interlaced: fields === 2 || (flags & 0xc0) === 0x40,
    bitDepth: sps.bitDepth,
    ...(chroma && { chroma }),
    ...(vui?.sar && { sar: vui.sar }),
    ...(vui?.colour && { colour: vui.colour }),
    ...(timing && frameRateOf(timing.timeScale, fields * timing.unitsInTick)),
  };
}

function readSize(reader: BitReader): { chromaFormat: number; width: number; height: number } | undefined {
  const chromaFormat = reader.ue();
  const separatePlanes = chromaFormat === 3 && reader.flag();
  let width = reader.ue();
  let height = reader.ue();
  if (reader.flag()) {
    const unitX = !separatePlanes && (chromaFormat === 1 || chromaFormat === 2) ? 2 : 1;
    const unitY = !separatePlanes && chromaFormat === 1 ? 2 : 1;
    width -= unitX * (reader.ue() + reader.ue());
    height -= unitY * (reader.ue() + reader.ue());
  }
  if (chromaFormat > 3 || width < 1 || height < 1 || width > 16_888 || height > 16_888) return undefined;
  return { chromaFormat, width, height };
}

/** Passes the coding tools (§7.3.2.2.1 from log2_max_pic_order_cnt_lsb on) to reach the usability information. */
function readVuiBehindTools(reader: BitReader, maxSubLayersMinus1: number): H265Vui | undefined {
  const pocBits = reader.ue() + 4;
  const first = reader.flag() ? 0 : maxSubLayersMinus1;
  for (let i = 3 * first; i < 3 * (maxSubLayersMinus1 + 1); i++) reader.ue();
  for (let i = 0; i < 6; i++) reader.ue();
  if (reader.flag() && reader.flag()) skipScalingListData(reader);
  reader.skip(2);
  if (reader.flag()) {
    reader.skip(8);
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  if (!skipReferencePictureSets(reader) || pocBits > 16) return undefined;
  if (reader.flag()) {
    const count = reader.ue();
    if (count > 32) return undefined;
    reader.skip(count * (pocBits + 1));
  }
  reader.skip(2);
  return reader.flag() ? readVui(reader) : undefined;
}

/** §E.2.1 up to the timing; what follows is of no use here. */
function readVui(reader: BitReader): H265Vui {
  const common = readCommonVui(reader);
  reader.skip(1);
  const fieldSequence = reader.flag();
  reader.skip(1);
  if (reader.flag()) for (let i = 0; i < 4; i++) reader.ue();
  const timing = reader.flag() ? readTiming(reader) : undefined;
  return { ...common, fieldSequence, ...(timing && { timing }) };
}

/** num_units_in_tick and time_scale; undefined when either is 0. */
export function readTiming(reader: BitReader): H265Timing | undefined {
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  return unitsInTick === 0 || timeScale === 0 ? undefined : { unitsInTick, timeScale };
}
