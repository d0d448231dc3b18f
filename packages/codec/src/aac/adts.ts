import { BitReader, BitWriter } from "@millrace/bytes";
import { unbuildable } from "../errors.ts";
import { type AudioFrameHeader, emptyAudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";
import {
  AAC_SAMPLE_RATES,
  type AudioSpecificConfig,
  buildAudioSpecificConfig,
  readProgramConfigChannels,
} from "./audio-specific-config.ts";

/** Bytes of an ADTS header without CRC. */
export const ADTS_HEADER_BYTES = 7;
/** The frame length field has 13 bits. */
export const ADTS_MAX_FRAME_BYTES = 8191;

/** An ADTS header (ISO/IEC 13818-7 §6.2). */
export interface AdtsHeader extends AudioFrameHeader {
  /** 0 where a program config element in the frame tells the channels. */
  channelConfig: number;
  /** number_of_raw_data_blocks_in_frame + 1. */
  rawBlocks: number;
}

export function emptyAdtsHeader(): AdtsHeader {
  return { ...emptyAudioFrameHeader(), channelConfig: 0, rawBlocks: 0 };
}

/** Reads the ADTS header at `buf[at]`; see `AudioFrameParser`. */
export function parseAdts(buf: Uint8Array, at: number, out: AdtsHeader): number {
  const left = buf.length - at;
  if (left < 1) return NEED_MORE;
  if (buf[at] !== 0xff) return NO_FRAME;
  if (left < 2) return NEED_MORE;
  const second = buf[at + 1] as number;
  // Twelve sync bits, any ID, layer always 0.
  if ((second & 0xf6) !== 0xf0) return NO_FRAME;
  if (left < ADTS_HEADER_BYTES) return NEED_MORE;
  const third = buf[at + 2] as number;
  const fourth = buf[at + 3] as number;
  const rate = AAC_SAMPLE_RATES[(third >> 2) & 15];
  if (rate === undefined) return NO_FRAME;
  const length = ((fourth & 3) << 11) | ((buf[at + 4] as number) << 3) | ((buf[at + 5] as number) >> 5);
  const blocks = ((buf[at + 6] as number) & 3) + 1;
  // With CRC, each further raw data block has a position entry (adts_header_error_check).
  const headerLength = (second & 1) === 1 ? ADTS_HEADER_BYTES : ADTS_HEADER_BYTES + 2 * blocks;
  if (length < headerLength) return NO_FRAME;
  const channelConfig = ((third & 1) << 2) | (fourth >> 6);
  out.frameLength = length;
  out.headerLength = headerLength;
  out.sampleRate = rate;
  out.channelConfig = channelConfig;
  out.channels = channelConfig === 7 ? 8 : channelConfig;
  out.rawBlocks = blocks;
  out.samples = 1024 * blocks;
  out.bitrate = 0;
  out.profile = (third >> 6) + 1;
  if (channelConfig === 0) out.channels = channelsInFrame(buf, at + headerLength, at + length);
  return length;
}

/**
 * The AudioSpecificConfig of the ADTS frame at `at`, whose header has been read: with the frame's program config
 * element where the header names no channel configuration. Undefined where neither is there.
 */
export function adtsToAudioSpecificConfig(
  buf: Uint8Array,
  at: number,
  header: AdtsHeader,
): Uint8Array | undefined {
  const { profile, sampleRate, channelConfig } = header;
  if (channelConfig !== 0)
    return buildAudioSpecificConfig({ objectType: profile, sampleRate, channelConfig });
  const end = Math.min(buf.length, at + header.frameLength);
  const reader = new BitReader(buf, at + header.headerLength, end);
  if (reader.bits(3) !== ID_PCE) return undefined;
  const from = reader.bitPosition;
  if (readProgramConfigChannels(reader) === 0) return undefined;
  return withProgramConfig(header, buf, { from, to: reader.bitPosition });
}

/** The fields that an ADTS header takes from a configuration. */
export interface AdtsFields {
  readonly objectType: number;
  readonly sampleRate: number;
  readonly channelConfig: number;
}

/** What `writeAdtsHeader` needs of a configuration. Throws `codec.unbuildable` for one that ADTS cannot carry. */
export function adtsFields(config: AudioSpecificConfig): AdtsFields {
  if (config.objectType < 1 || config.objectType > 4) {
    throw unbuildable("ADTS header", `object type ${config.objectType}`);
  }
  if (!AAC_SAMPLE_RATES.includes(config.sampleRate)) {
    throw unbuildable("ADTS header", `sample rate ${config.sampleRate}`);
  }
  if (config.channelConfig > 7) throw unbuildable("ADTS header", `channels ${config.channelConfig}`);
  return config;
}

/**
 * Writes the 7-byte header (without CRC) for one raw frame of `frameBytes` bytes at the start of `target`. Throws
 * `codec.unbuildable` when the frame is too long.
 */
export function writeAdtsHeader(target: Uint8Array, fields: AdtsFields, frameBytes: number): void {
  const length = frameBytes + ADTS_HEADER_BYTES;
  if (length > ADTS_MAX_FRAME_BYTES) throw unbuildable("ADTS header", `a frame of ${frameBytes} bytes`);
  const rateIndex = AAC_SAMPLE_RATES.indexOf(fields.sampleRate);
  const channels = fields.channelConfig;
  target[0] = 0xff;
  target[1] = 0xf1;
  target[2] = ((fields.objectType - 1) << 6) | (rateIndex << 2) | (channels >> 2);
  target[3] = ((channels & 3) << 6) | (length >> 11);
  target[4] = (length >> 3) & 0xff;
  // adts_buffer_fullness 0x7FF: variable rate. One raw data block.
  target[5] = ((length & 7) << 5) | 0x1f;
  target[6] = 0xfc;
}

/** id_syn_ele of a program config element (ISO/IEC 13818-7 Table 48). */
const ID_PCE = 5;

function channelsInFrame(buf: Uint8Array, from: number, to: number): number {
  const reader = new BitReader(buf, from, Math.min(to, buf.length));
  return reader.bits(3) === ID_PCE ? readProgramConfigChannels(reader) : 0;
}

/** A configuration with channelConfiguration 0 and the frame's program config element behind GASpecificConfig. */
function withProgramConfig(
  header: AdtsHeader,
  buf: Uint8Array,
  range: { readonly from: number; readonly to: number },
): Uint8Array {
  const writer = new BitWriter(32);
  writer
    .bits(header.profile, 5)
    .bits(AAC_SAMPLE_RATES.indexOf(header.sampleRate), 4)
    .bits(0, 4 + 3);
  // The element aligns itself before its comment, so its two parts are copied apart (§4.4.1.1, byte_alignment).
  const reader = new BitReader(buf);
  reader.skip(range.from);
  const comment = commentOffset(buf, range);
  while (reader.bitPosition < comment.fieldsEnd) writer.bit(reader.bit());
  writer.align();
  return appendBytes(writer.toBytes(), buf.subarray(comment.at, range.to >>> 3));
}

/** Where the fixed fields of the element end, in bits, and where its comment (with its length byte) begins. */
function commentOffset(
  buf: Uint8Array,
  range: { readonly from: number; readonly to: number },
): { fieldsEnd: number; at: number } {
  const last = range.to >>> 3;
  const reader = new BitReader(buf);
  reader.skip(range.from + 10);
  const counts = [reader.bits(4), reader.bits(4), reader.bits(4)];
  const lfe = reader.bits(2);
  const data = reader.bits(3);
  const coupling = reader.bits(4);
  for (const bits of [4, 4, 3]) if (reader.flag()) reader.skip(bits);
  for (const count of counts) reader.skip(5 * count);
  reader.skip(4 * lfe + 4 * data + 5 * coupling);
  const fieldsEnd = reader.bitPosition;
  return { fieldsEnd, at: Math.min(last, (fieldsEnd + 7) >>> 3) };
}

function appendBytes(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
