import { concat, putU32be, putU64be, u32be, u64be } from "@millrace/bytes";
import { parseDops } from "@millrace/codec";
import { timeOf, timescaleOf } from "@millrace/isobmff";
import type { Track } from "@millrace/model";
import type { LaneTrack } from "./lane-tracks.ts";
import { BLOCK_HEAD_BYTES, setBlockTime } from "./wire/matroska.ts";
import { granuleOf, setPage } from "./wire/ogg.ts";

/**
 * A file that begins in the middle of a stream: its times count from there. Players that show where they are, and those
 * that wait until it is time for a picture, want that.
 */
export interface StreamCut {
  /** The message with its times changed; undefined when it lies before the beginning. What was given stays as it is. */
  message(number: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined;
}

export const WHOLE: StreamCut = { message: (_, parts) => parts };

/** Copies the first bytes of a message, and leaves the rest where it lies. */
function withCopiedHead(parts: readonly Uint8Array[], headBytes: number): [Uint8Array, ...Uint8Array[]] {
  const [first = new Uint8Array(0), ...rest] = parts;
  if (first.length < headBytes) return [concat(parts)];
  return [first.slice(0, headBytes), first.subarray(headBytes), ...rest];
}

/** moof, mfhd and the head of traf (ISO/IEC 14496-12 §8.8): where tfhd is. */
const TFHD_AT = 32;
const SEQUENCE_AT = 20;
/** tfhd and tfdt end there at the latest. */
const MP4_HEAD_BYTES = 80;

export class Mp4Cut implements StreamCut {
  /** First decoding time of each track. */
  readonly #bases = new Map<number, number>();
  /** Without holes, which VLC complains about: fragments of other tracks are not in this file. */
  #sequence = 0;

  constructor(tracks: readonly LaneTrack[], base: number) {
    for (const { number, track } of tracks) this.#bases.set(number, timeOf(base, timescaleOf(track)));
  }

  message(number: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const copied = withCopiedHead(parts, MP4_HEAD_BYTES);
    const [head] = copied;
    const timeAt = TFHD_AT + u32be(head, TFHD_AT) + 12;
    const time = u64be(head, timeAt) - (this.#bases.get(number) ?? 0);
    if (time < 0) return undefined;
    putU64be(head, timeAt, time);
    putU32be(head, SEQUENCE_AT, ++this.#sequence);
    return copied;
  }
}

/** The cluster's timestamp in a message. */
const CLUSTER_TIME_AT = 10;

export class MatroskaCut implements StreamCut {
  readonly #baseMs: number;

  constructor(base: number) {
    this.#baseMs = Math.round(base / 90);
  }

  message(_: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const copied = withCopiedHead(parts, BLOCK_HEAD_BYTES);
    const [head] = copied;
    const timeMs = u64be(head, CLUSTER_TIME_AT) - this.#baseMs;
    if (timeMs < 0) return undefined;
    setBlockTime(head, timeMs);
    return copied;
  }
}

export class OggCut implements StreamCut {
  readonly #base: number;
  /** Behind the two pages of the header. */
  #sequence = 2;

  constructor(track: Track | undefined, base: number) {
    const start = track === undefined ? 0 : timeOf(base, timescaleOf(track));
    // Opus counts the samples that a decoder drops at the start, too (RFC 7845 §4.2).
    const head = track?.codec === "opus" && track.config !== undefined ? parseDops(track.config) : undefined;
    this.#base = start - (head?.preSkip ?? 0);
  }

  message(_: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const page = concat(parts);
    const granule = granuleOf(page) - this.#base;
    if (granule < 0) return undefined;
    setPage(page, { granule, sequence: this.#sequence++ });
    return [page];
  }
}
