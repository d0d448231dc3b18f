import { BitReader } from "@millrace/bytes";
import { type AudioFrameHeader, emptyAudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";
import { AC3_CHANNELS, AC3_SAMPLE_RATES } from "./ac3.ts";
import { readEac3Bsi } from "./eac3-bsi.ts";

/** strmtyp (ATSC A/52 Table E1.1). */
export const EAC3_INDEPENDENT = 0;
export const EAC3_DEPENDENT = 1;
/** An AC-3 frame transcoded to E-AC-3; stands alone. */
export const EAC3_CONVERTED = 2;

const BLOCKS: readonly number[] = [1, 2, 3, 6];
const HEADER_BYTES = 6;

/** Speaker places of each acmod in the bits of chanmap, most significant first (Table E2.5): L C R Ls Rs … Cs … */
const ACMOD_MAP: readonly number[] = [0xa000, 0x4000, 0xa000, 0xe000, 0xa100, 0xe100, 0xb800, 0xf800];
/** Bits of chanmap that stand for two speakers: Lc/Rc, Lrs/Rrs, Lsd/Rsd, Lw/Rw, Lvh/Rvh, Lts/Rts. */
const PAIRS = 0x0674;
const LFE_BIT = 0x0001;

/** One E-AC-3 sync frame (ATSC A/52 Annex E §E1.2.1, §E1.2.2). `profile` is bsid. */
export interface Eac3Header extends AudioFrameHeader {
  /** strmtyp. */
  streamType: number;
  substreamId: number;
  fscod: number;
  /** Audio blocks of 256 samples in the frame. */
  blocks: number;
  bsmod: number;
  acmod: number;
  lfe: boolean;
  /** Speaker places of the channels, in the bits of chanmap (Table E2.5). */
  channelMap: number;
  /** JOC (Dolby Atmos in E-AC-3): complexity index of ETSI TS 103 420 §8.3, 0 where not signalled. */
  jocComplexity: number;
}

export function emptyEac3Header(): Eac3Header {
  return {
    ...emptyAudioFrameHeader(),
    streamType: 0,
    substreamId: 0,
    fscod: 0,
    blocks: 0,
    bsmod: 0,
    acmod: 0,
    lfe: false,
    channelMap: 0,
    jocComplexity: 0,
  };
}

/**
 * Reads the header of the E-AC-3 sync frame at `buf[at]`, be it independent or dependent; see `AudioFrameParser`.
 * `bsmod` and `jocComplexity` are left alone: `readEac3Details` reads further.
 */
export function parseEac3Frame(buf: Uint8Array, at: number, out: Eac3Header): number {
  const left = buf.length - at;
  if (left < 1) return NEED_MORE;
  if (buf[at] !== 0x0b) return NO_FRAME;
  if (left < 2) return NEED_MORE;
  if (buf[at + 1] !== 0x77) return NO_FRAME;
  if (left < HEADER_BYTES) return NEED_MORE;
  const third = buf[at + 2] as number;
  const fifth = buf[at + 4] as number;
  const bsid = (buf[at + 5] as number) >> 3;
  const streamType = third >> 6;
  if (bsid < 11 || bsid > 16 || streamType === 3) return NO_FRAME;
  const fscod = fifth >> 6;
  const code = (fifth >> 4) & 3;
  const reduced = fscod === 3;
  if (reduced && code === 3) return NO_FRAME;
  const sampleRate = reduced ? (AC3_SAMPLE_RATES[code] as number) >> 1 : (AC3_SAMPLE_RATES[fscod] as number);
  out.streamType = streamType;
  out.substreamId = (third >> 3) & 7;
  out.fscod = fscod;
  out.blocks = reduced ? 6 : (BLOCKS[code] as number);
  out.acmod = (fifth >> 1) & 7;
  out.lfe = (fifth & 1) === 1;
  out.profile = bsid;
  out.sampleRate = sampleRate;
  out.samples = 256 * out.blocks;
  out.channels = (AC3_CHANNELS[out.acmod] as number) + (fifth & 1);
  out.channelMap = (ACMOD_MAP[out.acmod] as number) | (out.lfe ? LFE_BIT : 0);
  out.headerLength = 0;
  out.frameLength = 2 * ((((third & 7) << 8) | (buf[at + 3] as number)) + 1);
  out.bitrate = Math.round((8 * out.frameLength * sampleRate) / out.samples);
  return out.frameLength < HEADER_BYTES ? NO_FRAME : out.frameLength;
}

const dependent = emptyEac3Header();

/**
 * Reads one access unit at `buf[at]`; see `AudioFrameParser`: an independent frame of substream 0 with the dependent
 * frames and further independent substreams behind it. `channels` counts those of the dependent substreams of
 * substream 0 (7.1), `bitrate` sums all. A unit that ends where the buffer ends is taken as whole.
 */
export function parseEac3(buf: Uint8Array, at: number, out: Eac3Header): number {
  const first = parseEac3Frame(buf, at, out);
  if (first <= 0) return first;
  // A unit cannot begin in its middle.
  if (out.streamType === EAC3_DEPENDENT || out.substreamId !== 0) return NO_FRAME;
  let length = first;
  let inProgramZero = true;
  let map = out.channelMap;
  while (at + length < buf.length) {
    const next = parseEac3Frame(buf, at + length, dependent);
    if (next === NEED_MORE) return NEED_MORE;
    if (next === NO_FRAME || (dependent.streamType !== EAC3_DEPENDENT && dependent.substreamId === 0)) break;
    if (dependent.streamType !== EAC3_DEPENDENT) inProgramZero = false;
    else if (inProgramZero) map |= readEac3Details(buf, at + length, dependent).channelMap;
    length += next;
  }
  if (map !== out.channelMap) {
    out.channelMap = map;
    out.channels = countChannels(map);
  }
  out.bitrate = Math.round((8 * length * out.sampleRate) / out.samples);
  out.frameLength = length;
  return length;
}

/**
 * Reads what stands behind the fixed header: the custom channel map of a dependent frame, bsmod and the JOC index,
 * into `header`, which `parseEac3Frame` has filled from the same place. Returns `header`.
 */
export function readEac3Details(buf: Uint8Array, at: number, header: Eac3Header): Eac3Header {
  const reader = new BitReader(buf, at, Math.min(buf.length, at + header.frameLength));
  const bsi = readEac3Bsi(reader, header);
  if (bsi.channelMap !== 0) header.channelMap = bsi.channelMap;
  header.bsmod = bsi.bsmod;
  header.jocComplexity = bsi.jocComplexity;
  return header;
}

/** Channels in a chanmap. */
export function countChannels(map: number): number {
  let count = 0;
  for (let bit = 1; bit <= 0x8000; bit <<= 1) {
    if ((map & bit) !== 0) count += (bit & PAIRS) === 0 ? 1 : 2;
  }
  return count;
}
