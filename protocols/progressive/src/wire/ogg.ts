import { concat, putU32be, u32be } from "@millrace/bytes";
import { buildOpusHead, parseDops } from "@millrace/codec";
import type { Track } from "@millrace/model";
import { flacHeader } from "./matroska.ts";

/** Where things stand in the head of a page (RFC 3533 §6). */
const FLAGS_AT = 5;
const GRANULE_AT = 6;
const SERIAL_AT = 14;
const SEQUENCE_AT = 18;
const CRC_AT = 22;
const SEGMENTS_AT = 26;
const HEAD_BYTES = 27;

/** header_type_flag: the first page of a stream. */
const FIRST_PAGE = 2;
const SERIAL = 1;
/** A page has at most 255 segments of 255 bytes. */
export const MOST_PACKET_BYTES: number = 254 * 255;

/** The generator polynomial 0x04C11DB7, most significant bit first, from zero, not inverted (§6). */
const CRC_TABLE = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c11db7 : 0);
  CRC_TABLE[i] = value;
}

export interface OggPage {
  /** Samples up to its end. */
  readonly granule: number;
  readonly sequence: number;
  readonly first?: boolean;
}

/** A page with one packet of at most `MOST_PACKET_BYTES` bytes. */
export function oggPage(page: OggPage, packet: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of packet) size += part.length;
  const segments = Math.floor(size / 255) + 1;
  const out = new Uint8Array(HEAD_BYTES + segments + size);
  putU32be(out, 0, 0x4f676753);
  out[FLAGS_AT] = page.first === true ? FIRST_PAGE : 0;
  putU32le(out, SERIAL_AT, SERIAL);
  out[SEGMENTS_AT] = segments;
  out.fill(255, HEAD_BYTES, HEAD_BYTES + segments - 1);
  out[HEAD_BYTES + segments - 1] = size % 255;
  let at = HEAD_BYTES + segments;
  for (const part of packet) {
    out.set(part, at);
    at += part.length;
  }
  setPage(out, page);
  return out;
}

/** Puts another place into a page. */
export function setPage(out: Uint8Array, { granule, sequence }: OggPage): void {
  putU32le(out, GRANULE_AT, granule >>> 0);
  putU32le(out, GRANULE_AT + 4, Math.floor(granule / 2 ** 32));
  putU32le(out, SEQUENCE_AT, sequence >>> 0);
  putU32be(out, CRC_AT, 0);
  putU32le(out, CRC_AT, crcOf(out));
}

/** Samples up to the end of a page. */
export function granuleOf(page: Uint8Array): number {
  return u32le(page, GRANULE_AT + 4) * 2 ** 32 + u32le(page, GRANULE_AT);
}

export function canHoldInOgg({ codec, config }: Track): boolean {
  return (codec === "opus" || codec === "flac") && config !== undefined && config.length > 0;
}

/** The pages with which a stream begins: identification and comments (RFC 7845 §5, RFC 9639 §10.1). */
export function oggHeader({ codec, config }: Track): readonly Uint8Array[] {
  if (config === undefined) return [];
  const packets = codec === "opus" ? opusPackets(config) : flacPackets(config);
  return packets.map((packet, i) => oggPage({ granule: 0, sequence: i, first: i === 0 }, [packet]));
}

const VENDOR = new TextEncoder().encode("Millrace");

function comments(): Uint8Array {
  const out = new Uint8Array(8 + VENDOR.length);
  putU32le(out, 0, VENDOR.length);
  out.set(VENDOR, 4);
  return out;
}

function opusPackets(config: Uint8Array): Uint8Array[] {
  const head = parseDops(config);
  if (head === undefined) return [];
  return [buildOpusHead(head), concat([new TextEncoder().encode("OpusTags"), comments()])];
}

const STREAMINFO_BYTES = 38;
/** Block type 4, the last one. */
const LAST_COMMENT_BLOCK = 0x84;

function flacPackets(config: Uint8Array): Uint8Array[] {
  const info = flacHeader(config).slice(0, 4 + STREAMINFO_BYTES);
  // It is not the last metadata block here.
  info[4] = (info[4] as number) & 0x7f;
  const mark = Uint8Array.of(0x7f, 0x46, 0x4c, 0x41, 0x43, 1, 0, 0, 1);
  const words = comments();
  const block = Uint8Array.of(LAST_COMMENT_BLOCK, 0, words.length >> 8, words.length & 0xff);
  return [concat([mark, info]), concat([block, words])];
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ (bytes[i] as number)) & 0xff] as number);
  }
  return crc >>> 0;
}

function putU32le(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function u32le(bytes: Uint8Array, at: number): number {
  const value = u32be(bytes, at);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
