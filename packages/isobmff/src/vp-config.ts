import type { Track } from "@millrace/model";

/** Luma samples of a picture by level, ten times the level (VP9 levels, webmproject.org/vp9/levels). */
const LEVELS: readonly (readonly [number, number])[] = [
  [36_864, 10],
  [73_728, 11],
  [122_880, 20],
  [245_760, 21],
  [552_960, 30],
  [983_040, 31],
  [2_228_224, 40],
  [8_912_896, 50],
  [35_651_584, 60],
];

/** Version 1 and flags 0 of a vpcC box. */
const HEADER_BYTES = 4;

/**
 * The payload of a vpcC box, version and flags first (VP Codec ISO Media File Format Binding §2.2): the track's own, or
 * what its format tells, 4:2:0 and 8 bits in doubt.
 */
export function vpConfigOf(track: Track): Uint8Array {
  const { config, video } = track;
  if (config !== undefined && config.length >= HEADER_BYTES + 8) return config;
  const profile = track.codec === "vp9" ? (video?.profile ?? 0) & 3 : 0;
  const level = video?.level || levelOf((video?.width ?? 0) * (video?.height ?? 0));
  const chroma = video?.chroma === "4:4:4" ? 3 : video?.chroma === "4:2:2" ? 2 : 1;
  const { primaries = 2, transfer = 2, matrix = 2, fullRange = false } = video?.colour ?? {};
  const depth = ((video?.bitDepth ?? 8) << 4) | (chroma << 1) | (fullRange ? 1 : 0);
  return Uint8Array.of(1, 0, 0, 0, profile, level, depth, primaries, transfer, matrix, 0, 0);
}

/** RFC 6381 name, "vp09.00.31.08". */
export function vpCodecString(track: Track): string {
  const config = vpConfigOf(track);
  const parts = [config[4], config[5], (config[6] as number) >> 4];
  const name = track.codec === "vp9" ? "vp09" : "vp08";
  return [name, ...parts.map((part) => String(part).padStart(2, "0"))].join(".");
}

function levelOf(lumaSamples: number): number {
  for (const [most, level] of LEVELS) if (lumaSamples <= most) return level;
  return 62;
}
