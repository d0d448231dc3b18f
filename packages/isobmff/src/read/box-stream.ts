import { type Box, readBoxHeader } from "../boxes.ts";
import { IsoProblem } from "../errors.ts";

/** Size, type, large size, user type. */
const MAX_HEADER_BYTES = 32;

/** What is to be done with a top-level box. */
export interface BoxPlan {
  /** Bytes of it that are wanted in one piece, its header included; the rest is passed over. 0: none. */
  readonly bytes: number;
  /** More of them than this is a violation. */
  readonly limit: number;
}

export interface BoxSink {
  /** A box begins. Offsets of `box` count from the start of all that was pushed; `end` is infinite for a box without end. */
  plan(box: Box): BoxPlan;
  /** The bytes that were wanted, valid until the call returns: at least the header, at most the whole box. */
  take(box: Box, bytes: Uint8Array): void;
}

/**
 * Cuts a byte stream into its top-level boxes, whatever the pieces in which it comes. Memory grows with the bytes that are
 * there, not with what sizes promise.
 */
export class BoxStream {
  readonly #sink: BoxSink;
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  #box: Box | undefined;
  /** Bytes wanted of the box. */
  #wanted = 0;
  #held = new Uint8Array(0);
  #heldBytes = 0;
  /** The header of the box came in several pieces. */
  #split = false;
  /** Of the next byte, from the start of all that was pushed. */
  #position = 0;

  constructor(sink: BoxSink) {
    this.#sink = sink;
  }

  /** Begins anew, in the middle of nothing. Offsets go on. */
  reset(): void {
    this.#headerBytes = 0;
    this.#wanted = 0;
    this.#box = undefined;
  }

  /** Throws `isobmff.box-size`, `isobmff.too-large`, and what the sink throws. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const before = at;
      if (this.#box === undefined) at = this.#readHeader(bytes, at);
      else if (this.#wanted > 0) at = this.#collect(bytes, at, this.#box);
      else at = this.#pass(bytes, at, this.#box);
      this.#position += at - before;
      this.#settle();
    }
  }

  #readHeader(bytes: Uint8Array, from: number): number {
    this.#split = this.#headerBytes > 0;
    let at = from;
    for (;;) {
      const box =
        this.#headerBytes < 8 ? undefined : readBoxHeader(this.#header.subarray(0, this.#headerBytes), 0);
      if (box !== undefined && this.#headerBytes >= box.start) {
        this.#begin(box, this.#position + at - from - this.#headerBytes);
        return at;
      }
      if (at === bytes.length) return at;
      this.#header[this.#headerBytes++] = bytes[at++] as number;
    }
  }

  #begin({ type, start: headerBytes, end }: Box, at: number): void {
    const box = { type, at, start: at + headerBytes, end: at + end };
    this.#headerBytes = 0;
    this.#heldBytes = 0;
    this.#box = box;
    const { bytes, limit } = this.#sink.plan(box);
    const wanted = bytes === 0 ? 0 : Math.min(Math.max(bytes, headerBytes), end);
    if (wanted > limit) {
      this.reset();
      throw new IsoProblem(
        "isobmff.too-large",
        `${JSON.stringify(type)}: ${wanted} of at most ${limit} bytes`,
      );
    }
    this.#wanted = wanted;
  }

  /** Takes bytes from `from` on. Returns the offset behind those taken. */
  #collect(bytes: Uint8Array, from: number, box: Box): number {
    const wanted = this.#wanted;
    if (this.#heldBytes === 0) {
      const headerBytes = box.start - box.at;
      const begin = from - headerBytes;
      if (begin >= 0 && !this.#split && begin + wanted <= bytes.length) {
        this.#wanted = 0;
        this.#sink.take(box, bytes.subarray(begin, begin + wanted));
        return begin + wanted;
      }
      this.#hold(this.#header.subarray(0, headerBytes));
    }
    const to = Math.min(bytes.length, from + wanted - this.#heldBytes);
    this.#hold(bytes.subarray(from, to));
    if (this.#heldBytes === wanted) {
      this.#wanted = 0;
      this.#sink.take(box, this.#held.subarray(0, wanted));
    }
    return to;
  }

  #pass(bytes: Uint8Array, from: number, box: Box): number {
    return Math.min(bytes.length, from + (box.end - this.#position));
  }

  /** Ends a box of which nothing is to come. */
  #settle(): void {
    const box = this.#box;
    if (box === undefined || this.#position < box.end) return;
    this.#box = undefined;
    if (this.#wanted === 0) return;
    // A box that is all header.
    this.#wanted = 0;
    this.#sink.take(box, this.#header.subarray(0, box.start - box.at));
  }

  #hold(bytes: Uint8Array): void {
    const need = this.#heldBytes + bytes.length;
    if (need > this.#held.length) {
      const held = new Uint8Array(Math.max(need, 2 * this.#held.length));
      held.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = held;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = need;
  }
}
