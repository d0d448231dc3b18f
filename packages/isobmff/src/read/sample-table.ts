import { u16be, u32be, u64be } from "@millrace/bytes";
import type { Ticks } from "@millrace/model";
import { type Box, boxesIn, findBox } from "../boxes.ts";
import { IsoProblem } from "../errors.ts";
import { ticksOf, timeOf } from "../media-time.ts";
import { lastAtMost, Runs } from "./runs.ts";

/** One sample as `SampleTable.read` fills it in. */
export interface SampleEntry {
  /** Offset in the file. */
  offset: number;
  /** Bytes. */
  size: number;
  /** On the movie's timeline; may be negative before the first edit. */
  dts: Ticks;
  pts: Ticks;
  duration: Ticks;
  /** The file says that a decoder may start here. */
  key: boolean;
}

export function emptySampleEntry(): SampleEntry {
  return { offset: 0, size: 0, dts: 0, pts: 0, duration: 0, key: false };
}

export interface SampleTableOptions {
  /** Hz. */
  readonly timescale: number;
  /** See `TrackBox.shift`. */
  readonly shift: number;
}

/**
 * The sample tables of a track (ISO/IEC 14496-12 §8.6, §8.7), read where they stand: what is kept grows with the bytes of
 * the tables, never with the counts in them. The bytes must stay as they are.
 */
export class SampleTable {
  /** Samples that all tables know. */
  readonly count: number;
  /** Hz. */
  readonly timescale: number;
  readonly #bytes: Uint8Array;
  readonly #shift: number;
  /** Sums of stts; value: duration of each sample, base: time of the run's first. */
  readonly #times: Runs;
  readonly #offsets: Runs | undefined;
  /** How far decoding times go back so that none lies behind its presentation time. */
  readonly #dtsShift: number;
  /** Sums of stsc; value: samples in each chunk, base: the run's first chunk. */
  readonly #chunks: Runs;
  readonly #chunkAt: number;
  readonly #chunkBytes: 4 | 8;
  readonly #sizeAt: number;
  /** Bits of a size; 0 where all have `#sameSize`. */
  readonly #sizeBits: number;
  readonly #sameSize: number;
  /** Numbers of the samples that are keys, from 1; undefined where all are. */
  readonly #syncAt: number;
  readonly #syncCount: number;
  /** Where the sample read last began its chunk, for the next one. */
  #lastIndex = -2;
  #lastEnd = 0;

  constructor(bytes: Uint8Array, stbl: Box, options: SampleTableOptions) {
    const boxes = boxesIn(bytes, stbl.start, stbl.end);
    this.#bytes = bytes;
    this.timescale = options.timescale;
    const stts = tableOf(bytes, findBox(boxes, "stts"), 8);
    this.#times = Runs.ofCounts(bytes, stts.at, stts.count);
    const ctts = tableOf(bytes, findBox(boxes, "ctts"), 8);
    this.#offsets = ctts.count === 0 ? undefined : Runs.ofCounts(bytes, ctts.at, ctts.count);
    this.#dtsShift = leastOffset(this.#offsets);
    this.#shift = options.shift;
    const co64 = findBox(boxes, "co64");
    this.#chunkBytes = co64 === undefined ? 4 : 8;
    const chunks = tableOf(bytes, co64 ?? findBox(boxes, "stco"), this.#chunkBytes);
    this.#chunkAt = chunks.at;
    const stsc = tableOf(bytes, findBox(boxes, "stsc"), 12);
    this.#chunks = Runs.ofChunks(bytes, { at: stsc.at, count: stsc.count, chunks: chunks.count });
    const sizes = sizeTable(bytes, boxes);
    this.#sizeAt = sizes.at;
    this.#sizeBits = sizes.bits;
    this.#sameSize = sizes.same;
    const stss = findBox(boxes, "stss");
    const sync = tableOf(bytes, stss, 4);
    this.#syncAt = sync.at;
    this.#syncCount = stss === undefined ? -1 : sync.count;
    this.count = Math.min(sizes.count, this.#times.total, this.#chunks.total);
  }

  /** Length of the track from its first decoding time. */
  get durationTicks(): Ticks {
    const end = this.count === 0 ? 0 : this.#timeOf(this.count - 1) + this.#durationOf(this.count - 1);
    return ticksOf(end, this.timescale);
  }

  /** Fills in a sample; `index` from 0 below `count`. Samples in order cost least. */
  read(index: number, out: SampleEntry): SampleEntry {
    const time = this.#timeOf(index) + this.#shift;
    out.offset = this.#offsetOf(index);
    out.size = this.sizeOf(index);
    out.dts = ticksOf(time - this.#dtsShift, this.timescale);
    out.pts = ticksOf(time + this.#compositionOf(index), this.timescale);
    out.duration = ticksOf(this.#durationOf(index), this.timescale);
    out.key = this.isKey(index);
    this.#lastIndex = index;
    this.#lastEnd = out.offset + out.size;
    return out;
  }

  /** Bytes of a sample. */
  sizeOf(index: number): number {
    switch (this.#sizeBits) {
      case 32:
        return u32be(this.#bytes, this.#sizeAt + 4 * index);
      case 16:
        return u16be(this.#bytes, this.#sizeAt + 2 * index);
      case 8:
        return this.#bytes[this.#sizeAt + index] as number;
      case 4: {
        const pair = this.#bytes[this.#sizeAt + (index >> 1)] as number;
        return (index & 1) === 0 ? pair >> 4 : pair & 15;
      }
      default:
        return this.#sameSize;
    }
  }

  /** Whether the file says that a decoder may start at a sample. */
  isKey(index: number): boolean {
    return this.#syncCount < 0 || this.#syncNumber(this.#syncIndex(index)) === index + 1;
  }

  /** The last key sample at or before one; -1 where there is none. */
  keyAtOrBefore(index: number): number {
    if (this.#syncCount < 0) return Math.min(index, this.count - 1);
    return this.#syncNumber(this.#syncIndex(index)) - 1;
  }

  /** The last sample whose decoding time is at or before `ticks`; -1 where all are later. */
  indexAtDts(ticks: Ticks): number {
    const time = timeOf(ticks, this.timescale) - this.#shift + this.#dtsShift;
    const run = this.#times.runOfBase(time);
    if (run < 0) return -1;
    const duration = this.#times.valueAt(run);
    const step = duration === 0 ? 0 : Math.floor((time - this.#times.baseAt(run)) / duration);
    return Math.min(this.#times.firstAt(run) + step, this.#times.firstAt(run + 1) - 1, this.count - 1);
  }

  #timeOf(index: number): number {
    const run = this.#times.runOf(index);
    return this.#times.baseAt(run) + (index - this.#times.firstAt(run)) * this.#times.valueAt(run);
  }

  #durationOf(index: number): number {
    return this.#times.valueAt(this.#times.runOf(index));
  }

  #compositionOf(index: number): number {
    const offsets = this.#offsets;
    return offsets === undefined || index >= offsets.total ? 0 : offsets.valueAt(offsets.runOf(index)) | 0;
  }

  #offsetOf(index: number): number {
    const chunks = this.#chunks;
    const run = chunks.runOf(index);
    const each = chunks.valueAt(run);
    const within = index - chunks.firstAt(run);
    const place = within % each;
    if (place > 0 && index === this.#lastIndex + 1) return this.#lastEnd;
    const chunk = chunks.baseAt(run) + Math.floor(within / each);
    const at = this.#chunkAt + this.#chunkBytes * chunk;
    let offset = this.#chunkBytes === 4 ? u32be(this.#bytes, at) : u64be(this.#bytes, at);
    if (this.#sizeBits === 0) return offset + place * this.#sameSize;
    for (let i = index - place; i < index; i++) offset += this.sizeOf(i);
    return offset;
  }

  #syncNumber(i: number): number {
    return i < 0 ? 0 : u32be(this.#bytes, this.#syncAt + 4 * i);
  }

  /** Index in stss of the last key sample at or before a sample. */
  #syncIndex(index: number): number {
    return lastAtMost(this.#syncCount, index + 1, (i) => this.#syncNumber(i));
  }
}

/** Entries of a table: where they begin and how many there are. */
interface Table {
  readonly at: number;
  readonly count: number;
}

/** The table in a FullBox whose first field counts entries. Throws `isobmff.table` where they do not fit. */
function tableOf(bytes: Uint8Array, box: Box | undefined, entryBytes: number): Table {
  if (box === undefined) return { at: 0, count: 0 };
  if (box.start + 8 > box.end) throw new IsoProblem("isobmff.table", `${box.type} without a count`);
  const count = u32be(bytes, box.start + 4);
  const at = box.start + 8;
  if (count * entryBytes > box.end - at)
    throw new IsoProblem("isobmff.table", `${box.type} has not ${count} entries`);
  return { at, count };
}

interface SizeTable extends Table {
  readonly bits: number;
  readonly same: number;
}

/** stsz or stz2 (§8.7.3). */
function sizeTable(bytes: Uint8Array, boxes: readonly Box[]): SizeTable {
  const stsz = findBox(boxes, "stsz");
  const box = stsz ?? findBox(boxes, "stz2");
  if (box === undefined) return { at: 0, count: 0, bits: 0, same: 0 };
  const at = box.start + 12;
  if (at > box.end) throw new IsoProblem("isobmff.table", `${box.type} without a count`);
  const field = u32be(bytes, box.start + 4);
  const count = u32be(bytes, box.start + 8);
  const same = stsz === undefined ? 0 : field;
  const bits = stsz === undefined ? field & 0xff : same === 0 ? 32 : 0;
  if (![0, 4, 8, 16, 32].includes(bits) || (stsz === undefined && (bits === 0 || bits === 32)))
    throw new IsoProblem("isobmff.table", `sizes of ${bits} bits`);
  if (Math.ceil((count * bits) / 8) > box.end - at)
    throw new IsoProblem("isobmff.table", `${box.type} has not ${count} entries`);
  return { at, count, bits, same };
}

/** The greatest amount by which a composition offset is negative; offsets of version 0 that are so are taken as meant. */
function leastOffset(offsets: Runs | undefined): number {
  let least = 0;
  if (offsets !== undefined)
    for (let run = 0; run < offsets.runs; run++) least = Math.min(least, offsets.valueAt(run) | 0);
  return -least;
}
