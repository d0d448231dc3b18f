import type { BitReader } from "@millrace/bytes";

/** profile_tier_level (H.265 §7.3.3), the general part. */
export interface H265Profile {
  readonly space: number;
  readonly tier: number;
  readonly idc: number;
  /** general_profile_compatibility_flags, flag 0 in the most significant of 32 bits. */
  readonly compatibility: number;
  /** The six bytes of constraint flags. */
  readonly constraints: readonly number[];
  /** 30 times the level. */
  readonly level: number;
}

/** Reads the structure with its sub-layers; only the general part is kept. */
export function readProfileTierLevel(reader: BitReader, maxSubLayersMinus1: number): H265Profile {
  const space = reader.bits(2);
  const tier = reader.bit();
  const idc = reader.bits(5);
  const compatibility = reader.bits(32);
  const constraints: number[] = [];
  for (let i = 0; i < 6; i++) constraints.push(reader.bits(8));
  const level = reader.bits(8);
  let bits = 0;
  for (let i = 0; i < maxSubLayersMinus1; i++) {
    if (reader.flag()) bits += 88;
    if (reader.flag()) bits += 8;
  }
  // Sub-layers are padded to eight pairs of flags.
  if (maxSubLayersMinus1 > 0) reader.skip(2 * (8 - maxSubLayersMinus1));
  reader.skip(bits);
  return { space, tier, idc, compatibility, constraints, level };
}

/** RFC 6381 name (ISO/IEC 14496-15 §E.3), "hvc1.1.6.L93.B0". */
export function h265CodecString(profile: H265Profile): string {
  const space = ["", "A", "B", "C"][profile.space] as string;
  let reversed = 0;
  for (let i = 0; i < 32; i++) if ((profile.compatibility / 2 ** i) & 1) reversed += 2 ** (31 - i);
  const parts = [`hvc1.${space}${profile.idc}`, reversed.toString(16).toUpperCase()];
  parts.push(`${profile.tier === 0 ? "L" : "H"}${profile.level}`);
  const constraints = [...profile.constraints];
  while (constraints.length > 0 && constraints.at(-1) === 0) constraints.pop();
  for (const byte of constraints) parts.push(byte.toString(16).toUpperCase());
  return parts.join(".");
}
