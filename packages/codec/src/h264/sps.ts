import { BitReader } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";
import { unescapeRbsp } from "../rbsp.ts";
import { CHROMA_FORMATS, type CommonVui, frameRateOf, readCommonVui } from "../video/colour.ts";
import { H264_NAL, h264NalType } from "./nal-types.ts";

/** Profiles whose parameter sets carry the chroma format (H.264 §7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);

/** What a sequence parameter set says. */
export interface H264Sps {
  readonly id: number;
  readonly profile: number;
  /** The byte of constraint_set flags. */
  readonly constraints: number;
  readonly level: number;
  /** Luma samples shown, after cropping. */
  readonly width: number;
  readonly height: number;
  /** chroma_format_idc. */
  readonly chromaFormat: number;
  readonly bitDepth: number;
  readonly bitDepthChroma: number;
  readonly separateColourPlanes: boolean;
  /** log2_max_frame_num_minus4 + 4. */
  readonly frameNumBits: number;
  readonly pocType: number;
  readonly maxReferenceFrames: number;
  /** frame_mbs_only_flag: no fields, no MBAFF. */
  readonly frameMbsOnly: boolean;
  readonly vui?: H264Vui;
}

/** What the video usability information says (H.264 Annex E). */
export interface H264Vui extends CommonVui {
  readonly timing?: { readonly unitsInTick: number; readonly timeScale: number; readonly fixed: boolean };
  /** CpbDpbDelaysPresentFlag: picture timing SEI messages begin with two delays of these widths. */
  readonly hrd?: { readonly cpbRemovalBits: number; readonly dpbOutputBits: number };
  readonly picStructPresent: boolean;
  /** max_num_reorder_frames, where bitstream restrictions are given. */
  readonly maxReorderFrames?: number;
}

/** Reads the sequence parameter set NAL unit `nal` (header byte included); undefined when damaged. */
export function parseH264Sps(nal: Uint8Array): H264Sps | undefined {
  if (nal.length < 5 || h264NalType(nal[0] as number) !== H264_NAL.sps) return undefined;
  const reader = new BitReader(unescapeRbsp(nal, 1, nal.length));
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  const id = reader.ue();
  const sampling = readSampling(reader, profile);
  const frameNumBits = reader.ue() + 4;
  const pocType = readPictureOrder(reader);
  const maxReferenceFrames = reader.ue();
  reader.skip(1);
  const size = readSize(reader, sampling.chromaArray);
  if (reader.overrun || id > 31 || frameNumBits > 16 || pocType > 2) return undefined;
  if (sampling.chromaFormat > 3 || sampling.bitDepth > 14 || sampling.bitDepthChroma > 14) return undefined;
  if (size.width < 1 || size.height < 1 || size.width > 16_384 || size.height > 16_384) return undefined;
  const vui = reader.flag() ? readVui(reader) : undefined;
  const { chromaArray: _, ...depths } = sampling;
  const sps = {
    id,
    profile,
    constraints,
    level,
    ...size,
    ...depths,
    frameNumBits,
    pocType,
    maxReferenceFrames,
  };
  // A usability part that is cut short is left out; players manage without it.
  return vui === undefined || reader.overrun ? sps : { ...sps, vui };
}

/** The format that a sequence parameter set describes. */
export function h264Format(sps: H264Sps): VideoFormat {
  const vui = sps.vui;
  const timing = vui?.timing;
  const chroma = CHROMA_FORMATS[sps.chromaFormat];
  return {
    width: sps.width,
    height: sps.height,
    profile: sps.profile,
    level: sps.level,
    interlaced: !sps.frameMbsOnly,
    bitDepth: sps.bitDepth,
    ...(chroma && { chroma }),
    ...(vui?.sar && { sar: vui.sar }),
    ...(vui?.colour && { colour: vui.colour }),
    // A frame lasts two ticks (§E.2.1, num_units_in_tick counts fields).
    ...(timing && frameRateOf(timing.timeScale, 2 * timing.unitsInTick)),
  };
}

/** RFC 6381 name, "avc1.64001f". */
export function h264CodecString(sps: { profile: number; constraints: number; level: number }): string {
  const digits = [sps.profile, sps.constraints, sps.level].map((byte) => byte.toString(16).padStart(2, "0"));
  return `avc1.${digits.join("")}`;
}

function readSampling(
  reader: BitReader,
  profile: number,
): {
  chromaFormat: number;
  chromaArray: number;
  bitDepth: number;
  bitDepthChroma: number;
  separateColourPlanes: boolean;
} {
  if (!HIGH_PROFILES.has(profile)) {
    return { chromaFormat: 1, chromaArray: 1, bitDepth: 8, bitDepthChroma: 8, separateColourPlanes: false };
  }
  const chromaFormat = reader.ue();
  const separateColourPlanes = chromaFormat === 3 && reader.flag();
  const bitDepth = reader.ue() + 8;
  const bitDepthChroma = reader.ue() + 8;
  reader.skip(1);
  if (reader.flag()) skipScalingLists(reader, chromaFormat === 3 ? 12 : 8);
  const chromaArray = separateColourPlanes ? 0 : chromaFormat;
  return { chromaFormat, chromaArray, bitDepth, bitDepthChroma, separateColourPlanes };
}

/** §7.3.2.1.1.1 */
function skipScalingLists(reader: BitReader, lists: number): void {
  for (let i = 0; i < lists; i++) {
    if (!reader.flag()) continue;
    const size = i < 6 ? 16 : 64;
    let next = 8;
    for (let j = 0, last = 8; j < size && next !== 0; j++) {
      next = (last + reader.se() + 256) % 256;
      if (next !== 0) last = next;
    }
    if (reader.overrun) return;
  }
}

function readPictureOrder(reader: BitReader): number {
  const type = reader.ue();
  if (type === 0) {
    reader.ue();
  } else if (type === 1) {
    reader.skip(1);
    reader.se();
    reader.se();
    const cycle = reader.ue();
    for (let i = 0; i < cycle && !reader.overrun; i++) reader.se();
  }
  return type;
}

/** Macroblocks to samples, less cropping (§7.4.2.1.1). */
function readSize(
  reader: BitReader,
  chromaArray: number,
): { width: number; height: number; frameMbsOnly: boolean } {
  const widthMbs = reader.ue() + 1;
  const heightUnits = reader.ue() + 1;
  const frameMbsOnly = reader.flag();
  if (!frameMbsOnly) reader.skip(1);
  reader.skip(1);
  let width = 16 * widthMbs;
  let height = 16 * heightUnits * (frameMbsOnly ? 1 : 2);
  if (reader.flag()) {
    const unitX = chromaArray === 1 || chromaArray === 2 ? 2 : 1;
    const unitY = (chromaArray === 1 ? 2 : 1) * (frameMbsOnly ? 1 : 2);
    width -= unitX * (reader.ue() + reader.ue());
    height -= unitY * (reader.ue() + reader.ue());
  }
  return { width, height, frameMbsOnly };
}

/** §E.1.1 */
function readVui(reader: BitReader): H264Vui {
  const common = readCommonVui(reader);
  const timing = reader.flag() ? readTiming(reader) : undefined;
  const nal = reader.flag() ? readHrd(reader) : undefined;
  const vcl = reader.flag() ? readHrd(reader) : undefined;
  const hrd = nal ?? vcl;
  if (hrd !== undefined) reader.skip(1);
  const picStructPresent = reader.flag();
  let maxReorderFrames: number | undefined;
  if (reader.flag()) {
    reader.skip(1);
    for (let i = 0; i < 4; i++) reader.ue();
    maxReorderFrames = reader.ue();
    reader.ue();
  }
  return {
    ...common,
    ...(timing && { timing }),
    ...(hrd && { hrd }),
    picStructPresent,
    ...(maxReorderFrames !== undefined && { maxReorderFrames }),
  };
}

function readTiming(reader: BitReader): H264Vui["timing"] {
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  const fixed = reader.flag();
  return unitsInTick === 0 || timeScale === 0 ? undefined : { unitsInTick, timeScale, fixed };
}

/** §E.1.2 */
function readHrd(reader: BitReader): NonNullable<H264Vui["hrd"]> {
  const count = reader.ue() + 1;
  reader.skip(8);
  for (let i = 0; i < count && !reader.overrun; i++) {
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  reader.skip(5);
  const cpbRemovalBits = reader.bits(5) + 1;
  const dpbOutputBits = reader.bits(5) + 1;
  reader.skip(5);
  return { cpbRemovalBits, dpbOutputBits };
}
