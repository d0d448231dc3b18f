import { i16be, putU16be, putU32be, u16be, u32be } from "@millrace/bytes";
import { unbuildable } from "../errors.ts";
import { type AudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";

/** Opus always decodes at this rate, Hz (RFC 6716 §2). */
export const OPUS_SAMPLE_RATE = 48_000;
/** A packet holds at most 120 ms (RFC 6716 §3.2.5). */
const MAX_SAMPLES = 5760;

/** The identification header (RFC 7845 §5.1), which ISO BMFF stores as dOps. */
export interface OpusHead {
  readonly channels: number;
  /** Samples at 48 kHz to drop at the start. */
  readonly preSkip: number;
  /** Of the original, Hz; for information. */
  readonly inputSampleRate: number;
  /** Q7.8 dB. */
  readonly outputGain: number;
  readonly mappingFamily: number;
  /** Present for families other than 0. */
  readonly mapping?: { readonly streams: number; readonly coupled: number; readonly channels: Uint8Array };
}

/** Samples at 48 kHz in one frame, by the configuration number of the TOC byte (RFC 6716 Table 2). */
function frameSamples(config: number): number {
  if (config < 12) return [480, 960, 1920, 2880][config & 3] as number;
  if (config < 16) return (config & 1) === 0 ? 480 : 960;
  return 120 << (config & 3);
}

/** Duration of the Opus packet `buf[start..end)` in samples at 48 kHz; 0 when it is no valid packet. */
export function opusPacketSamples(buf: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  const toc = buf[start] as number;
  const code = toc & 3;
  let count = code === 0 ? 1 : 2;
  if (code === 3) {
    if (start + 1 >= end) return 0;
    count = (buf[start + 1] as number) & 0x3f;
  }
  const samples = count * frameSamples(toc >> 3);
  return samples > MAX_SAMPLES ? 0 : samples;
}

/** An Opus packet behind its control header in a transport stream. */
export interface OpusTsHeader extends AudioFrameHeader {
  /** Samples to drop at the packet's start and end. */
  startTrim: number;
  endTrim: number;
}

/**
 * Reads the opus_control_header (ETSI TS 103 491 §4.3 / Opus in MPEG-TS §4.2) at `buf[at]`; see `AudioFrameParser`.
 * `channels` is what the packet codes (1 or 2); for more the descriptor in the PMT tells.
 */
export function parseOpusTs(buf: Uint8Array, at: number, out: OpusTsHeader): number {
  const left = buf.length - at;
  if (left < 1) return NEED_MORE;
  if (buf[at] !== 0x7f) return NO_FRAME;
  if (left < 2) return NEED_MORE;
  const flags = buf[at + 1] as number;
  if ((flags & 0xe0) !== 0xe0) return NO_FRAME;
  let pos = at + 2;
  let payload = 0;
  for (;;) {
    if (pos >= buf.length) return NEED_MORE;
    const part = buf[pos++] as number;
    payload += part;
    if (part !== 255) break;
  }
  const trimBytes = ((flags >> 4) & 1) * 2 + ((flags >> 3) & 1) * 2;
  const extended = ((flags >> 2) & 1) === 1;
  if (pos + trimBytes + (extended ? 1 : 0) > buf.length) return NEED_MORE;
  out.startTrim = 0;
  out.endTrim = 0;
  if ((flags & 0x10) !== 0) {
    out.startTrim = u16be(buf, pos) & 0x1fff;
    pos += 2;
  }
  if ((flags & 0x08) !== 0) {
    out.endTrim = u16be(buf, pos) & 0x1fff;
    pos += 2;
  }
  if (extended) pos += 1 + (buf[pos] as number);
  if (payload === 0) return NO_FRAME;
  if (pos + Math.min(2, payload) > buf.length) return NEED_MORE;
  const samples = opusPacketSamples(buf, pos, pos + payload);
  if (samples === 0) return NO_FRAME;
  out.headerLength = pos - at;
  out.frameLength = pos - at + payload;
  out.sampleRate = OPUS_SAMPLE_RATE;
  out.channels = ((buf[pos] as number) & 4) === 0 ? 1 : 2;
  out.samples = samples;
  out.bitrate = 0;
  out.profile = 0;
  return out.frameLength;
}

export function emptyOpusTsHeader(): OpusTsHeader {
  return {
    frameLength: 0,
    headerLength: 0,
    sampleRate: 0,
    channels: 0,
    samples: 0,
    bitrate: 0,
    profile: 0,
    startTrim: 0,
    endTrim: 0,
  };
}

/** The control header, without trimming, for a packet of `packetBytes` bytes. */
export function buildOpusControlHeader(packetBytes: number): Uint8Array {
  const full = Math.floor(packetBytes / 255);
  const out = new Uint8Array(2 + full + 1).fill(255);
  out[0] = 0x7f;
  out[1] = 0xe0;
  out[out.length - 1] = packetBytes - 255 * full;
  return out;
}

const VORBIS_STREAMS: readonly number[] = [1, 1, 2, 2, 3, 4, 4, 5];
const VORBIS_COUPLED: readonly number[] = [0, 1, 1, 2, 2, 2, 3, 3];
const VORBIS_MAPS: readonly (readonly number[])[] = [
  [0],
  [0, 1],
  [0, 2, 1],
  [0, 1, 2, 3],
  [0, 4, 1, 2, 3],
  [0, 4, 1, 2, 3, 5],
  [0, 4, 1, 2, 3, 5, 6],
  [0, 6, 1, 2, 3, 4, 5, 7],
];

/**
 * The header that a channel_config_code of the Opus descriptor in a PMT (extension descriptor, tag 0x80) stands for:
 * 0 dual mono, 1 to 8 channels in Vorbis order. Undefined for the codes that spell their mapping out.
 */
export function opusHeadOfChannelConfig(code: number): OpusHead | undefined {
  const base = { preSkip: 0, inputSampleRate: OPUS_SAMPLE_RATE, outputGain: 0 };
  if (code === 0) {
    const mapping = { streams: 1, coupled: 1, channels: Uint8Array.of(0, 1) };
    return { ...base, channels: 2, mappingFamily: 255, mapping };
  }
  if (code > 8) return undefined;
  if (code <= 2) return { ...base, channels: code, mappingFamily: 0 };
  const streams = VORBIS_STREAMS[code - 1] as number;
  const coupled = VORBIS_COUPLED[code - 1] as number;
  const channels = Uint8Array.from(VORBIS_MAPS[code - 1] as readonly number[]);
  return { ...base, channels: code, mappingFamily: 1, mapping: { streams, coupled, channels } };
}

/** The channel_config_code for a header; undefined where only an explicit mapping would do. */
export function opusChannelConfig(head: OpusHead): number | undefined {
  if (head.mappingFamily === 255 && head.channels === 2) return 0;
  return head.mappingFamily <= 1 && head.channels >= 1 && head.channels <= 8 ? head.channels : undefined;
}

/** Reads the payload of a dOps box; undefined when it is short or of another version. */
export function parseDops(bytes: Uint8Array): OpusHead | undefined {
  if (bytes.length < 11 || bytes[0] !== 0) return undefined;
  const channels = bytes[1] as number;
  const mappingFamily = bytes[10] as number;
  if (channels === 0) return undefined;
  const head = {
    channels,
    preSkip: u16be(bytes, 2),
    inputSampleRate: u32be(bytes, 4),
    outputGain: i16be(bytes, 8),
    mappingFamily,
  };
  if (mappingFamily === 0) return channels > 2 ? undefined : head;
  if (bytes.length < 13 + channels) return undefined;
  const mapping = {
    streams: bytes[11] as number,
    coupled: bytes[12] as number,
    channels: bytes.slice(13, 13 + channels),
  };
  return { ...head, mapping };
}

/** Writes the payload of a dOps box. Throws `codec.unbuildable` where the mapping does not fit the channels. */
export function buildDops(head: OpusHead): Uint8Array {
  const { mapping } = head;
  const mapped = head.mappingFamily !== 0;
  if (mapped && mapping?.channels.length !== head.channels) {
    throw unbuildable("dOps", "the channel mapping does not fit the channels");
  }
  const out = new Uint8Array(mapped ? 13 + head.channels : 11);
  out[1] = head.channels;
  putU16be(out, 2, head.preSkip);
  putU32be(out, 4, head.inputSampleRate);
  putU16be(out, 8, head.outputGain & 0xffff);
  out[10] = head.mappingFamily;
  if (mapped && mapping !== undefined) {
    out[11] = mapping.streams;
    out[12] = mapping.coupled;
    out.set(mapping.channels, 13);
  }
  return out;
}

const MAGIC = Uint8Array.of(0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64);

/** Reads an "OpusHead" packet: the fields of dOps in little-endian order behind a name (RFC 7845 §5.1). */
export function parseOpusHead(bytes: Uint8Array): OpusHead | undefined {
  if (bytes.length < 19 || MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined;
  // Major version 0; minor versions are compatible.
  if (((bytes[8] as number) & 0xf0) !== 0) return undefined;
  return parseDops(swapFields(bytes.subarray(8)));
}

/** Writes an "OpusHead" packet. Throws as `buildDops`. */
export function buildOpusHead(head: OpusHead): Uint8Array {
  const fields = swapFields(buildDops(head));
  fields[0] = 1;
  const out = new Uint8Array(8 + fields.length);
  out.set(MAGIC);
  out.set(fields, 8);
  return out;
}

/** Turns the byte order of the three multi-byte fields and clears the version, which dOps counts from 0. */
function swapFields(fields: Uint8Array): Uint8Array {
  const out = fields.slice();
  out[0] = 0;
  out.set(fields.slice(2, 4).reverse(), 2);
  out.set(fields.slice(4, 8).reverse(), 4);
  out.set(fields.slice(8, 10).reverse(), 8);
  return out;
}
