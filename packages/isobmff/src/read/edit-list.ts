import { ByteReader } from "@millrace/bytes";

/** What an edit list says of the first thing that is shown. */
export interface FirstEdit {
  /** Where it begins in the track, in the track's timescale; 0 without an edit list. */
  readonly mediaTime: number;
  /** Nothing is shown for so long before it, in the movie's timescale. */
  readonly emptyTime: number;
}

export const NO_EDIT: FirstEdit = { mediaTime: 0, emptyTime: 0 };
const MAX_EDITS = 1000;

/**
 * Reads the payload of an elst box (ISO/IEC 14496-12 §8.6.6), version and flags first. Later edits, which cut or repeat,
 * are not followed. What cannot be read says nothing.
 */
export function readFirstEdit(payload: Uint8Array): FirstEdit {
  const reader = new ByteReader(payload);
  const wide = reader.u8() === 1;
  reader.skip(3);
  const count = Math.min(reader.u32(), MAX_EDITS);
  let emptyTime = 0;
  for (let i = 0; i < count; i++) {
    const duration = wide ? reader.u64() : reader.u32();
    const high = wide ? reader.u32() : 0;
    const low = reader.u32();
    reader.skip(4);
    if (reader.overrun) break;
    const empty = wide ? high >= 0x80000000 : low === 0xffffffff;
    if (!empty) {
      const mediaTime = high * 2 ** 32 + low;
      return Number.isSafeInteger(mediaTime + emptyTime) ? { mediaTime, emptyTime } : NO_EDIT;
    }
    emptyTime += duration;
  }
  return NO_EDIT;
}
