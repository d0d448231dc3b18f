import { BitReader } from "@millrace/bytes";
import type { NalList } from "../nal.ts";
import { FRAME_B, FRAME_I, FRAME_P, FRAME_UNKNOWN, type PictureInfo } from "../video/picture.ts";
import { H265_NAL, h265NalType } from "./nal-types.ts";

/** slice_type (H.265 Table 7-7). */
const FRAME_TYPES: readonly number[] = [FRAME_B, FRAME_P, FRAME_I];

/** Says what picture the NAL units of one access unit make. */
export class H265Inspector {
  /** num_extra_slice_header_bits of the picture parameter set in use. */
  extraSliceBits = 0;

  readonly #reader = new BitReader(new Uint8Array(0));

  /** Fills `out`. Key is an IRAP picture (BLA, IDR, CRA: H.265 §3.62). */
  inspect(buf: Uint8Array, nals: NalList, out: PictureInfo): void {
    out.frameType = FRAME_UNKNOWN;
    out.key = false;
    out.idr = false;
    out.parameterSets = false;
    out.reference = false;
    out.slices = 0;
    for (let i = 0; i < nals.count; i++) {
      const start = nals.starts[i] as number;
      const type = h265NalType(buf[start] as number);
      if (type <= H265_NAL.vclLast) {
        out.slices++;
        if (type >= H265_NAL.blaWLp && type <= H265_NAL.irapLast) out.key = true;
        if (type === H265_NAL.idrWRadl || type === H265_NAL.idrNLp) out.idr = true;
        // Even types up to 14 are sub-layer non-reference pictures.
        if (type > 14 || (type & 1) === 1) out.reference = true;
        out.frameType = Math.max(out.frameType, this.#sliceType(buf, start, nals.ends[i] as number));
      } else if (type === H265_NAL.sps) {
        out.parameterSets = true;
      }
    }
    out.intra = out.frameType === FRAME_I;
  }

  /** Only the first slice segment of a picture can be read without its size; the others count as unknown. */
  #sliceType(buf: Uint8Array, start: number, end: number): number {
    const reader = this.#reader;
    reader.reset(buf, start + 2, Math.min(end, start + 16));
    if (!reader.flag()) return FRAME_UNKNOWN;
    const type = h265NalType(buf[start] as number);
    if (type >= H265_NAL.blaWLp && type <= H265_NAL.irapLast) reader.skip(1);
    reader.ue();
    reader.skip(this.extraSliceBits);
    const slice = reader.ue();
    return reader.overrun ? FRAME_UNKNOWN : (FRAME_TYPES[slice] ?? FRAME_UNKNOWN);
  }
}

/**
 * Whether the NAL unit at `start` begins a new access unit when a slice has been seen before it (H.265 §7.4.2.4.4).
 */
export function h265BeginsAccessUnit(buf: Uint8Array, start: number): boolean {
  const type = h265NalType(buf[start] as number);
  // first_slice_segment_in_pic_flag
  if (type <= H265_NAL.vclLast) return ((buf[start + 2] as number) & 0x80) !== 0;
  return (
    (type >= H265_NAL.vps && type <= H265_NAL.aud) ||
    type === H265_NAL.prefixSei ||
    (type >= 41 && type <= 44) ||
    (type >= 48 && type <= 55)
  );
}
