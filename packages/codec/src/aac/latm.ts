import { BitReader, BitWriter, equalBytes } from "@millrace/bytes";
import { unbuildable } from "../errors.ts";
import { type AudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";
import {
  type AudioSpecificConfig,
  parseAudioSpecificConfig,
  readAudioSpecificConfig,
} from "./audio-specific-config.ts";

/** Bytes of the LOAS sync layer before an AudioMuxElement. */
export const LOAS_HEADER_BYTES = 3;

/**
 * Reads the LOAS AudioSyncStream header (ISO/IEC 14496-3 §1.7.2) at `buf[at]`; see `AudioFrameParser`. Only the
 * lengths are filled in: rate and channels stand in the StreamMuxConfig inside, which `LatmParser` reads.
 */
export function parseLoas(buf: Uint8Array, at: number, out: AudioFrameHeader): number {
  const left = buf.length - at;
  if (left < 1) return NEED_MORE;
  if (buf[at] !== 0x56) return NO_FRAME;
  if (left < 2) return NEED_MORE;
  const second = buf[at + 1] as number;
  if ((second & 0xe0) !== 0xe0) return NO_FRAME;
  if (left < LOAS_HEADER_BYTES) return NEED_MORE;
  const length = ((second & 0x1f) << 8) | (buf[at + 2] as number);
  if (length === 0) return NO_FRAME;
  out.headerLength = LOAS_HEADER_BYTES;
  out.frameLength = LOAS_HEADER_BYTES + length;
  return out.frameLength;
}

/** Why `LatmParser.parse` gave no frame. */
export type LatmFailure = "none" | "no-config" | "unsupported" | "damaged";

/**
 * Reads AudioMuxElements (ISO/IEC 14496-3 §1.7.3) with one program and one layer, as broadcasting uses them, and
 * hands out the raw AAC frames. Remembers the StreamMuxConfig between elements.
 */
export class LatmParser {
  /** Raw frames of the last element; each is fresh memory that belongs to the caller. */
  readonly frames: Uint8Array[] = [];
  /** The configuration in force. */
  config: AudioSpecificConfig | undefined;
  /** The same as bytes. */
  configBytes: Uint8Array | undefined;
  /** Grows with each change of the configuration. */
  configVersion = 0;
  failure: LatmFailure = "none";

  readonly #reader = new BitReader(new Uint8Array(0));
  #subFrames = 1;
  #otherDataBits = 0;
  #fixedFrameBits = -1;

  /** Reads one element (without LOAS header). True when `frames` holds at least one. */
  parse(element: Uint8Array): boolean {
    this.frames.length = 0;
    this.failure = "none";
    const reader = this.#reader;
    reader.reset(element);
    // useSameStreamMux
    if (!reader.flag() && !this.#readStreamMuxConfig(element)) return false;
    if (this.config === undefined) return this.#fail("no-config");
    for (let i = 0; i < this.#subFrames; i++) {
      const bytes = this.#readPayloadLength();
      if (reader.overrun || bytes * 8 > reader.left) return this.#fail("damaged");
      const frame = copyBits(element, reader.bitPosition, bytes * 8);
      reader.skip(bytes * 8);
      if (bytes > 0) this.frames.push(frame);
    }
    if (this.#otherDataBits > reader.left) return this.#fail("damaged");
    return this.frames.length > 0;
  }

  #fail(why: LatmFailure): false {
    this.failure = why;
    this.frames.length = 0;
    return false;
  }

  /** PayloadLengthInfo, ISO/IEC 14496-3 Table 1.43, in bytes. */
  #readPayloadLength(): number {
    if (this.#fixedFrameBits >= 0) return this.#fixedFrameBits >> 3;
    let bytes = 0;
    for (;;) {
      const part = this.#reader.bits(8);
      bytes += part;
      if (part !== 255) return bytes;
    }
  }

  /** StreamMuxConfig, ISO/IEC 14496-3 Table 1.42. */
  #readStreamMuxConfig(element: Uint8Array): boolean {
    const reader = this.#reader;
    const version = reader.bit();
    if (version === 1 && reader.flag()) return this.#fail("unsupported");
    if (version === 1) readLatmValue(reader);
    const sameTimeFraming = reader.flag();
    const subFrames = reader.bits(6) + 1;
    const programs = reader.bits(4) + 1;
    const layers = reader.bits(3) + 1;
    if (!sameTimeFraming || programs > 1 || layers > 1) return this.#fail("unsupported");
    const asc = this.#readConfig(element, version);
    if (asc === undefined) return this.#fail("damaged");
    const fixedFrameBits = this.#readFrameLengthType();
    if (fixedFrameBits === undefined) return this.#fail("unsupported");
    const otherDataBits = reader.flag() ? readOtherDataLength(reader, version) : 0;
    if (reader.flag()) reader.skip(8);
    if (reader.overrun) return this.#fail("damaged");
    this.#subFrames = subFrames;
    this.#fixedFrameBits = fixedFrameBits;
    this.#otherDataBits = otherDataBits;
    this.#setConfig(asc);
    return true;
  }

  /** The AudioSpecificConfig, byte aligned. */
  #readConfig(element: Uint8Array, version: number): Uint8Array | undefined {
    const reader = this.#reader;
    if (version === 1) {
      const bits = readLatmValue(reader);
      if (bits > reader.left) return undefined;
      const bytes = copyBits(element, reader.bitPosition, bits);
      reader.skip(bits);
      return bytes;
    }
    const from = reader.bitPosition;
    const config = readAudioSpecificConfig(reader);
    return config === undefined ? undefined : copyBits(element, from, config.bitLength);
  }

  /** Bits of a frame where constant, -1 where each says its own length, undefined for CELP and HVXC. */
  #readFrameLengthType(): number | undefined {
    const type = this.#reader.bits(3);
    if (type === 0) {
      this.#reader.skip(8);
      return -1;
    }
    return type === 1 ? 8 * (this.#reader.bits(9) + 20) : undefined;
  }

  #setConfig(bytes: Uint8Array): void {
    if (this.configBytes !== undefined && equalBytes(bytes, this.configBytes)) return;
    const config = parseAudioSpecificConfig(bytes);
    if (config === undefined) return;
    this.config = config;
    this.configBytes = bytes;
    this.configVersion++;
  }
}

/**
 * Wraps one raw AAC frame into a LOAS frame with its StreamMuxConfig (audioMuxVersion 0), so that a receiver can
 * start at any frame. Throws `codec.unbuildable` for a configuration that cannot be read or a frame past 13 bits.
 */
export function buildLoasFrame(configBytes: Uint8Array, frame: Uint8Array): Uint8Array {
  const config = readAudioSpecificConfig(new BitReader(configBytes));
  if (config === undefined) throw unbuildable("LOAS frame", "unreadable AudioSpecificConfig");
  const writer = new BitWriter(frame.length + configBytes.length + 16);
  // Sync and a length filled in below; useSameStreamMux 0, audioMuxVersion 0, same time framing 1, one sub-frame,
  // one program, one layer.
  writer
    .bits(0x2b7, 11)
    .bits(0, 13)
    .bit(0)
    .bit(0)
    .bit(1)
    .bits(0, 6 + 4 + 3);
  const reader = new BitReader(configBytes);
  for (let i = 0; i < config.bitLength; i++) writer.bit(reader.bit());
  // frameLengthType 0 with latmBufferFullness 0xFF (variable rate), no other data, no CRC.
  writer.bits(0, 3).bits(0xff, 8).bit(0).bit(0);
  for (let left = frame.length; ; left -= 255) {
    writer.bits(Math.min(255, left), 8);
    if (left < 255) break;
  }
  const out = writer.bytes(frame).align().toBytes();
  const length = out.length - LOAS_HEADER_BYTES;
  if (length > 0x1fff) throw unbuildable("LOAS frame", `a frame of ${frame.length} bytes`);
  out[1] = 0xe0 | (length >> 8);
  out[2] = length & 0xff;
  return out;
}

/** LatmGetValue, ISO/IEC 14496-3 Table 1.45. */
function readLatmValue(reader: BitReader): number {
  return reader.bits(8 * (reader.bits(2) + 1));
}

function readOtherDataLength(reader: BitReader, version: number): number {
  if (version === 1) return readLatmValue(reader);
  let bits = 0;
  let more = true;
  while (more && !reader.overrun) {
    more = reader.flag();
    bits = bits * 256 + reader.bits(8);
    if (bits > 0xffffff) return bits;
  }
  return bits;
}

/** `count` bits from bit offset `from`, moved to a byte boundary; the last byte is filled with zeros. */
function copyBits(bytes: Uint8Array, from: number, count: number): Uint8Array {
  const out = new Uint8Array((count + 7) >> 3);
  const shift = from & 7;
  let index = from >>> 3;
  if (shift === 0) {
    out.set(bytes.subarray(index, index + out.length));
  } else {
    for (let i = 0; i < out.length; i++, index++) {
      out[i] = ((bytes[index] as number) << shift) | ((bytes[index + 1] ?? 0) >> (8 - shift));
    }
  }
  const tail = count & 7;
  if (tail !== 0) out[out.length - 1] = (out[out.length - 1] as number) & (0xff << (8 - tail));
  return out;
}
