import { concat, putU32be, putU64be, u32be, u64be } from "@millrace/bytes";
import { parseDops } from "@millrace/codec";
import { timeOf, timescaleOf } from "@millrace/isobmff";
import type { Track } from "@millrace/model";
import type { LaneTrack } from "./lane-tracks.ts";
import { LateSets } from "./late-sets.ts";
import { BLOCK_HEAD_BYTES, growBlock, isKeyBlock, setBlockTime } from "./wire/matroska.ts";
import { granuleOf, setPage } from "./wire/ogg.ts";

/**
 * A file that begins in the middle of a stream: its times count from there. Players that show where they are, and those
 * that wait until it is time for a picture, want that.
 */
export interface StreamCut {
  /** The message with its times changed; undefined when it lies before the beginning. What was given stays as it is. */
  message(number: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined;
  /** Parameter sets of a track from now on, other than the file's beginning has; where frames cannot say them themselves. */
  setParameters?(number: number, sets: Uint8Array): void;
}

export const WHOLE: StreamCut = { message: (_, parts) => parts };

/** Copies the first bytes of a message, and leaves the rest where it lies. */
function withCopiedHead(parts: readonly Uint8Array[], headBytes: number): [Uint8Array, ...Uint8Array[]] {
  const [first = new Uint8Array(0), ...rest] = parts;
  if (first.length < headBytes) return [concat(parts)];
  return [first.slice(0, headBytes), first.subarray(headBytes), ...rest];
}

/** Puts something between a head and what follows it. */
function insertAt(
  at: number,
  [head, ...rest]: [Uint8Array, ...Uint8Array[]],
  bytes: Uint8Array,
): Uint8Array[] {
  return [head.subarray(0, at), bytes, head.subarray(at), ...rest];
}

/** moof, mfhd and the head of traf (ISO/IEC 14496-12 §8.8): where tfhd is. */
const TFHD_AT = 32;
const SEQUENCE_AT = 20;
/** In the tfhd of a fragment with one sample: default_sample_size, default_sample_flags (§8.8.7). */
const SAMPLE_SIZE_AT = TFHD_AT + 20;
const SAMPLE_FLAGS_AT = TFHD_AT + 24;
/** sample_is_non_sync_sample (§8.8.3.1). */
const NON_SYNC = 0x10000;
/** The head of mdat ends there at the latest. */
const MP4_HEAD_BYTES = 112;

export class Mp4Cut implements StreamCut {
  /** First decoding time of each track. */
  readonly #bases = new Map<number, number>();
  readonly #late = new LateSets();
  /** Without holes, which VLC complains about: fragments of other tracks are not in this file. */
  #sequence = 0;

  constructor(tracks: readonly LaneTrack[], base: number) {
    for (const { number, track } of tracks) this.#bases.set(number, timeOf(base, timescaleOf(track)));
  }

  setParameters(number: number, sets: Uint8Array): void {
    this.#late.set(number, sets);
  }

  message(number: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const copied = withCopiedHead(parts, MP4_HEAD_BYTES);
    const [head] = copied;
    const timeAt = TFHD_AT + u32be(head, TFHD_AT) + 12;
    const time = u64be(head, timeAt) - (this.#bases.get(number) ?? 0);
    if (time < 0) return undefined;
    putU64be(head, timeAt, time);
    putU32be(head, SEQUENCE_AT, ++this.#sequence);
    const sets = this.#late.before(number, (u32be(head, SAMPLE_FLAGS_AT) & NON_SYNC) === 0);
    if (sets === undefined) return copied;
    const mdatAt = u32be(head, 0);
    putU32be(head, SAMPLE_SIZE_AT, u32be(head, SAMPLE_SIZE_AT) + sets.length);
    putU32be(head, mdatAt, u32be(head, mdatAt) + sets.length);
    return insertAt(mdatAt + 8, copied, sets);
  }
}

/** The cluster's timestamp in a message. */
const CLUSTER_TIME_AT = 10;

export class MatroskaCut implements StreamCut {
  readonly #baseMs: number;
  readonly #late = new LateSets();

  constructor(base: number) {
    this.#baseMs = Math.round(base / 90);
  }

  setParameters(number: number, sets: Uint8Array): void {
    this.#late.set(number, sets);
  }

  message(number: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const copied = withCopiedHead(parts, BLOCK_HEAD_BYTES);
    const [head] = copied;
    const timeMs = u64be(head, CLUSTER_TIME_AT) - this.#baseMs;
    if (timeMs < 0) return undefined;
    setBlockTime(head, timeMs);
    const sets = this.#late.before(number, isKeyBlock(head));
    if (sets === undefined) return copied;
    growBlock(head, sets.length);
    return insertAt(BLOCK_HEAD_BYTES, copied, sets);
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
