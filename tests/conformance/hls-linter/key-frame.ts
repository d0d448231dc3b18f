/**
 * Whether the payload of a PES packet, header included, has a picture that a decoder can start with; undefined for codecs
 * that are not looked into.
 */
export function hasKeyFrame(streamType: number, pes: Uint8Array): boolean | undefined {
  const test = TESTS[streamType];
  if (test === undefined) return undefined;
  // Start codes: a prefix of 00 00 01, which no PES header can contain after its own.
  for (let at = 3; at + 4 < pes.length; at += 1) {
    if (pes[at] !== 1 || pes[at - 1] !== 0 || pes[at - 2] !== 0) continue;
    if (test(pes[at + 1] as number, pes[at + 3] as number)) return true;
  }
  return false;
}

type StartCodeTest = (code: number, second: number) => boolean;

/** Sequence header, or an I picture (ISO/IEC 13818-2 §6.2.3, picture_coding_type in bits 10 to 12). */
const isMpeg2Key: StartCodeTest = (code, second) =>
  code === 0xb3 || (code === 0x00 && ((second >> 3) & 7) === 1);
/** IDR slice or sequence parameter set (ITU-T H.264 table 7-1). */
const isH264Key: StartCodeTest = (code) => (code & 0x9f) === 5 || (code & 0x9f) === 7;
/** IRAP picture (ITU-T H.265 table 7-1: types 16 to 23). */
const isH265Key: StartCodeTest = (code) => (code & 0x80) === 0 && code >> 1 >= 16 && code >> 1 <= 23;

const TESTS: Readonly<Record<number, StartCodeTest>> = {
  1: isMpeg2Key,
  2: isMpeg2Key,
  27: isH264Key,
  36: isH265Key,
};
