import { putU24be, putU32be } from "@millrace/bytes";

const EXTENDED = 0xffffff;
/** A message's length has 24 bits (§5.3.1.2.1). */
const MAX_MESSAGE_BYTES = 0xffffff;

export interface MessageHeader {
  /** Chunk stream, 2 to 65599. */
  readonly csid: number;
  readonly type: number;
  readonly streamId: number;
  /** Only its low 32 bits are sent. */
  readonly timestampMs: number;
}

function putBasicHeader(bytes: Uint8Array, at: number, format: number, csid: number): number {
  if (csid < 64) {
    bytes[at] = (format << 6) | csid;
    return at + 1;
  }
  if (csid < 320) {
    bytes[at] = format << 6;
    bytes[at + 1] = csid - 64;
    return at + 2;
  }
  bytes[at] = (format << 6) | 1;
  bytes[at + 1] = csid - 64;
  bytes[at + 2] = (csid - 64) >> 8;
  return at + 3;
}

/**
 * One message cut into chunks: a fmt 0 header, then fmt 3 (RTMP 1.0 §5.3.1). It refers to nothing sent before, so that
 * the same bytes serve every connection that has this `chunkBytes` and stream ID. RangeError past 16 MB.
 */
export function chunkMessage(header: MessageHeader, body: Uint8Array, chunkBytes: number): Uint8Array {
  const { csid, type, streamId } = header;
  if (body.length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${body.length} bytes`);
  const time = header.timestampMs >>> 0;
  const extendedBytes = time >= EXTENDED ? 4 : 0;
  const basicBytes = csid < 64 ? 1 : csid < 320 ? 2 : 3;
  const further = Math.max(0, Math.ceil(body.length / chunkBytes) - 1);
  const length = basicBytes + 11 + extendedBytes + body.length + further * (basicBytes + extendedBytes);
  const bytes = new Uint8Array(length);
  let at = putBasicHeader(bytes, 0, 0, csid);
  putU24be(bytes, at, Math.min(time, EXTENDED));
  putU24be(bytes, at + 3, body.length);
  bytes[at + 6] = type;
  bytes[at + 7] = streamId;
  bytes[at + 8] = streamId >> 8;
  bytes[at + 9] = streamId >> 16;
  bytes[at + 10] = streamId >> 24;
  at += 11;
  for (let from = 0; ; ) {
    if (extendedBytes > 0) {
      putU32be(bytes, at, time);
      at += 4;
    }
    const part = further === 0 ? body : body.subarray(from, from + chunkBytes);
    bytes.set(part, at);
    at += part.length;
    from += part.length;
    if (from >= body.length) return bytes;
    at = putBasicHeader(bytes, at, 3, csid);
  }
}
