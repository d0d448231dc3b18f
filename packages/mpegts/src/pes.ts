/** PES packet headers (ISO/IEC 13818-1 §2.4.3.6 and §2.4.3.7). */

export const STREAM_ID_PRIVATE_1 = 0xbd;
export const STREAM_ID_PADDING = 0xbe;
export const STREAM_ID_AUDIO = 0xc0;
export const STREAM_ID_VIDEO = 0xe0;
export const STREAM_ID_METADATA = 0xfc;
export const STREAM_ID_EXTENDED = 0xfd;

/** Result of `PesHeader.parse`. */
export const PES_OK = 0;
/** Not a PES packet, or a header that contradicts itself. */
export const PES_BAD = 1;
/** The header goes on behind `end`. */
export const PES_SHORT = 2;

/** Stream ids without the optional header fields (§2.4.3.7, table 2-21). */
export function hasPlainPesHeader(streamId: number): boolean {
  return (
    streamId === 0xbc || // program_stream_map
    streamId === 0xbe || // padding_stream
    streamId === 0xbf || // private_stream_2
    streamId === 0xf0 || // ECM
    streamId === 0xf1 || // EMM
    streamId === 0xf2 || // DSM-CC
    streamId === 0xf8 || // ITU-T H.222.1 type E
    streamId === 0xff // program_stream_directory
  );
}

/** A 33-bit time stamp out of the five bytes at `buf[at]` (marker bits are not checked: real encoders get them wrong). */
export function readTimestamp(buf: Uint8Array, at: number): number {
  const low =
    ((buf[at + 1] as number) << 22) |
    (((buf[at + 2] as number) >> 1) << 15) |
    ((buf[at + 3] as number) << 7) |
    ((buf[at + 4] as number) >> 1);
  return (((buf[at] as number) >> 1) & 7) * 0x40000000 + low;
}

/**
 * Writes a 33-bit time stamp (taken modulo 2³³) into five bytes at `buf[at]`, keeping the upper half of the first byte,
 * which says what it is.
 */
export function writeTimestamp(buf: Uint8Array, at: number, ticks: number): void {
  const high = Math.floor(ticks / 0x40000000) & 7;
  const low = ticks % 0x40000000;
  const rest = low < 0 ? low + 0x40000000 : low;
  buf[at] = ((buf[at] as number) & 0xf0) | (high << 1) | 1;
  buf[at + 1] = rest >>> 22;
  buf[at + 2] = (rest >>> 14) | 1;
  buf[at + 3] = rest >>> 7;
  buf[at + 4] = (rest << 1) | 1;
}

/** A parsed header. One object is parsed into again and again, so that hot loops allocate nothing. */
export class PesHeader {
  streamId = 0;
  /** PES_packet_length: bytes after that field, 0 for unbounded (video only). */
  packetLength = 0;
  /** Raw 33-bit values at 90 kHz; -1 when absent. DTS equals PTS when only that is sent. */
  pts = -1;
  dts = -1;
  /** data_alignment_indicator. */
  aligned = false;
  /** PES_scrambling_control, 0 to 3. */
  scrambling = 0;
  /** Index of the header's first byte, as given to `parse`. */
  start = 0;
  /** Index of the first payload byte. */
  payload = 0;

  /** Parses the header at `buf[at, end)`. Returns `PES_OK`, `PES_BAD` or `PES_SHORT`; fields count only if OK. */
  parse(buf: Uint8Array, at: number, end: number): number {
    if (end - at < 6) return PES_SHORT;
    if (buf[at] !== 0 || buf[at + 1] !== 0 || buf[at + 2] !== 1) return PES_BAD;
    const streamId = buf[at + 3] as number;
    // Below 0xBC are start codes of video; some packagers mark ID3 streams so all the same, with a proper header behind.
    if (streamId < 0xbc && end - at >= 7 && ((buf[at + 6] as number) & 0xc0) !== 0x80) return PES_BAD;
    this.start = at;
    this.streamId = streamId;
    this.packetLength = ((buf[at + 4] as number) << 8) | (buf[at + 5] as number);
    this.pts = -1;
    this.dts = -1;
    this.aligned = false;
    this.scrambling = 0;
    this.payload = at + 6;
    return hasPlainPesHeader(streamId) ? PES_OK : this.#parseFields(buf, at, end);
  }

  #parseFields(buf: Uint8Array, at: number, end: number): number {
    if (end - at < 9) return PES_SHORT;
    const flags = buf[at + 6] as number;
    if ((flags & 0xc0) !== 0x80) return PES_BAD; // not MPEG-2 syntax
    this.scrambling = (flags >> 4) & 3;
    this.aligned = (flags & 0x04) !== 0;
    const headerLength = buf[at + 8] as number;
    this.payload = at + 9 + headerLength;
    if (this.packetLength !== 0 && headerLength + 3 > this.packetLength) {
      // Encoders write the low 16 bits of a length that does not fit; video may be unbounded anyway.
      if ((this.streamId & 0xf0) !== STREAM_ID_VIDEO) return PES_BAD;
      this.packetLength = 0;
    }
    if (this.payload > end) return PES_SHORT;
    const stamps = (buf[at + 7] as number) >> 6;
    // '01' is forbidden; like '00' it carries no stamp
    if (stamps >= 2 && headerLength >= 5) {
      this.pts = readTimestamp(buf, at + 9);
      this.dts = stamps === 3 && headerLength >= 10 ? readTimestamp(buf, at + 14) : this.pts;
    }
    return PES_OK;
  }
}

export interface PesHeaderFields {
  readonly streamId: number;
  /** Bytes behind the header; a packet that does not fit 16 bits is written as unbounded (length 0). */
  readonly payloadLength: number;
  /** 90 kHz, wrapped at 2³³ here. */
  readonly pts?: number;
  /** Written only with a PTS, and only where it differs. */
  readonly dts?: number;
  /** data_alignment_indicator. */
  readonly aligned?: boolean;
  /** Bytes to stuff the header with, as teletext asks (ETSI EN 300 472 §4.2: header of 45 bytes in all). */
  readonly stuffing?: number;
}

/** A PES header as bytes. */
export function serializePesHeader(fields: PesHeaderFields): Uint8Array {
  const plain = hasPlainPesHeader(fields.streamId);
  const withDts = fields.pts !== undefined && fields.dts !== undefined && fields.dts !== fields.pts;
  const stamps = fields.pts === undefined ? 0 : withDts ? 10 : 5;
  const optional = stamps + (fields.stuffing ?? 0);
  const header = new Uint8Array(plain ? 6 : 9 + optional).fill(0xff);
  header.set([0, 0, 1, fields.streamId]);
  const length = header.length - 6 + fields.payloadLength;
  header[4] = length > 0xffff ? 0 : length >>> 8;
  header[5] = length > 0xffff ? 0 : length;
  if (plain) return header;
  header[6] = 0x80 | (fields.aligned === true ? 0x04 : 0);
  header[7] = stamps === 0 ? 0 : withDts ? 0xc0 : 0x80;
  header[8] = optional;
  if (fields.pts !== undefined) {
    header[9] = withDts ? 0x31 : 0x21;
    writeTimestamp(header, 9, fields.pts);
  }
  if (withDts) {
    header[14] = 0x11;
    writeTimestamp(header, 14, fields.dts as number);
  }
  return header;
}
