import { BitReader } from "@millrace/bytes";
import { unescapeRbsp } from "../rbsp.ts";
import { H264_NAL, h264NalType } from "./nal-types.ts";

/** What Millrace needs of a picture parameter set (H.264 §7.3.2.2). */
export interface H264Pps {
  readonly id: number;
  readonly spsId: number;
  /** entropy_coding_mode_flag */
  readonly cabac: boolean;
}

/** Reads the picture parameter set NAL unit `nal` (header byte included); undefined when damaged. */
export function parseH264Pps(nal: Uint8Array): H264Pps | undefined {
  if (nal.length < 2 || h264NalType(nal[0] as number) !== H264_NAL.pps) return undefined;
  const reader = new BitReader(unescapeRbsp(nal, 1, Math.min(nal.length, 16)));
  const id = reader.ue();
  const spsId = reader.ue();
  const cabac = reader.flag();
  return reader.overrun || id > 255 || spsId > 31 ? undefined : { id, spsId, cabac };
}
