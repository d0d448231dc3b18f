import { putU24be, putU32be, u24be, u32be } from "@millrace/bytes";
import { FlvProblem } from "./errors.ts";

/** Tag types (FLV 10.1 §E.4.1); those of RTMP's messages are the same. */
export const FLV_AUDIO = 8;
export const FLV_VIDEO = 9;
export const FLV_SCRIPT = 18;

/** Bytes before a tag's body, and of the size behind it. */
export const FLV_TAG_HEADER_BYTES = 11;
export const FLV_TAG_TRAILER_BYTES = 4;
/** The greatest body that the 24-bit field can tell. */
export const FLV_MAX_BODY_BYTES = 0xffffff;

const FILE_HEADER_BYTES = 9;
/** More than this before the first tag is no header that anybody writes. */
const MAX_FILE_HEADER_BYTES = 4096;

/** A file header (§E.2) with the four zeros that stand before the first tag: 13 bytes. */
export function flvHeader(hasAudio: boolean, hasVideo: boolean): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_BYTES + FLV_TAG_TRAILER_BYTES);
  // "FLV", version 1
  header.set([0x46, 0x4c, 0x56, 1, (hasAudio ? 4 : 0) | (hasVideo ? 1 : 0)]);
  putU32be(header, 5, FILE_HEADER_BYTES);
  return header;
}

/**
 * Writes the 11 bytes before a body of `bodyBytes` bytes at the start of `target`. `timestampMs` is taken modulo 2³².
 */
export function writeFlvTagHeader(
  target: Uint8Array,
  tag: {
    readonly type: number;
    readonly timestampMs: number;
    readonly bodyBytes: number;
  },
): void {
  const stamp = tag.timestampMs >>> 0;
  target[0] = tag.type;
  putU24be(target, 1, tag.bodyBytes);
  putU24be(target, 4, stamp & 0xffffff);
  target[7] = stamp >>> 24;
  putU24be(target, 8, 0);
}

/** A whole tag: header, body, and the size that stands behind it. Throws `flv.tag-size` above 2²⁴ - 1 bytes. */
export function flvTag(type: number, timestampMs: number, body: Uint8Array): Uint8Array {
  const bodyBytes = body.length;
  if (bodyBytes > FLV_MAX_BODY_BYTES) throw new FlvProblem("flv.tag-size", `a tag of ${bodyBytes} bytes`);
  const tag = new Uint8Array(FLV_TAG_HEADER_BYTES + bodyBytes + FLV_TAG_TRAILER_BYTES);
  writeFlvTagHeader(tag, { type, timestampMs, bodyBytes });
  tag.set(body, FLV_TAG_HEADER_BYTES);
  putU32be(tag, FLV_TAG_HEADER_BYTES + bodyBytes, FLV_TAG_HEADER_BYTES + bodyBytes);
  return tag;
}

export interface FlvReaderOptions {
  /** One tag. `timestampMs` has 32 bits. `body` is the reader's memory and valid until the call returns. */
  onTag(type: number, timestampMs: number, body: Uint8Array): void;
  /** The file header. */
  onHeader?(header: { readonly hasAudio: boolean; readonly hasVideo: boolean }): void;
  /** Greatest body taken; by default what the field can tell, 16 MiB. */
  readonly maxBodyBytes?: number;
}

/**
 * Cuts a byte stream into FLV tags. Takes any cut of it; whole tags in what is pushed are not copied. There is nothing to
 * find one's footing by in FLV, so a stream that makes no sense ends with a throw of `FlvProblem`: `flv.signature`,
 * `flv.tag-type` or `flv.tag-size`. Memory is bounded by the greatest tag, and taken as bytes come.
 */
export class FlvReader {
  readonly #options: FlvReaderOptions;
  readonly #maxBodyBytes: number;
  #held = new Uint8Array(0);
  #heldBytes = 0;
  /** Bytes of the file header still to be passed over; negative before it is known. */
  #headerLeft = -1;

  /** Tags that were handed on. */
  tags = 0;
  /** Tags of encrypted or reserved kinds, passed over. */
  skippedTags = 0;
  /** Sizes behind tags that were not the tag's. */
  wrongSizes = 0;

  constructor(options: FlvReaderOptions) {
    this.#options = options;
    this.#maxBodyBytes = options.maxBodyBytes ?? FLV_MAX_BODY_BYTES;
  }

  push(bytes: Uint8Array): void {
    if (this.#heldBytes === 0) {
      const used = this.#take(bytes, bytes.length);
      this.#hold(bytes.subarray(used));
      return;
    }
    this.#hold(bytes);
    const used = this.#take(this.#held, this.#heldBytes);
    if (used === 0) return;
    this.#held.copyWithin(0, used, this.#heldBytes);
    this.#heldBytes -= used;
  }

  #hold(bytes: Uint8Array): void {
    const need = this.#heldBytes + bytes.length;
    if (need > this.#held.length) {
      const held = new Uint8Array(Math.max(need, this.#held.length * 2, 4096));
      held.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = held;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = need;
  }

  /** Hands on the whole tags in `bytes[0, end)`; returns how many bytes they took. */
  #take(bytes: Uint8Array, end: number): number {
    let at = 0;
    if (this.#headerLeft !== 0) {
      at = this.#takeHeader(bytes, end);
      if (this.#headerLeft !== 0) return at;
    }
    while (at + FLV_TAG_HEADER_BYTES <= end) {
      const size = this.#check(bytes, at);
      const after = at + FLV_TAG_HEADER_BYTES + size;
      if (after + FLV_TAG_TRAILER_BYTES > end) break;
      if (u32be(bytes, after) !== FLV_TAG_HEADER_BYTES + size) this.wrongSizes++;
      this.#give(bytes, at, after);
      at = after + FLV_TAG_TRAILER_BYTES;
    }
    return at;
  }

  /** The header, and the size before the first tag. */
  #takeHeader(bytes: Uint8Array, end: number): number {
    let at = 0;
    if (this.#headerLeft < 0) {
      if (end < FILE_HEADER_BYTES) {
        if (end >= 1 && !isSignature(bytes, Math.min(end, 3))) throw noFlv();
        return 0;
      }
      if (!isSignature(bytes, 3)) throw noFlv();
      const size = u32be(bytes, 5);
      if (size < FILE_HEADER_BYTES || size > MAX_FILE_HEADER_BYTES) throw noFlv();
      const flags = bytes[4] as number;
      this.#options.onHeader?.({
        hasAudio: (flags & 4) !== 0,
        hasVideo: (flags & 1) !== 0,
      });
      at = FILE_HEADER_BYTES;
      this.#headerLeft = size - FILE_HEADER_BYTES + FLV_TAG_TRAILER_BYTES;
    }
    const passed = Math.min(this.#headerLeft, end - at);
    this.#headerLeft -= passed;
    return at + passed;
  }

  /** The size of the body of the tag at `at`. */
  #check(bytes: Uint8Array, at: number): number {
    const type = (bytes[at] as number) & 0x1f;
    if (type !== FLV_AUDIO && type !== FLV_VIDEO && type !== FLV_SCRIPT) {
      throw new FlvProblem("flv.tag-type", `a tag of type ${type}`);
    }
    const size = u24be(bytes, at + 1);
    if (size > this.#maxBodyBytes) throw new FlvProblem("flv.tag-size", `a tag of ${size} bytes`);
    return size;
  }

  #give(bytes: Uint8Array, at: number, end: number): void {
    // Reserved bits and the filter bit (§E.4.1): encrypted.
    if ((bytes[at] as number) > 0x1f) {
      this.skippedTags++;
      return;
    }
    const stamp = (((bytes[at + 7] as number) << 24) | u24be(bytes, at + 4)) >>> 0;
    this.tags++;
    this.#options.onTag(bytes[at] as number, stamp, bytes.subarray(at + FLV_TAG_HEADER_BYTES, end));
  }
}

function isSignature(bytes: Uint8Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[i] !== "FLV".charCodeAt(i)) return false;
  return true;
}

function noFlv(): FlvProblem {
  return new FlvProblem("flv.signature", "no FLV header");
}
