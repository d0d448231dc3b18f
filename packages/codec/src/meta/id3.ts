/** Bytes of an ID3v2 header, and of its footer. */
const HEADER_BYTES = 10;

/**
 * Whole length of the ID3v2 tag at `buf[at]` (ID3v2.4 §3.1: header, frames, padding, footer); 0 where none begins, -1
 * where the header is cut short by the end of the buffer.
 */
export function id3Length(buf: Uint8Array, at: number): number {
  const left = buf.length - at;
  for (let i = 0; i < 3; i++) {
    if (i >= left) return -1;
    if (buf[at + i] !== "ID3".charCodeAt(i)) return 0;
  }
  if (left < HEADER_BYTES) return -1;
  if (buf[at + 3] === 0xff || buf[at + 4] === 0xff) return 0;
  let size = 0;
  for (let i = 6; i < 10; i++) {
    const byte = buf[at + i] as number;
    if (byte > 0x7f) return 0;
    size = size * 128 + byte;
  }
  const footer = ((buf[at + 5] as number) & 0x10) !== 0;
  return HEADER_BYTES + size + (footer ? HEADER_BYTES : 0);
}

/** A frame of an ID3v2.3 or v2.4 tag. */
export interface Id3Frame {
  /** Four characters: "TXXX", "PRIV"… */
  readonly id: string;
  readonly flags: number;
  /** A view on the tag. */
  readonly data: Uint8Array;
}

/**
 * The frames of a tag (ID3v2.3 and v2.4); none where the version is older, the tag unsynchronised, or its first frame
 * is damaged. Frames behind a damaged one are left out.
 */
export function parseId3Frames(tag: Uint8Array): Id3Frame[] {
  const frames: Id3Frame[] = [];
  const length = Math.min(id3Length(tag, 0), tag.length);
  const version = tag[3] ?? 0;
  const flags = tag[5] ?? 0;
  if (length < HEADER_BYTES || version < 3 || version > 4 || (flags & 0x80) !== 0) return frames;
  let at = HEADER_BYTES;
  if ((flags & 0x40) !== 0) at += extendedHeaderBytes(tag, version);
  while (at + HEADER_BYTES <= length) {
    const size = readSize(tag, at + 4, version);
    const id = String.fromCharCode(...tag.subarray(at, at + 4));
    if (!/^[A-Z0-9]{4}$/.test(id) || size > length - at - HEADER_BYTES) break;
    const data = tag.subarray(at + HEADER_BYTES, at + HEADER_BYTES + size);
    frames.push({ id, flags: ((tag[at + 8] as number) << 8) | (tag[at + 9] as number), data });
    at += HEADER_BYTES + size;
  }
  return frames;
}

/** Sizes are synchsafe from v2.4 on; before, the extended header's own size does not count itself. */
function extendedHeaderBytes(tag: Uint8Array, version: number): number {
  if (tag.length < HEADER_BYTES + 4) return 0;
  const size = readSize(tag, HEADER_BYTES, version);
  return version === 4 ? size : size + 4;
}

function readSize(tag: Uint8Array, at: number, version: number): number {
  const base = version === 4 ? 128 : 256;
  let size = 0;
  for (let i = 0; i < 4; i++) size = size * base + ((tag[at + i] ?? 0) & (base - 1));
  return size;
}
