import { u24be } from "@millrace/bytes";

/** Of a fmt 0 header whose chunk stream has an ID below 64 (RTMP 1.0 §5.3.1.1, §5.3.1.2.1). */
const HEADER_BYTES = 12;
const EXTENDED_BYTES = 4;
const EXTENDED_TIME = 0xffffff;
const ID_AT = 8;

/**
 * Puts another message stream ID into what `chunkMessage` has made: messages one behind the other, of chunk streams
 * below 64. They may be cut anywhere.
 */
export class StreamIdPatch {
  readonly #streamId: number;
  readonly #chunkBytes: number;
  /** The message's header as far as it came. */
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerAt = 0;
  #isExtended = false;
  /** Of the message under way. */
  #messageLeft = 0;
  #chunkLeft = 0;
  /** Extended time, and headers of further chunks. */
  #skip = 0;

  constructor(streamId: number, chunkBytes: number) {
    this.#streamId = streamId;
    this.#chunkBytes = chunkBytes;
  }

  /** The same bytes with the other ID, in fresh memory. */
  patch(bytes: Uint8Array): Uint8Array {
    const copy = new Uint8Array(bytes);
    let at = 0;
    while (at < copy.length) {
      if (this.#skip > 0) {
        const size = Math.min(this.#skip, copy.length - at);
        this.#skip -= size;
        at += size;
      } else if (this.#messageLeft > 0) {
        at += this.#pass(copy.length - at);
      } else {
        this.#takeHeader(copy, at);
        at++;
      }
    }
    return copy;
  }

  /** Passes over so much of the body as there is in this chunk; returns how much that was. */
  #pass(available: number): number {
    const size = Math.min(this.#chunkLeft, available);
    this.#chunkLeft -= size;
    this.#messageLeft -= size;
    if (this.#chunkLeft === 0 && this.#messageLeft > 0) {
      this.#skip = 1 + (this.#isExtended ? EXTENDED_BYTES : 0);
      this.#chunkLeft = Math.min(this.#chunkBytes, this.#messageLeft);
    }
    return size;
  }

  #takeHeader(copy: Uint8Array, at: number): void {
    const place = this.#headerAt++;
    this.#header[place] = copy[at] as number;
    if (place >= ID_AT) copy[at] = this.#streamId >>> ((place - ID_AT) * 8);
    if (this.#headerAt < HEADER_BYTES) return;
    this.#headerAt = 0;
    this.#isExtended = u24be(this.#header, 1) === EXTENDED_TIME;
    this.#skip = this.#isExtended ? EXTENDED_BYTES : 0;
    this.#messageLeft = u24be(this.#header, 4);
    this.#chunkLeft = Math.min(this.#chunkBytes, this.#messageLeft);
  }
}
