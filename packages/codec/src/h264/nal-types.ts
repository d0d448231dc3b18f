/** nal_unit_type (ITU-T H.264 Table 7-1). */
export const H264_NAL = {
  slice: 1,
  partitionA: 2,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  aud: 9,
  endOfSequence: 10,
  endOfStream: 11,
  filler: 12,
  spsExtension: 13,
} as const;

/** The type of a NAL unit from its first byte. */
export function h264NalType(header: number): number {
  return header & 0x1f;
}

/** For `NalList.removeWhere`: access unit delimiters, which access units in Millrace go without. */
export function isH264Delimiter(header: number): boolean {
  return (header & 0x1f) === H264_NAL.aud;
}

/** An access unit delimiter with 4-byte start code for any slice types. */
export const H264_AUD: Uint8Array = Uint8Array.of(0, 0, 0, 1, 0x09, 0xf0);
