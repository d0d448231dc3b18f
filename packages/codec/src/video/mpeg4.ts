import { BitReader } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";
import { findStartCode } from "../nal.ts";
import { reduceFraction } from "./colour.ts";
import { FRAME_B, FRAME_I, FRAME_P, FRAME_UNKNOWN, type PictureInfo } from "./picture.ts";

/** Start code values (ISO/IEC 14496-2 Table 6-3). */
const VOL_FIRST = 0x20;
const VOL_LAST = 0x2f;
const SEQUENCE = 0xb0;
const VOP = 0xb6;
const EXTENDED_PAR = 15;
/** Pixel aspect by aspect_ratio_info (Table 6-12). */
const PIXEL_ASPECTS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
];
/** vop_coding_type: I, P, B, S (sprite, predicted). */
const FRAME_TYPES: readonly number[] = [FRAME_I, FRAME_P, FRAME_B, FRAME_P];

/**
 * Reads the first video object layer of rectangular shape in `buf` (ISO/IEC 14496-2 §6.2.3), with the profile and
 * level of the visual object sequence before it; undefined when there is none.
 */
export function parseMpeg4Headers(buf: Uint8Array): VideoFormat | undefined {
  const end = buf.length - 1;
  let profileAndLevel = 0;
  for (let at = findStartCode(buf, 0, end); at < end; at = findStartCode(buf, at + 3, end)) {
    const code = buf[at + 3] as number;
    if (code === SEQUENCE && at + 4 < buf.length) profileAndLevel = buf[at + 4] as number;
    if (code >= VOL_FIRST && code <= VOL_LAST) {
      const layer = readLayer(new BitReader(buf, at + 4));
      if (layer !== undefined)
        return { ...layer, profile: profileAndLevel >> 4, level: profileAndLevel & 15 };
    }
  }
  return undefined;
}

/** Says what picture the unit holds: fills `out`. Key is an I-VOP. */
export function inspectMpeg4(buf: Uint8Array, out: PictureInfo): void {
  out.frameType = FRAME_UNKNOWN;
  out.parameterSets = false;
  out.slices = 0;
  const end = buf.length - 1;
  for (let at = findStartCode(buf, 0, end); at < end; at = findStartCode(buf, at + 3, end)) {
    const code = buf[at + 3] as number;
    if (code >= VOL_FIRST && code <= VOL_LAST) out.parameterSets = true;
    if (code === VOP && at + 4 < buf.length) {
      out.slices = 1;
      out.frameType = FRAME_TYPES[(buf[at + 4] as number) >> 6] as number;
      break;
    }
  }
  out.intra = out.frameType === FRAME_I;
  out.key = out.intra;
  out.idr = false;
  out.reference = out.frameType === FRAME_I || out.frameType === FRAME_P;
}

function readLayer(reader: BitReader): Omit<VideoFormat, "profile" | "level"> | undefined {
  reader.skip(1 + 8);
  let version = 1;
  if (reader.flag()) {
    version = reader.bits(4);
    reader.skip(3);
  }
  const aspect = reader.bits(4);
  const parNum = aspect === EXTENDED_PAR ? reader.bits(8) : (PIXEL_ASPECTS[aspect]?.[0] ?? 0);
  const parDen = aspect === EXTENDED_PAR ? reader.bits(8) : (PIXEL_ASPECTS[aspect]?.[1] ?? 0);
  if (reader.flag()) {
    reader.skip(3);
    if (reader.flag()) reader.skip(79);
  }
  const shape = reader.bits(2);
  if (shape === 3 && version !== 1) reader.skip(4);
  reader.skip(1);
  const resolution = reader.bits(16);
  reader.skip(1);
  const increment = reader.flag() ? reader.bits(Math.max(1, bitsFor(resolution))) : 0;
  if (shape !== 0) return undefined;
  reader.skip(1);
  const width = reader.bits(13);
  reader.skip(1);
  const height = reader.bits(13);
  reader.skip(1);
  const interlaced = reader.flag();
  if (reader.overrun || width === 0 || height === 0 || resolution === 0) return undefined;
  return {
    width,
    height,
    interlaced,
    bitDepth: 8,
    chroma: "4:2:0",
    ...(parNum > 0 && parDen > 0 && { sar: reduceFraction(parNum, parDen) }),
    ...(increment > 0 && { frameRate: reduceFraction(resolution, increment) }),
  };
}

/** Bits of vop_time_increment for a resolution (§6.3.3): enough for values up to resolution - 1. */
function bitsFor(resolution: number): number {
  return resolution < 2 ? 1 : 32 - Math.clz32(resolution - 1);
}
