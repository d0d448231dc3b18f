import {
  type AudioFrameHeader,
  type AudioFrameParser,
  emptyAudioFrameHeader,
  NEED_MORE,
  NO_FRAME,
} from "./frame.ts";

/**
 * Cuts a run of bytes into frames and finds its footing again after rubbish.
 *
 * In step, frames follow each other without gap and each header is believed. Out of step (at the start, or after a
 * byte that is no header) a header is believed when another one follows its frame, or its frame ends the buffer.
 */
export class FrameFinder<H extends AudioFrameHeader = AudioFrameHeader> {
  /** The header of the frame that `next` found. */
  readonly header: H;
  /** After `next` returned -1: the first byte to keep for when more bytes have come. */
  keepFrom = 0;
  /** Bytes passed over because they belong to no frame. Only grows. */
  rubbishBytes = 0;
  /** Times that the step was lost. Only grows. */
  resyncs = 0;

  #inStep = false;
  readonly #parse: AudioFrameParser<H>;
  readonly #probe: H;

  constructor(parse: AudioFrameParser<H>, makeHeader: () => H) {
    this.#parse = parse;
    this.header = makeHeader();
    this.#probe = makeHeader();
  }

  /** The next frame will be believed only with a second one behind it (call after a loss in the transport). */
  reset(): void {
    this.#inStep = false;
  }

  /**
   * Offset of the next whole frame at or after `at`, its length in `header.frameLength`; -1 when the buffer holds no
   * further whole frame (see `keepFrom`).
   */
  next(buf: Uint8Array, at: number): number {
    for (let i = at; i < buf.length; i++) {
      const size = this.#parse(buf, i, this.header);
      if (size === NEED_MORE) return this.#stop(at, i);
      if (size !== NO_FRAME) {
        if (i + size > buf.length) return this.#stop(at, i);
        if (this.#inStep || this.#isFollowed(buf, i + size)) {
          this.#inStep = true;
          this.rubbishBytes += i - at;
          return i;
        }
      }
      if (this.#inStep) {
        this.#inStep = false;
        this.resyncs++;
      }
    }
    return this.#stop(at, Math.max(at, buf.length));
  }

  #isFollowed(buf: Uint8Array, at: number): boolean {
    return at === buf.length || this.#parse(buf, at, this.#probe) !== NO_FRAME;
  }

  #stop(at: number, keepFrom: number): number {
    this.rubbishBytes += keepFrom - at;
    this.keepFrom = keepFrom;
    return -1;
  }
}

/** A finder for a parser with the plain header. */
export function frameFinder(parse: AudioFrameParser): FrameFinder {
  return new FrameFinder(parse, emptyAudioFrameHeader);
}
