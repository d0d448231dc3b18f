import { type AudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";

/** Kbit/s by bitrate_index (ISO/IEC 11172-3 §2.4.2.3, ISO/IEC 13818-3 §2.4.2.3); 0 is free format, -1 forbidden. */
const BITRATES: readonly (readonly number[])[] = [
  // MPEG-1: layers I, II, III
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, -1],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, -1],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, -1],
  // MPEG-2 and 2.5: layer I, layers II and III
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, -1],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, -1],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, -1],
];

/** Hz by sampling_frequency, for MPEG-1; MPEG-2 halves it, MPEG-2.5 quarters it. */
const SAMPLE_RATES: readonly number[] = [44_100, 48_000, 32_000];

/**
 * Reads the MPEG-1, MPEG-2 or MPEG-2.5 audio header at `buf[at]`, any layer; see `AudioFrameParser`. `profile` is the
 * layer. Free format (no stated bit rate) is not recognised.
 */
export function parseMpa(buf: Uint8Array, at: number, out: AudioFrameHeader): number {
  const left = buf.length - at;
  if (left < 1) return NEED_MORE;
  if (buf[at] !== 0xff) return NO_FRAME;
  if (left < 2) return NEED_MORE;
  const second = buf[at + 1] as number;
  if ((second & 0xe0) !== 0xe0) return NO_FRAME;
  // version: 0 is MPEG-2.5, 1 reserved, 2 MPEG-2, 3 MPEG-1; the layer is counted downwards.
  const version = (second >> 3) & 3;
  const layer = 4 - ((second >> 1) & 3);
  if (version === 1 || layer === 4) return NO_FRAME;
  if (left < 4) return NEED_MORE;
  const third = buf[at + 2] as number;
  const mpeg1 = version === 3;
  const kbit = (BITRATES[(mpeg1 ? 0 : 3) + layer - 1] as readonly number[])[third >> 4] as number;
  const rate = SAMPLE_RATES[(third >> 2) & 3];
  if (kbit <= 0 || rate === undefined) return NO_FRAME;
  const sampleRate = mpeg1 ? rate : version === 2 ? rate >> 1 : rate >> 2;
  const samples = layer === 1 ? 384 : layer === 3 && !mpeg1 ? 576 : 1152;
  // §2.4.3.1: slots of 4 bytes in layer I, of one byte in II and III.
  const slot = layer === 1 ? 4 : 1;
  const slots = Math.floor((samples * kbit * 125) / (sampleRate * slot)) + ((third >> 1) & 1);
  out.frameLength = slots * slot;
  out.headerLength = 0;
  out.sampleRate = sampleRate;
  out.channels = (buf[at + 3] as number) >> 6 === 3 ? 1 : 2;
  out.samples = samples;
  out.bitrate = kbit * 1000;
  out.profile = layer;
  return out.frameLength;
}

/** RFC 6381 name: ISO BMFF object type 6B (MPEG-1) or 69 (MPEG-2), "mp3" being mp4a.40.34 for layer III. */
export function mpaCodecString(header: AudioFrameHeader): string {
  if (header.profile === 3) return "mp4a.40.34";
  return header.sampleRate >= 32_000 ? "mp4a.6B" : "mp4a.69";
}
