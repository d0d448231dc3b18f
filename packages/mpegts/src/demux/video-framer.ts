import { findStartCode, NalList, type PictureInfo } from "@millrace/codec";
import type { AccessUnit } from "@millrace/model";
import type { ElementaryStream } from "./elementary-stream.ts";
import type { Framer, TrackDetails } from "./framer.ts";

/** What differs between video codecs that stand behind start codes. Offsets point behind the start code. */
export interface VideoSyntax {
  /** Whether the unit at `buf[at]` begins a new access unit once a slice has been seen. */
  beginsUnit(buf: Uint8Array, at: number): boolean;
  isSlice(buf: Uint8Array, at: number): boolean;
  /** Whether the slice at `buf[second]` is of the other field of the frame to which the slice at `buf[first]` belongs. */
  isOtherField(buf: Uint8Array, first: number, second: number): boolean;
  /** Whether headers seen so far allow field pictures at all. */
  readonly fields: boolean;
  /** Takes in headers before the first access unit is cut: whether there are fields stands in them. */
  learn(buf: Uint8Array, nals: NalList): void;
  /**
   * Reads the access unit `nals` (all of it, in `buf`) into `picture` and returns its bytes for handing on: fresh or scratch
   * memory. Undefined if nothing is left of it.
   */
  pack(buf: Uint8Array, nals: NalList, picture: PictureInfo): Uint8Array | undefined;
  /** Grows when `details` change. */
  readonly version: number;
  /** Zero bytes before a start code belong to what stands before them: slices may end in them. */
  readonly keepsZeros: boolean;
  details(): TrackDetails;
}

/** 90 kHz ticks of a frame when nothing tells: 25 Hz. */
const DEFAULT_FRAME_TICKS = 3600;
/** Bytes of a NAL unit that tell what it is. */
const HEAD_BYTES = 3;
/** PES packets in a row that began with an access unit, before one that is whole is taken as such at once. */
const ALIGNED_ENOUGH = 25;

/**
 * Cuts video into access units. PES packets and access units need not match: a packet may begin in the middle of a unit or
 * hold several. A unit is handed on as soon as the beginning of the next one is seen, or, in streams whose PES packets have
 * always been whole access units, with the end of its packet.
 */
export class VideoFramer implements Framer {
  readonly needsWhole = false;
  readonly #stream: ElementaryStream;
  readonly #syntax: VideoSyntax;
  readonly #nals = new NalList();
  readonly #unit = new NalList();
  readonly #picture: PictureInfo;
  #alignedPackets = 0;
  #version = 0;
  #lastDts = Number.NaN;
  #frameTicks = 0;
  /** Bytes were lost in the buffer at or behind this offset. */
  #holeAt = -1;

  constructor(stream: ElementaryStream, syntax: VideoSyntax, picture: PictureInfo) {
    this.#stream = stream;
    this.#syntax = syntax;
    this.#picture = picture;
  }

  begin(buf: Uint8Array, from: number, end: number): void {
    const aligned = this.#startsUnit(buf, from, end);
    // One packet that begins otherwise, and the stream is never trusted again.
    this.#alignedPackets = aligned ? this.#alignedPackets + 1 : Number.NEGATIVE_INFINITY;
    if (this.#stream.length > 0) this.#split(aligned);
  }

  complete(): void {
    if (this.#alignedPackets >= ALIGNED_ENOUGH) this.#split(true);
  }

  lose(): void {
    this.#holeAt = this.#stream.length;
  }

  flush(): void {
    if (this.#stream.length > 0) this.#split(true);
  }

  details(): TrackDetails {
    return this.#syntax.details();
  }

  /** Whether a PES payload that begins so begins with an access unit. */
  #startsUnit(buf: Uint8Array, from: number, end: number): boolean {
    const code = findStartCode(buf, from, Math.min(end, from + 8));
    for (let i = from; i < code && i < end; i++) if (buf[i] !== 0) return false;
    if (code + 6 > end) return this.#alignedPackets > 0;
    return this.#syntax.beginsUnit(buf, code + 3);
  }

  /** Hands on the access units in the buffer: all of them if the last is known to be whole. */
  #split(lastIsWhole: boolean): void {
    const { bytes, length } = this.#stream;
    const nals = this.#nals;
    nals.scanAnnexB(bytes, 0, length);
    if (this.#syntax.version === 0) this.#syntax.learn(bytes, nals);
    let first = 0;
    let slice = -1;
    let passFields = -1;
    for (let i = 0; i < nals.count; i++) {
      const at = nals.starts[i] as number;
      if (!lastIsWhole && length - at < HEAD_BYTES) break; // its head is still to come
      if (slice >= 0 && i > passFields && this.#syntax.beginsUnit(bytes, at)) {
        const other = this.#syntax.fields ? this.#otherField(slice, i) : -1;
        if (other === nals.count && !lastIsWhole) break; // not yet to be told
        if (other >= 0 && other < nals.count) passFields = other;
        else {
          this.#emit(first, i);
          first = i;
          slice = -1;
        }
      }
      if (slice < 0 && this.#syntax.isSlice(bytes, at)) slice = i;
    }
    if (lastIsWhole && slice >= 0) {
      this.#emit(first, nals.count);
      this.#stream.clear();
      this.#holeAt = -1;
    } else this.#keepFrom(first);
  }

  /**
   * Whether the picture that begins with NAL unit `next` is the second field of the one with slice `slice`: the index of its
   * first slice if so, -1 if not, `count` if that slice is still to come.
   */
  #otherField(slice: number, next: number): number {
    const nals = this.#nals;
    const bytes = this.#stream.bytes;
    for (let i = next; i < nals.count; i++) {
      const at = nals.starts[i] as number;
      if (!this.#syntax.isSlice(bytes, at)) continue;
      return this.#syntax.isOtherField(bytes, nals.starts[slice] as number, at) ? i : -1;
    }
    return nals.count;
  }

  /** Keeps the bytes from NAL unit `first` on, with its start code. */
  #keepFrom(first: number): void {
    if (this.#nals.count === 0) {
      // No start code: rubbish, but one may begin in the last bytes.
      this.#stream.consume(Math.max(0, this.#stream.length - 3));
      return;
    }
    const from = this.#codeStart(first);
    this.#stream.consume(from);
    if (this.#holeAt >= 0) this.#holeAt = Math.max(-1, this.#holeAt - from);
  }

  /** Where the start code of a NAL unit begins: with its zero_byte, where the codec has one. */
  #codeStart(nal: number): number {
    const at = (this.#nals.starts[nal] as number) - 3;
    if (this.#syntax.keepsZeros) return at;
    return at > 0 && this.#stream.bytes[at - 1] === 0 ? at - 1 : at;
  }

  #emit(first: number, end: number): void {
    const stream = this.#stream;
    const nals = this.#nals;
    const start = this.#codeStart(first);
    stream.takeMark((nals.starts[first] as number) - 3);
    this.#unit.clear();
    for (let i = first; i < end; i++) this.#unit.add(nals.starts[i] as number, nals.ends[i] as number);
    const whole = end < nals.count ? this.#codeStart(end) : stream.length;
    if (this.#syntax.keepsZeros) this.#unit.ends[end - first - 1] = whole;
    const data = this.#syntax.pack(stream.bytes, this.#unit, this.#picture);
    if (this.#syntax.version !== this.#version) {
      this.#version = this.#syntax.version;
      stream.host.trackChanged();
    }
    const damaged = this.#holeAt >= start && this.#holeAt <= whole;
    if (damaged) {
      this.#holeAt = -1;
      stream.host.counters.damagedUnits++;
      stream.discontinuity = true;
    }
    if (data === undefined) return;
    this.#deliver(data);
  }

  #deliver(data: Uint8Array): void {
    const stream = this.#stream;
    const picture = this.#picture;
    let dts = stream.markDts;
    let pts = stream.markPts;
    if (Number.isNaN(dts)) {
      dts = this.#guessDts();
      pts = dts;
    }
    if (Number.isNaN(dts)) {
      stream.host.counters.droppedUnits++;
      return;
    }
    const step = dts - this.#lastDts;
    if (step > 0 && step < 90_000) this.#frameTicks = step;
    this.#lastDts = dts;
    const hinted = picture.parameterSets || stream.markRandomAccess;
    const unit: AccessUnit = {
      track: stream.pid,
      pts,
      dts,
      key: picture.key || (picture.intra && hinted),
      discontinuity: false,
      data: [data],
      wallMs: stream.host.wallMs,
    };
    stream.deliver(unit);
  }

  /** For an access unit without time stamps of its own. */
  #guessDts(): number {
    // At the very start the PCR is the only clock; it is never later than the DTS that follows.
    if (Number.isNaN(this.#lastDts)) return this.#stream.clock.pcrTicks;
    const rate = this.details().video?.frameRate;
    const ticks = rate === undefined ? this.#frameTicks : Math.round((90_000 * rate.den) / rate.num);
    return this.#lastDts + (ticks > 0 ? ticks : DEFAULT_FRAME_TICKS);
  }
}
