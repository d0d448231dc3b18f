import { ByteReader } from "@millrace/bytes";

/** What an esds box says of a stream. */
export interface DecoderConfig {
  readonly objectType: number;
  /** Average bits a second; 0 unknown. */
  readonly bitrate: number;
  /** DecoderSpecificInfo; empty where there is none. A view. */
  readonly specific: Uint8Array;
}

const ES_DESCRIPTOR = 3;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC = 5;

/**
 * Reads the payload of an esds box (ISO/IEC 14496-1 §7.2.6.5) behind version and flags; undefined when it cannot be.
 * The sizes of the outer descriptors are not believed: some writers get them wrong, the bytes all the same right.
 */
export function readElementaryStream(payload: Uint8Array): DecoderConfig | undefined {
  const reader = new ByteReader(payload);
  if (reader.u8() !== ES_DESCRIPTOR) return undefined;
  readSize(reader);
  reader.skip(2);
  const flags = reader.u8();
  if ((flags & 0x80) !== 0) reader.skip(2);
  if ((flags & 0x40) !== 0) reader.skip(reader.u8());
  if ((flags & 0x20) !== 0) reader.skip(2);
  if (reader.u8() !== DECODER_CONFIG) return undefined;
  readSize(reader);
  const objectType = reader.u8();
  reader.skip(1 + 3 + 4);
  const bitrate = reader.u32();
  if (reader.overrun) return undefined;
  let specific = payload.subarray(0, 0);
  if (reader.left > 0 && payload[reader.at] === DECODER_SPECIFIC) {
    reader.skip(1);
    specific = reader.take(Math.min(readSize(reader), reader.left));
  }
  return { objectType, bitrate, specific };
}

/** Up to four bytes of seven bits. */
function readSize(reader: ByteReader): number {
  let size = 0;
  for (let i = 0; i < 4; i++) {
    const byte = reader.u8();
    size = (size << 7) | (byte & 0x7f);
    if ((byte & 0x80) === 0) break;
  }
  return size;
}
