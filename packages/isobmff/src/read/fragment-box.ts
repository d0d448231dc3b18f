import { ByteReader } from "@millrace/bytes";
import { type Box, boxesIn, findBox, readBoxHeader } from "../boxes.ts";
import { IsoProblem } from "../errors.ts";
import type { FragmentSample, FragmentTrack } from "./fragment-track.ts";

/** Samples of one fragment, of all tracks: an honest one has some thousands. */
const MAX_SAMPLES = 100_000;

/** What reading a fragment came to. */
export interface FragmentOutcome {
  readonly samples: number;
  /** Samples of tracks that are not read. */
  readonly dropped: number;
}

/** The tracks that are read, and where the bytes stand. */
export interface FragmentPlace {
  readonly tracks: ReadonlyMap<number, FragmentTrack>;
  /** Offset of the moof box from the start of all that was pushed. */
  readonly at: number;
}

/** The state of one traf. */
interface Run {
  readonly track: FragmentTrack | undefined;
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
  /** Where data offsets count from. */
  readonly base: number;
  /** Where a run without data offset begins. */
  next: number;
  readonly budget: Budget;
}

interface Budget {
  samples: number;
  dropped: number;
  readonly scratch: FragmentSample;
}

/**
 * Reads a moof box (ISO/IEC 14496-12 §8.8.4), its header included: its samples wait in their tracks then. Throws
 * `isobmff.box-size`, `isobmff.table`.
 */
export function readFragment(bytes: Uint8Array, place: FragmentPlace): FragmentOutcome {
  const moof = readBoxHeader(bytes, 0, bytes.length) as Box;
  const scratch = { offset: 0, size: 0, duration: 0, compositionOffset: 0, flags: 0 };
  const budget: Budget = { samples: 0, dropped: 0, scratch };
  // Without other word the data of a traf follow those of the one before (§8.8.7.1).
  let follows = place.at;
  for (const box of boxesIn(bytes, moof.start, moof.end)) {
    if (box.type === "traf") follows = readTraf(bytes, box, { ...place, follows, budget, end: moof.end });
  }
  return { samples: budget.samples, dropped: budget.dropped };
}

interface TrafPlace extends FragmentPlace {
  readonly follows: number;
  readonly budget: Budget;
  /** Bytes of the moof box. */
  readonly end: number;
}

/** Returns where its data end. */
function readTraf(bytes: Uint8Array, traf: Box, place: TrafPlace): number {
  const boxes = boxesIn(bytes, traf.start, traf.end);
  const tfhd = findBox(boxes, "tfhd");
  if (tfhd === undefined) return place.follows;
  const run = readHeader(new ByteReader(bytes, tfhd.start, tfhd.end), place);
  const tfdt = findBox(boxes, "tfdt");
  if (tfdt !== undefined && run.track !== undefined) {
    const reader = new ByteReader(bytes, tfdt.start, tfdt.end);
    const wide = reader.u8() === 1;
    reader.skip(3);
    const time = wide ? reader.u64() : reader.u32();
    if (reader.overrun || !Number.isSafeInteger(time)) throw new IsoProblem("isobmff.table", "tfdt");
    run.track.nextTime = time;
  }
  for (const box of boxes) if (box.type === "trun") readRun(new ByteReader(bytes, box.start, box.end), run);
  return run.next;
}

/** tfhd (§8.8.7). */
function readHeader(reader: ByteReader, place: TrafPlace): Run {
  const flags = reader.u32() & 0xffffff;
  const track = place.tracks.get(reader.u32());
  let base = (flags & 0x020000) !== 0 ? place.at : place.follows;
  if ((flags & 1) !== 0) {
    const stated = reader.u64();
    // Counted from the start of a file, of which this may be a segment: what cannot be is taken as counted from moof.
    base = stated >= place.at && stated <= place.at + 2 ** 32 ? stated : place.at;
  }
  if ((flags & 2) !== 0) reader.skip(4);
  const defaults = track?.defaults ?? { duration: 0, size: 0, flags: 0 };
  const duration = (flags & 0x08) !== 0 ? reader.u32() : defaults.duration;
  const size = (flags & 0x10) !== 0 ? reader.u32() : defaults.size;
  const sampleFlags = (flags & 0x20) !== 0 ? reader.u32() : defaults.flags;
  if (reader.overrun) throw new IsoProblem("isobmff.table", "tfhd is cut short");
  // With neither data offset nor base, the data begin with those of mdat.
  const next = base === place.at ? place.at + place.end + 8 : base;
  return { track, duration, size, flags: sampleFlags, base, next, budget: place.budget };
}

/** trun (§8.8.8). */
function readRun(reader: ByteReader, run: Run): void {
  const { budget, track } = run;
  const head = reader.u32();
  const flags = head & 0xffffff;
  const count = reader.u32();
  const perSample = 4 * bitCount((flags >> 8) & 15);
  if ((flags & 1) !== 0) run.next = run.base + (reader.u32() | 0);
  const firstFlags = (flags & 4) !== 0 ? reader.u32() : -1;
  if (reader.overrun || count * perSample > reader.left)
    throw new IsoProblem("isobmff.table", `trun has not ${count} samples`);
  budget.samples += count;
  if (budget.samples > MAX_SAMPLES)
    throw new IsoProblem("isobmff.table", `more than ${MAX_SAMPLES} samples in a fragment`);
  const { scratch } = budget;
  for (let i = 0; i < count; i++) {
    scratch.duration = (flags & 0x100) !== 0 ? reader.u32() : run.duration;
    scratch.size = (flags & 0x200) !== 0 ? reader.u32() : run.size;
    scratch.flags = (flags & 0x400) !== 0 ? reader.u32() : run.flags;
    if (i === 0 && firstFlags >= 0) scratch.flags = firstFlags;
    // Of version 0 the offset is unsigned; writers that put negative ones there mean them.
    scratch.compositionOffset = (flags & 0x800) !== 0 ? reader.u32() | 0 : 0;
    scratch.offset = run.next;
    run.next += scratch.size;
    if (track === undefined) budget.dropped++;
    else track.add(scratch);
  }
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
