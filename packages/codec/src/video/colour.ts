import type { BitReader } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";

/** aspect_ratio_idc (ITU-T H.264 Table E-1, H.265 Table E.1): width and height of a sample. */
const SAMPLE_ASPECTS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];
const EXTENDED_SAR = 255;

/** The part of the video usability information that H.264 and H.265 write alike. */
export interface CommonVui {
  sar?: { num: number; den: number };
  colour?: NonNullable<VideoFormat["colour"]>;
}

/** Reads from aspect_ratio_info_present_flag to the chroma sample location (H.264 §E.1.1, H.265 §E.2.1). */
export function readCommonVui(reader: BitReader): CommonVui {
  const vui: CommonVui = {};
  if (reader.flag()) {
    const sar = readSampleAspect(reader);
    if (sar !== undefined) vui.sar = sar;
  }
  // overscan_info
  if (reader.flag()) reader.skip(1);
  if (reader.flag()) {
    reader.skip(3);
    const fullRange = reader.flag();
    const described = reader.flag();
    const primaries = described ? reader.bits(8) : 2;
    const transfer = described ? reader.bits(8) : 2;
    const matrix = described ? reader.bits(8) : 2;
    vui.colour = { primaries, transfer, matrix, fullRange };
  }
  if (reader.flag()) {
    reader.ue();
    reader.ue();
  }
  return vui;
}

function readSampleAspect(reader: BitReader): { num: number; den: number } | undefined {
  const idc = reader.bits(8);
  const pair = SAMPLE_ASPECTS[idc];
  const num = idc === EXTENDED_SAR ? reader.bits(16) : (pair?.[0] ?? 0);
  const den = idc === EXTENDED_SAR ? reader.bits(16) : (pair?.[1] ?? 0);
  return num === 0 || den === 0 ? undefined : reduceFraction(num, den);
}

/** chroma_format_idc as a name. */
export const CHROMA_FORMATS = ["4:0:0", "4:2:0", "4:2:2", "4:4:4"] as const;

/** The fraction in lowest terms. */
export function reduceFraction(num: number, den: number): { num: number; den: number } {
  let a = num;
  let b = den;
  while (b !== 0) [a, b] = [b, a % b];
  return a === 0 ? { num, den } : { num: num / a, den: den / a };
}

/** No camera is faster: encoders that state more mean the clock of their timestamps. Frames a second. */
const MOST_FRAMES = 1000;

/** A stated frame rate, where it can be one. */
export function frameRateOf(num: number, den: number): { frameRate?: { num: number; den: number } } {
  const isRate = num > 0 && den > 0 && num / den <= MOST_FRAMES;
  return isRate ? { frameRate: reduceFraction(num, den) } : {};
}
