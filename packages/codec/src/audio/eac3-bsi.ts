import type { BitReader } from "@millrace/bytes";

/** The fields of the fixed header that decide what follows. */
interface Shape {
  readonly streamType: number;
  readonly fscod: number;
  readonly blocks: number;
  readonly acmod: number;
  readonly lfe: boolean;
}

/** What the variable part of the bit stream information says; zeros where it is silent. */
export interface Eac3Bsi {
  readonly channelMap: number;
  readonly bsmod: number;
  readonly jocComplexity: number;
}

/** Walks bsi() (ATSC A/52 Table E1.2) from the sync word on. A frame that is cut short reads as silent. */
export function readEac3Bsi(reader: BitReader, shape: Shape): Eac3Bsi {
  // Sync word, strmtyp to lfeon, bsid.
  reader.skip(16 + 2 + 3 + 11 + 4 + 4 + 5);
  skipLevels(reader, shape.acmod === 0 ? 2 : 1);
  const channelMap = shape.streamType === 1 && reader.flag() ? reader.bits(16) : 0;
  if (reader.flag()) skipMixMetadata(reader, shape);
  const bsmod = reader.flag() ? readInfoMetadata(reader, shape) : 0;
  if (shape.streamType === 0 && shape.blocks !== 6) reader.skip(1);
  // blkid and frmsizecod
  if (shape.streamType === 2 && (shape.blocks === 6 || reader.flag())) reader.skip(6);
  const jocComplexity = reader.flag() ? readJoc(reader) : 0;
  return reader.overrun
    ? { channelMap: 0, bsmod: 0, jocComplexity: 0 }
    : { channelMap, bsmod, jocComplexity };
}

/** dialnorm and compr, once for each program of dual mono. */
function skipLevels(reader: BitReader, times: number): void {
  for (let i = 0; i < times; i++) {
    reader.skip(5);
    if (reader.flag()) reader.skip(8);
  }
}

function skipMixMetadata(reader: BitReader, shape: Shape): void {
  const { acmod } = shape;
  if (acmod > 2) reader.skip(2);
  if ((acmod & 1) !== 0 && acmod > 2) reader.skip(6);
  if ((acmod & 4) !== 0) reader.skip(6);
  if (shape.lfe && reader.flag()) reader.skip(5);
  if (shape.streamType !== 0) return;
  if (reader.flag()) reader.skip(6);
  if (acmod === 0 && reader.flag()) reader.skip(6);
  if (reader.flag()) reader.skip(6);
  const mixdef = reader.bits(2);
  if (mixdef === 1) reader.skip(5);
  else if (mixdef === 2) reader.skip(12);
  else if (mixdef === 3) reader.skip(8 * (reader.bits(5) + 2));
  if (acmod < 2) {
    if (reader.flag()) reader.skip(14);
    if (acmod === 0 && reader.flag()) reader.skip(14);
  }
  if (!reader.flag()) return;
  if (shape.blocks === 1) reader.skip(5);
  else for (let i = 0; i < shape.blocks; i++) if (reader.flag()) reader.skip(5);
}

/** Returns bsmod. */
function readInfoMetadata(reader: BitReader, shape: Shape): number {
  const bsmod = reader.bits(3);
  reader.skip(2);
  if (shape.acmod === 2) reader.skip(4);
  if (shape.acmod >= 6) reader.skip(2);
  if (reader.flag()) reader.skip(8);
  if (shape.acmod === 0 && reader.flag()) reader.skip(8);
  if (shape.fscod < 3) reader.skip(1);
  return bsmod;
}

/** addbsi with the extension type A flag of ETSI TS 103 420 §8.3. */
function readJoc(reader: BitReader): number {
  if (reader.bits(6) < 1) return 0;
  reader.skip(7);
  return reader.flag() ? reader.bits(8) : 0;
}
