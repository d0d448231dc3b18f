import { BitReader } from "@millrace/bytes";
import { type AudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";

/** Hz by SFREQ (ETSI TS 102 114 Table 5-5); 0 is invalid. */
const SAMPLE_RATES: readonly number[] = [
  0, 8_000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 0, 0,
];
/** Kbit/s by RATE (Table 5-7); 0 is open or variable. */
const BITRATES: readonly number[] = [
  32, 56, 64, 96, 112, 128, 192, 224, 256, 320, 384, 448, 512, 576, 640, 768, 960, 1024, 1152, 1280, 1344,
  1408, 1411.2, 1472, 1536, 0, 0, 0, 0, 0, 0, 0,
];
/** Channels by AMODE (Table 5-4), without the low-frequency one. */
const CHANNELS: readonly number[] = [1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7, 8, 8];
const HEADER_BYTES = 12;

/**
 * Reads the DTS core header (ETSI TS 102 114 §5.3, 16-bit big-endian form) at `buf[at]`; see `AudioFrameParser`. An
 * extension substream right behind the core (DTS-HD) counts into the frame.
 */
export function parseDts(buf: Uint8Array, at: number, out: AudioFrameHeader): number {
  const left = buf.length - at;
  for (let i = 0; i < 4; i++) {
    if (i >= left) return NEED_MORE;
    if (buf[at + i] !== (SYNC[i] as number)) return NO_FRAME;
  }
  if (left < HEADER_BYTES) return NEED_MORE;
  const reader = new BitReader(buf, at + 4);
  reader.skip(1 + 5 + 1);
  const blocks = reader.bits(7) + 1;
  const size = reader.bits(14) + 1;
  const amode = reader.bits(6);
  const sampleRate = SAMPLE_RATES[reader.bits(4)] as number;
  const kbit = BITRATES[reader.bits(5)] as number;
  reader.skip(10);
  const lfe = reader.bits(2);
  if (blocks < 6 || size < 96 || sampleRate === 0 || lfe === 3) return NO_FRAME;
  out.sampleRate = sampleRate;
  out.channels = (CHANNELS[amode] ?? 0) + (lfe > 0 ? 1 : 0);
  out.samples = 32 * blocks;
  out.bitrate = kbit * 1000;
  out.profile = 0;
  out.headerLength = 0;
  out.frameLength = size + extensionBytes(buf, at + size);
  return out.frameLength;
}

const SYNC: readonly number[] = [0x7f, 0xfe, 0x80, 0x01];

/** Bytes of the extension substream (§7.4.1) that begins at `at`; 0 where none does. */
function extensionBytes(buf: Uint8Array, at: number): number {
  if (at + 10 > buf.length) return 0;
  const reader = new BitReader(buf, at);
  if (reader.bits(32) !== 0x64582025) return 0;
  reader.skip(8 + 2);
  const long = reader.flag();
  reader.skip(long ? 12 : 8);
  return reader.bits(long ? 20 : 16) + 1;
}
