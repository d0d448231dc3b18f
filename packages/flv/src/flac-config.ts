import { BitReader } from "@millrace/bytes";
import type { AudioFormat } from "@millrace/model";

/** STREAMINFO (RFC 9639 §8.2) and the header of its metadata block. */
const STREAMINFO_BYTES = 34;
const BLOCK_HEADER_BYTES = 4;
/** "fLaC". */
const SIGNATURE = Uint8Array.of(0x66, 0x4c, 0x61, 0x43);

/** What a FLAC sequence header says. */
export interface FlacConfig {
  /** The payload of a dfLa box: version and flags, then the STREAMINFO block. */
  readonly config: Uint8Array;
  readonly audio: AudioFormat;
}

/**
 * Reads "fLaC" with the STREAMINFO block behind it (Enhanced RTMP v2, FlacSequenceHeader); also the block alone, its 34
 * bytes alone, or the payload of a dfLa box, as some write it. Undefined for anything else.
 */
export function readFlacConfig(bytes: Uint8Array): FlacConfig | undefined {
  let at = 0;
  if (SIGNATURE.every((byte, i) => bytes[i] === byte)) at = SIGNATURE.length;
  else if (bytes.length >= 8 && bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0) {
    at = bytes[4] === 0 || bytes[4] === 0x80 ? 4 : 0;
  }
  if (bytes.length - at >= BLOCK_HEADER_BYTES + STREAMINFO_BYTES) at += BLOCK_HEADER_BYTES;
  const info = bytes.subarray(at, at + STREAMINFO_BYTES);
  if (info.length < STREAMINFO_BYTES) return undefined;
  const reader = new BitReader(info);
  const least = reader.bits(16);
  const most = reader.bits(16);
  reader.skip(48);
  const sampleRate = reader.bits(20);
  const channels = reader.bits(3) + 1;
  if (sampleRate === 0 || most < 16) return undefined;
  const config = new Uint8Array(4 + BLOCK_HEADER_BYTES + STREAMINFO_BYTES);
  // The last metadata block, type 0.
  config[4] = 0x80;
  config[7] = STREAMINFO_BYTES;
  config.set(info, 8);
  return {
    config,
    audio: {
      sampleRate,
      channels,
      ...(least === most ? { frameSamples: most } : {}),
    },
  };
}

/** The sequence header for the payload of a dfLa box. */
export function flacSequenceHeader(config: Uint8Array): Uint8Array {
  const header = config.slice();
  header.set(SIGNATURE);
  return header;
}
