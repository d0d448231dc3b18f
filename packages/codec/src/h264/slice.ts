import { BitReader } from "@millrace/bytes";
import { unescapeRbsp } from "../rbsp.ts";
import { H264_NAL } from "./nal-types.ts";
import type { H264Sps } from "./sps.ts";

/** The head of a slice header (H.264 §7.3.3), enough to tell pictures and fields apart. */
export interface H264Slice {
  readonly firstMb: number;
  /** 0 to 9. */
  readonly type: number;
  readonly ppsId: number;
  readonly frameNum: number;
  readonly field: boolean;
  readonly bottom: boolean;
  readonly idr: boolean;
  readonly idrPicId: number;
  readonly referenceIdc: number;
}

/** Reads the slice NAL unit `nal` whose sequence parameter set is `sps`; undefined when it is none or damaged. */
export function parseH264Slice(nal: Uint8Array, sps: H264Sps): H264Slice | undefined {
  const header = nal[0] ?? 0;
  const nalType = header & 0x1f;
  if (nalType !== H264_NAL.slice && nalType !== H264_NAL.idr && nalType !== H264_NAL.partitionA)
    return undefined;
  const reader = new BitReader(unescapeRbsp(nal, 1, Math.min(nal.length, 40)));
  const firstMb = reader.ue();
  const type = reader.ue();
  const ppsId = reader.ue();
  if (sps.separateColourPlanes) reader.skip(2);
  const frameNum = reader.bits(sps.frameNumBits);
  const field = !sps.frameMbsOnly && reader.flag();
  const bottom = field && reader.flag();
  const idr = nalType === H264_NAL.idr;
  const idrPicId = idr ? reader.ue() : 0;
  if (reader.overrun || type > 9 || ppsId > 255) return undefined;
  return {
    firstMb,
    type,
    ppsId,
    frameNum,
    field,
    bottom,
    idr,
    idrPicId,
    referenceIdc: (header >> 5) & 3,
  };
}

/** Whether `second` is the other field of the frame that `first` begins (§7.4.1.2.4). */
export function isSecondField(first: H264Slice, second: H264Slice): boolean {
  return (
    first.field &&
    second.field &&
    first.bottom !== second.bottom &&
    first.frameNum === second.frameNum &&
    (first.referenceIdc !== 0) >= (second.referenceIdc !== 0) &&
    !second.idr
  );
}
