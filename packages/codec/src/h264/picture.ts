import { BitReader } from "@millrace/bytes";
import type { NalList } from "../nal.ts";
import { SEI, SeiWalker } from "../sei.ts";
import { FRAME_B, FRAME_I, FRAME_P, FRAME_UNKNOWN, type PictureInfo } from "../video/picture.ts";
import { H264_NAL } from "./nal-types.ts";

const reader = new BitReader(new Uint8Array(0));
const sei = new SeiWalker();
/** slice_type % 5 (H.264 Table 7-6): P, B, I, SP, SI. */
const FRAME_TYPES: readonly number[] = [FRAME_P, FRAME_B, FRAME_I, FRAME_P, FRAME_I];
/** Bytes of a slice that hold first_mb_in_slice and slice_type; both are short codes. */
const SLICE_PEEK_BYTES = 16;

/**
 * Looks through the NAL units of one access unit and says what picture it is: fills `out`. Key is an IDR picture or
 * one with a recovery point message (H.264 §D.2.8); `intra` is the fallback for streams that have neither.
 */
export function inspectH264(buf: Uint8Array, nals: NalList, out: PictureInfo): void {
  out.frameType = FRAME_UNKNOWN;
  out.key = false;
  out.idr = false;
  out.parameterSets = false;
  out.reference = false;
  out.slices = 0;
  for (let i = 0; i < nals.count; i++) {
    const start = nals.starts[i] as number;
    const header = buf[start] as number;
    const type = header & 0x1f;
    if (type === H264_NAL.idr || type === H264_NAL.slice || type === H264_NAL.partitionA) {
      out.slices++;
      if ((header & 0x60) !== 0) out.reference = true;
      if (type === H264_NAL.idr) out.idr = true;
      out.frameType = Math.max(out.frameType, h264SliceType(buf, start, nals.ends[i] as number));
    } else if (type === H264_NAL.sei) {
      if (!out.key) out.key = hasRecoveryPoint(buf, start + 1, nals.ends[i] as number);
    } else if (type === H264_NAL.sps) {
      out.parameterSets = true;
    }
  }
  if (out.idr) out.key = true;
  out.intra = out.frameType === FRAME_I;
}

/** Frame type (`FRAME_*`) of the slice NAL unit `buf[start..end)`. */
export function h264SliceType(buf: Uint8Array, start: number, end: number): number {
  reader.reset(buf, start + 1, Math.min(end, start + SLICE_PEEK_BYTES));
  // Read with emulation prevention in place: below 2^16 macroblocks these two codes never hold two zero bytes in a row.
  reader.ue();
  const type = reader.ue();
  return reader.overrun || type > 9 ? FRAME_UNKNOWN : (FRAME_TYPES[type % 5] as number);
}

/**
 * Whether the NAL unit at `start` begins a new access unit when a slice has been seen before it (H.264 §7.4.1.2.3;
 * for slices, by first_mb_in_slice 0, which also begins a second field).
 */
export function h264BeginsAccessUnit(buf: Uint8Array, start: number): boolean {
  const type = (buf[start] as number) & 0x1f;
  if (type === H264_NAL.slice || type === H264_NAL.idr || type === H264_NAL.partitionA) {
    return ((buf[start + 1] as number) & 0x80) !== 0;
  }
  return (type >= H264_NAL.sei && type <= H264_NAL.aud) || (type >= 14 && type <= 18);
}

function hasRecoveryPoint(buf: Uint8Array, start: number, end: number): boolean {
  sei.open(buf, start, end);
  while (sei.next()) if (sei.type === SEI.recoveryPoint) return true;
  return false;
}
