import { putU24be, u16be, u24be } from "@millrace/bytes";
import { readFourCc, writeFourCc } from "./four-cc.ts";

/**
 * What enhanced video and audio bodies have in common (Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader): packet
 * modifiers, FourCC, several tracks in one body.
 */

/** AvMultitrackType. */
const ONE_TRACK = 0;
const MANY_TRACKS_MANY_CODECS = 2;
/** A body holds each track once, and ids have eight bits. */
const MAX_TRACKS = 256;
/** VideoPacketModExType, AudioPacketModExType. */
const TIMESTAMP_OFFSET_NANO = 0;

/** Packet types that differ between video and audio. */
export interface EnhancedTypes {
  readonly modEx: number;
  readonly multitrack: number;
}

/** Walks the tracks of one enhanced body. Never throws: `damaged` says that a field was cut short or reserved. */
export class EnhancedWalker {
  packetType = 0;
  /** Nanoseconds to add to the timestamp, below one millisecond. */
  nanos = 0;
  /** Tracks stand one behind the other, or in a body that says which track it is for. */
  multitrack = false;
  damaged = false;
  /** Of the track in work; its bytes are `bytes[start, end)`. */
  trackId = 0;
  fourCc = "";
  start = 0;
  end = 0;

  readonly bytes: Uint8Array;
  readonly #types: EnhancedTypes;
  #at: number;
  #multitrackType = ONE_TRACK;
  #tracks = 0;

  /** The packet type is in the low four bits of the first byte. */
  constructor(bytes: Uint8Array, types: EnhancedTypes) {
    this.bytes = bytes;
    this.#types = types;
    this.#at = 1;
    this.packetType = (bytes[0] as number) & 15;
    while (this.packetType === types.modEx && !this.damaged) this.#modifier();
  }

  /** Offset behind what has been read. */
  get at(): number {
    return this.#at;
  }

  /** Reads what stands behind packet type and modifiers: multitrack type and the FourCC common to all tracks. */
  begin(): void {
    let type = ONE_TRACK;
    if (this.packetType === this.#types.multitrack) {
      this.multitrack = true;
      const byte = this.#u8();
      type = byte >> 4;
      this.packetType = byte & 15;
      const nested = this.packetType === this.#types.multitrack || this.packetType === this.#types.modEx;
      if (type > MANY_TRACKS_MANY_CODECS || nested) this.damaged = true;
    }
    this.#multitrackType = type;
    if (type !== MANY_TRACKS_MANY_CODECS) this.#readFourCc();
  }

  /** Moves to the next track; false at the end, or where the body is damaged. */
  next(): boolean {
    const { bytes } = this;
    const more = this.#tracks > 0;
    if (this.damaged || (more && this.#at >= bytes.length)) return false;
    if (more && (!this.multitrack || this.#multitrackType === ONE_TRACK)) return false;
    if (++this.#tracks > MAX_TRACKS) {
      this.damaged = true;
      return false;
    }
    this.end = bytes.length;
    if (this.multitrack) {
      if (this.#multitrackType === MANY_TRACKS_MANY_CODECS) this.#readFourCc();
      this.trackId = this.#u8();
      if (this.#multitrackType !== ONE_TRACK) this.#readSize();
    }
    this.start = this.#at;
    if (this.damaged) return false;
    this.#at = this.end;
    return true;
  }

  #readSize(): void {
    const at = this.#at;
    if (at + 3 > this.bytes.length) {
      this.damaged = true;
      return;
    }
    this.end = at + 3 + u24be(this.bytes, at);
    this.#at = at + 3;
    if (this.end > this.bytes.length) this.damaged = true;
  }

  #modifier(): void {
    const { bytes } = this;
    let size = this.#u8() + 1;
    if (size === 256) {
      if (this.#at + 2 > bytes.length) {
        this.damaged = true;
        return;
      }
      size = u16be(bytes, this.#at) + 1;
      this.#at += 2;
    }
    const data = this.#at;
    this.#at += size;
    const byte = this.#u8();
    this.packetType = byte & 15;
    if (this.damaged || byte >> 4 !== TIMESTAMP_OFFSET_NANO || size < 3) return;
    this.nanos = Math.min(u24be(bytes, data), 999_999);
  }

  #u8(): number {
    const at = this.#at++;
    if (at < this.bytes.length) return this.bytes[at] as number;
    this.damaged = true;
    return 0;
  }

  #readFourCc(): void {
    const at = this.#at;
    this.#at = at + 4;
    if (this.#at > this.bytes.length) this.damaged = true;
    else this.fourCc = readFourCc(this.bytes, at);
  }
}

/** What an enhanced body is to begin with. */
export interface EnhancedHead {
  /** The bits above the packet type: flag and frame type, or the sound format. */
  readonly first: number;
  readonly packetType: number;
  readonly fourCc: string;
  readonly nanos: number;
  /** Undefined: no multitrack. */
  readonly trackId: number | undefined;
}

/** Bytes that `writeEnhancedHead` writes. */
export function enhancedHeadBytes(head: EnhancedHead): number {
  return 1 + (head.nanos > 0 ? 5 : 0) + (head.trackId === undefined ? 0 : 2) + 4;
}

/** Writes the head of a body that holds one track; returns the offset behind it. */
export function writeEnhancedHead(target: Uint8Array, head: EnhancedHead, types: EnhancedTypes): number {
  const { first, packetType, trackId } = head;
  const plain = trackId === undefined ? packetType : types.multitrack;
  let at = 0;
  if (head.nanos > 0) {
    target[at++] = first | types.modEx;
    // The size less one: three bytes.
    target[at++] = 2;
    putU24be(target, at, head.nanos);
    at += 3;
    target[at++] = (TIMESTAMP_OFFSET_NANO << 4) | plain;
  } else target[at++] = first | plain;
  if (trackId !== undefined) target[at++] = (ONE_TRACK << 4) | packetType;
  writeFourCc(target, at, head.fourCc);
  at += 4;
  if (trackId !== undefined) target[at++] = trackId;
  return at;
}
