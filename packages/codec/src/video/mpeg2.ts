import { BitReader } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";
import { findStartCode } from "../nal.ts";
import { CHROMA_FORMATS, reduceFraction } from "./colour.ts";
import { FRAME_UNKNOWN, type PictureInfo } from "./picture.ts";

/** Start code values (ISO/IEC 13818-2 Table 6-1). */
export const MPEG2_START = {
  picture: 0x00,
  sliceFirst: 0x01,
  sliceLast: 0xaf,
  userData: 0xb2,
  sequence: 0xb3,
  extension: 0xb5,
  sequenceEnd: 0xb7,
  group: 0xb8,
} as const;

/** Frames a second by frame_rate_code (Table 6-4). */
const FRAME_RATES: readonly (readonly [number, number])[] = [
  [0, 0],
  [24_000, 1001],
  [24, 1],
  [25, 1],
  [30_000, 1001],
  [30, 1],
  [50, 1],
  [60_000, 1001],
  [60, 1],
];
/** Display aspect by aspect_ratio_information (Table 6-3); code 1 says square samples. */
const DISPLAY_ASPECTS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 0],
  [4, 3],
  [16, 9],
  [221, 100],
];
/** MPEG-1: height of a sample over its width, in ten-thousandths (ISO/IEC 11172-2 §2.4.3.2). */
const PEL_ASPECTS: readonly number[] = [
  0, 10_000, 6735, 7031, 7615, 8055, 8437, 8935, 9157, 9815, 10_255, 10_695, 10_950, 11_575, 12_015,
];

/** A sequence header with the extensions behind it. */
export interface Mpeg2Sequence {
  readonly format: VideoFormat;
  /** No sequence extension: MPEG-1 video. */
  readonly mpeg1: boolean;
  /** Bits a second; 0 where unspecified. */
  readonly bitrate: number;
  readonly lowDelay: boolean;
}

/**
 * Reads the sequence header (ISO/IEC 13818-2 §6.2.2.1, ISO/IEC 11172-2 §2.4.2.3) whose start code stands at
 * `buf[at]`, with the extensions before the first picture; undefined when there is none or it is cut short.
 */
export function parseMpeg2Sequence(buf: Uint8Array, at: number): Mpeg2Sequence | undefined {
  if (at + 12 > buf.length || findStartCode(buf, at, buf.length) !== at) return undefined;
  if (buf[at + 3] !== MPEG2_START.sequence) return undefined;
  const reader = new BitReader(buf, at + 4);
  const header = {
    width: reader.bits(12),
    height: reader.bits(12),
    aspect: reader.bits(4),
    rate: FRAME_RATES[reader.bits(4)] ?? [0, 0],
    bitrate: reader.bits(18),
  };
  const extension = emptyExtension();
  readExtensions(buf, at + 4, extension);
  const width = header.width | (extension.widthHigh << 12);
  const height = header.height | (extension.heightHigh << 12);
  if (width === 0 || height === 0 || header.rate[0] === 0) return undefined;
  const bitrate = header.bitrate | (extension.bitrateHigh << 18);
  const sar = sampleAspect({ width, height, aspect: header.aspect, extension });
  const frameRate = reduceFraction(header.rate[0] * extension.rateUp, header.rate[1] * extension.rateDown);
  const format: VideoFormat = {
    width,
    height,
    frameRate,
    profile: extension.profile,
    level: extension.level,
    interlaced: !extension.progressive,
    bitDepth: 8,
    chroma: CHROMA_FORMATS[extension.chroma] ?? "4:2:0",
    ...(sar && { sar }),
    ...(extension.colour && { colour: extension.colour }),
  };
  // All ones in the base field means variable rate in MPEG-1; MPEG-2 encoders write it in that sense too.
  const variable = extension.bitrateHigh === 0 && header.bitrate === 0x3ffff;
  return {
    format,
    mpeg1: !extension.present,
    bitrate: variable ? 0 : 400 * bitrate,
    lowDelay: extension.lowDelay,
  };
}

/** Says what picture `buf[start..end)` holds: fills `out`. Key is an I picture with a sequence or group header. */
export function inspectMpeg2(
  buf: Uint8Array,
  range: { readonly start: number; readonly end: number },
  out: PictureInfo,
): void {
  out.frameType = FRAME_UNKNOWN;
  out.parameterSets = false;
  out.idr = false;
  out.slices = 0;
  let group = false;
  const end = range.end - 1;
  for (let at = findStartCode(buf, range.start, end); at < end; at = findStartCode(buf, at + 3, end)) {
    const code = buf[at + 3] as number;
    if (code === MPEG2_START.sequence) out.parameterSets = true;
    if (code === MPEG2_START.group && at + 8 <= range.end) {
      group = true;
      // closed_gop, behind 25 bits of time code
      out.idr = ((buf[at + 7] as number) & 0x40) !== 0;
    }
    if (code === MPEG2_START.picture && at + 6 <= range.end) {
      const type = ((buf[at + 5] as number) >> 3) & 7;
      // picture_coding_type: 1 I, 2 P, 3 B; 4 is MPEG-1's D picture, which is intra coded too.
      if (type >= 1 && type <= 4 && out.frameType === FRAME_UNKNOWN) out.frameType = type === 4 ? 1 : type;
    }
    if (code >= MPEG2_START.sliceFirst && code <= MPEG2_START.sliceLast) {
      out.slices++;
      // The headers come before the first slice; what follows is coefficients.
      break;
    }
  }
  out.intra = out.frameType === 1;
  out.reference = out.frameType === 1 || out.frameType === 2;
  out.key = out.intra && (out.parameterSets || group);
}

interface Extension {
  present: boolean;
  profile: number;
  level: number;
  progressive: boolean;
  chroma: number;
  widthHigh: number;
  heightHigh: number;
  bitrateHigh: number;
  lowDelay: boolean;
  rateUp: number;
  rateDown: number;
  displayWidth: number;
  displayHeight: number;
  colour?: NonNullable<VideoFormat["colour"]>;
}

function emptyExtension(): Extension {
  return {
    present: false,
    profile: 0,
    level: 0,
    progressive: true,
    chroma: 1,
    widthHigh: 0,
    heightHigh: 0,
    bitrateHigh: 0,
    lowDelay: false,
    rateUp: 1,
    rateDown: 1,
    displayWidth: 0,
    displayHeight: 0,
  };
}

function readExtensions(buf: Uint8Array, from: number, out: Extension): void {
  const end = buf.length - 1;
  for (let at = findStartCode(buf, from, end); at < end; at = findStartCode(buf, at + 3, end)) {
    const code = buf[at + 3] as number;
    if (code !== MPEG2_START.extension && code !== MPEG2_START.userData) return;
    if (code === MPEG2_START.userData) continue;
    const reader = new BitReader(buf, at + 4);
    const id = reader.bits(4);
    if (id === 1) readSequenceExtension(reader, out);
    if (id === 2) readDisplayExtension(reader, out);
    if (reader.overrun) return;
  }
}

/** §6.2.2.3 */
function readSequenceExtension(reader: BitReader, out: Extension): void {
  out.present = true;
  // Escape bit, three bits of profile, four of level.
  const code = reader.bits(8);
  out.profile = code >> 4;
  out.level = code & 15;
  out.progressive = reader.flag();
  out.chroma = reader.bits(2);
  out.widthHigh = reader.bits(2);
  out.heightHigh = reader.bits(2);
  out.bitrateHigh = reader.bits(12);
  reader.skip(1 + 8);
  out.lowDelay = reader.flag();
  out.rateUp = reader.bits(2) + 1;
  out.rateDown = reader.bits(5) + 1;
}

/** §6.2.2.4 */
function readDisplayExtension(reader: BitReader, out: Extension): void {
  reader.skip(3);
  if (reader.flag()) {
    const primaries = reader.bits(8);
    const transfer = reader.bits(8);
    const matrix = reader.bits(8);
    out.colour = { primaries, transfer, matrix, fullRange: false };
  }
  out.displayWidth = reader.bits(14);
  reader.skip(1);
  out.displayHeight = reader.bits(14);
}

/** §6.3.3: the display aspect belongs to the display rectangle where there is one, else to the whole picture. */
function sampleAspect(picture: {
  width: number;
  height: number;
  aspect: number;
  extension: Extension;
}): { num: number; den: number } | undefined {
  const { width, height, aspect, extension } = picture;
  if (!extension.present) {
    const pel = PEL_ASPECTS[aspect] ?? 0;
    return pel === 0 ? undefined : reduceFraction(10_000, pel);
  }
  if (aspect === 1) return { num: 1, den: 1 };
  const [num, den] = DISPLAY_ASPECTS[aspect] ?? [0, 0];
  if (num === 0) return undefined;
  return reduceFraction(num * (extension.displayHeight || height), den * (extension.displayWidth || width));
}
