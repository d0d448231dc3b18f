/** nal_unit_type (ITU-T H.265 Table 7-1). */
export const H265_NAL = {
  raslN: 8,
  raslR: 9,
  blaWLp: 16,
  idrWRadl: 19,
  idrNLp: 20,
  cra: 21,
  irapLast: 23,
  vclLast: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  aud: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  filler: 38,
  prefixSei: 39,
  suffixSei: 40,
} as const;

/** The type of a NAL unit from the first of its two header bytes. */
export function h265NalType(header: number): number {
  return (header >> 1) & 0x3f;
}

/** For `NalList.removeWhere`: access unit delimiters, which access units in Millrace go without. */
export function isH265Delimiter(header: number): boolean {
  return h265NalType(header) === H265_NAL.aud;
}

/** An access unit delimiter with 4-byte start code for any slice types. */
export const H265_AUD: Uint8Array = Uint8Array.of(0, 0, 0, 1, 0x46, 0x01, 0x50);
