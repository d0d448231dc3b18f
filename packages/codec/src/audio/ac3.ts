import { BitReader, BitWriter } from "@millrace/bytes";
import { type AudioFrameHeader, emptyAudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";

/** Hz by fscod (ATSC A/52 Table 5.6). */
export const AC3_SAMPLE_RATES: readonly number[] = [48_000, 44_100, 32_000];
/** Full-bandwidth channels by acmod (Table 5.8). */
export const AC3_CHANNELS: readonly number[] = [2, 1, 2, 3, 3, 4, 4, 5];
/** Kbit/s by frmsizecod >> 1 (Table 5.18). */
const BITRATES: readonly number[] = [
  32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
];
const SAMPLES = 1536;

/** An AC-3 sync frame header (ATSC A/52 §5.3.1, §5.3.2). `profile` is bsid. */
export interface Ac3Header extends AudioFrameHeader {
  fscod: number;
  frmsizecod: number;
  bsmod: number;
  acmod: number;
  lfe: boolean;
}

export function emptyAc3Header(): Ac3Header {
  return { ...emptyAudioFrameHeader(), fscod: 0, frmsizecod: 0, bsmod: 0, acmod: 0, lfe: false };
}

/** Reads the AC-3 header at `buf[at]`; see `AudioFrameParser`. E-AC-3 (bsid above 10) is no frame here. */
export function parseAc3(buf: Uint8Array, at: number, out: Ac3Header): number {
  const left = buf.length - at;
  if (left < 1) return NEED_MORE;
  if (buf[at] !== 0x0b) return NO_FRAME;
  if (left < 2) return NEED_MORE;
  if (buf[at + 1] !== 0x77) return NO_FRAME;
  if (left < 8) return NEED_MORE;
  const codes = buf[at + 4] as number;
  const bsid = (buf[at + 5] as number) >> 3;
  const rate = AC3_SAMPLE_RATES[codes >> 6];
  const kbit = BITRATES[(codes & 0x3f) >> 1];
  if (bsid > 10 || rate === undefined || kbit === undefined) return NO_FRAME;
  const sixth = buf[at + 6] as number;
  const acmod = sixth >> 5;
  // bsid 9 and 10 halve and quarter the rate (in use, though not in A/52): same bytes for a longer time.
  const slower = bsid > 8 ? bsid - 8 : 0;
  out.fscod = codes >> 6;
  out.frmsizecod = codes & 0x3f;
  out.profile = bsid;
  out.bsmod = (buf[at + 5] as number) & 7;
  out.acmod = acmod;
  out.lfe = readLfe(sixth, buf[at + 7] as number, acmod);
  out.channels = (AC3_CHANNELS[acmod] as number) + (out.lfe ? 1 : 0);
  out.sampleRate = rate >> slower;
  out.samples = SAMPLES;
  out.bitrate = (kbit * 1000) >> slower;
  out.headerLength = 0;
  out.frameLength = 2 * frameWords(out.fscod, kbit, codes & 1);
  return out.frameLength;
}

/** bsid of the frame at `buf[at]`: up to 10 AC-3, 11 to 16 E-AC-3; -1 where there is no sync word. */
export function ac3Bsid(buf: Uint8Array, at: number): number {
  if (at + 6 > buf.length || buf[at] !== 0x0b || buf[at + 1] !== 0x77) return -1;
  return (buf[at + 5] as number) >> 3;
}

/** The payload of a dac3 box (ETSI TS 102 366 §F.4). */
export function buildDac3(header: Ac3Header): Uint8Array {
  const writer = new BitWriter(8);
  writer.bits(header.fscod, 2).bits(header.profile, 5).bits(header.bsmod, 3).bits(header.acmod, 3);
  writer
    .bit(header.lfe)
    .bits(header.frmsizecod >> 1, 5)
    .bits(0, 5);
  return writer.toBytes();
}

/** What a dac3 box says. */
export interface Dac3 {
  readonly sampleRate: number;
  readonly channels: number;
  /** Bits a second. */
  readonly bitrate: number;
  readonly bsid: number;
  readonly bsmod: number;
}

/** Reads the payload of a dac3 box; undefined when it is short or makes no sense. */
export function parseDac3(bytes: Uint8Array): Dac3 | undefined {
  const reader = new BitReader(bytes);
  const rate = AC3_SAMPLE_RATES[reader.bits(2)];
  const bsid = reader.bits(5);
  const bsmod = reader.bits(3);
  const acmod = reader.bits(3);
  const lfe = reader.bit();
  const kbit = BITRATES[reader.bits(5)];
  if (reader.overrun || rate === undefined || kbit === undefined) return undefined;
  const channels = (AC3_CHANNELS[acmod] as number) + lfe;
  return { sampleRate: rate, channels, bitrate: kbit * 1000, bsid, bsmod };
}

/** Words of 16 bits in a frame (Table 5.18): exact at 48 and 32 kHz, rounded with a padding bit at 44.1 kHz. */
function frameWords(fscod: number, kbit: number, odd: number): number {
  if (fscod === 0) return kbit * 2;
  if (fscod === 2) return kbit * 3;
  return Math.floor((kbit * 320) / 147) + odd;
}

/** lfeon stands behind mix levels that depend on acmod (§5.3.2). */
function readLfe(sixth: number, seventh: number, acmod: number): boolean {
  let at = 3;
  if ((acmod & 1) !== 0 && acmod !== 1) at += 2;
  if ((acmod & 4) !== 0) at += 2;
  if (acmod === 2) at += 2;
  return ((((sixth << 8) | seventh) >> (15 - at)) & 1) === 1;
}
