import { BoxWriter } from "./box-writer.ts";

/** One subsegment, or one further index, in a segment index. */
export interface SegmentReference {
  /** It is a segment index itself. */
  readonly isIndex?: boolean;
  /** Bytes. */
  readonly size: number;
  /** In the index's timescale. */
  readonly durationTicks: number;
  /** Whether it begins with a stream access point. */
  readonly startsWithSap: boolean;
  /** 1: closed GOP in presentation order; 2: closed; 3: open; 0 unknown (ISO/IEC 14496-12 Annex I). */
  readonly sapType?: number;
}

export interface SegmentIndex {
  readonly trackId: number;
  readonly timescale: number;
  /** Earliest presentation time of the first subsegment, in the timescale: an integer of up to 2⁵³. */
  readonly earliestPresentationTime: number;
  /** Bytes between the index and the first subsegment. */
  readonly firstOffset?: number;
  readonly references: readonly SegmentReference[];
}

/** A sidx box (ISO/IEC 14496-12 §8.16.3). At most 65,535 references. */
export function segmentIndex(index: SegmentIndex): Uint8Array {
  const { references } = index;
  const writer = new BoxWriter(40 + 12 * references.length);
  writer
    .beginFull("sidx", 1, 0)
    .u32(index.trackId)
    .u32(index.timescale)
    .u64(index.earliestPresentationTime)
    .u64(index.firstOffset ?? 0)
    .u16(0)
    .u16(references.length);
  for (const { isIndex, size, durationTicks, startsWithSap, sapType } of references) {
    writer
      .u32((isIndex === true ? 0x80000000 : 0) + size)
      .u32(durationTicks)
      .u32((startsWithSap ? 0x80000000 : 0) + ((sapType ?? 0) & 7) * 0x10000000);
  }
  return writer.end().done();
}
