import { unbuildable } from "../errors.ts";
import { parseH264Sps } from "./sps.ts";

/** An AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1). */
export interface AvcConfig {
  readonly profile: number;
  readonly constraints: number;
  readonly level: number;
  /** Bytes of the length before each NAL unit: 1, 2 or 4. */
  readonly lengthSize: number;
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/** Profiles whose record ends with chroma format and bit depths. */
const EXTENDED_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 144, 244, 44, 118, 128]);

/**
 * Builds the record from parameter set NAL units (4-byte lengths). Throws `codec.unbuildable` without a readable
 * sequence parameter set.
 */
export function buildAvcConfig(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  const first = sps[0];
  const parsed = first && parseH264Sps(first);
  if (first === undefined || parsed === undefined) {
    throw unbuildable("AVCDecoderConfigurationRecord", "no readable sequence parameter set");
  }
  if (sps.length > 31 || pps.length > 255)
    throw unbuildable("AVCDecoderConfigurationRecord", "too many sets");
  const extended = EXTENDED_PROFILES.has(parsed.profile);
  const body = [...sps, ...pps].reduce((sum, nal) => sum + 2 + nal.length, 0);
  const out = new Uint8Array(7 + body + (extended ? 4 : 0));
  out.set([1, parsed.profile, parsed.constraints, parsed.level, 0xfc | 3, 0xe0 | sps.length]);
  let at = writeSets(out, 6, sps);
  out[at++] = pps.length;
  at = writeSets(out, at, pps);
  if (extended) {
    out[at] = 0xfc | parsed.chromaFormat;
    out[at + 1] = 0xf8 | (parsed.bitDepth - 8);
    out[at + 2] = 0xf8 | (parsed.bitDepthChroma - 8);
    // numOfSequenceParameterSetExt
    out[at + 3] = 0;
  }
  return out;
}

/** Reads the record; undefined when it is cut short or of another version. The sets are views on `bytes`. */
export function parseAvcConfig(bytes: Uint8Array): AvcConfig | undefined {
  if (bytes.length < 7 || bytes[0] !== 1) return undefined;
  const lengthSize = ((bytes[4] as number) & 3) + 1;
  if (lengthSize === 3) return undefined;
  const sps: Uint8Array[] = [];
  const pps: Uint8Array[] = [];
  let at = readSets(bytes, { at: 6, count: (bytes[5] as number) & 0x1f }, sps);
  if (at < 0 || at >= bytes.length) return undefined;
  at = readSets(bytes, { at: at + 1, count: bytes[at] as number }, pps);
  if (at < 0) return undefined;
  return {
    profile: bytes[1] as number,
    constraints: bytes[2] as number,
    level: bytes[3] as number,
    lengthSize,
    sps,
    pps,
  };
}

function writeSets(out: Uint8Array, from: number, sets: readonly Uint8Array[]): number {
  let at = from;
  for (const nal of sets) {
    out[at] = nal.length >> 8;
    out[at + 1] = nal.length;
    out.set(nal, at + 2);
    at += 2 + nal.length;
  }
  return at;
}

/** Offset after the sets, or -1 when one is cut short. */
function readSets(bytes: Uint8Array, from: { at: number; count: number }, into: Uint8Array[]): number {
  let at = from.at;
  for (let i = 0; i < from.count; i++) {
    if (at + 2 > bytes.length) return -1;
    const size = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    at += 2;
    if (at + size > bytes.length) return -1;
    into.push(bytes.subarray(at, at + size));
    at += size;
  }
  return at;
}
