import { parseSpliceInfo, type SegmentationDescriptor, type SpliceInfoSection } from "@millrace/codec";
import {
  cueInTag,
  cueOutContTag,
  cueOutTag,
  type DateRange,
  dateRangeOf,
  oatclsTag,
} from "@millrace/playlist";
import type { SpliceTags } from "./config.ts";

/** PTS wrap, 90 kHz (ISO/IEC 13818-1 §2.4.3.7). */
const WRAP_TICKS = 2 ** 33;
const TICKS_PER_MS = 90;
/** A splice further away than this is not meant by the clock it came with. */
const FAR_TICKS = 3600 * 90_000;
/** A segment that begins so much before a splice begins with it. */
const NEAR_MS = 200;

/** A splice_info_section(), and when it came. */
export interface SpliceMessage {
  readonly section: Uint8Array;
  /** UTC, milliseconds, of `ticks`. */
  readonly wallMs: number;
  /** On the source's clock, 90 kHz; may be unwrapped. */
  readonly ticks: number;
}

interface Command {
  readonly kind: "out" | "in" | "command";
  readonly event: number;
  readonly atMs: number;
  /** When it came. */
  readonly cameMs: number;
  readonly durationMs?: number;
  /** It ends by itself. */
  readonly autoReturn: boolean;
  readonly section: Uint8Array;
}

/** A break for other content, or (without a duration) a command that stands alone. */
export interface Splice {
  readonly id: string;
  readonly out?: Command;
  readonly in?: Command;
  readonly other?: Command;
}

/**
 * Segmentation types that begin a break (ANSI/SCTE 35 §10.3.3.1, table 23): break, provider and distributor advertisement,
 * placement opportunity, overlay and block. The one after each ends it.
 */
const OUT_TYPES: ReadonlySet<number> = new Set([0x22, 0x30, 0x32, 0x34, 0x36, 0x38, 0x3a, 0x44, 0x46]);

/** What a section commands; undefined for what is no splice, or is broken. */
export function readSplice(message: SpliceMessage): Command | undefined {
  const info = parseSpliceInfo(message.section);
  if (info === undefined || !info.crcOk || info.encrypted) return undefined;
  const { command } = info;
  const base = { section: message.section, cameMs: message.wallMs };
  if (command.kind === "insert") {
    if (command.cancelled) return undefined;
    const pts = command.immediate ? undefined : (command.pts ?? command.components?.[0]?.pts);
    return {
      ...base,
      kind: command.outOfNetwork ? "out" : "in",
      event: command.eventId,
      atMs: timeOf(message, info, pts),
      ...(command.duration !== undefined && { durationMs: command.duration.ticks / TICKS_PER_MS }),
      autoReturn: command.duration?.autoReturn === true,
    };
  }
  if (command.kind !== "time-signal") return undefined;
  const found = info.descriptors.filter((each) => each.kind === "segmentation" && !each.cancelled);
  const segmentation = found[0] as SegmentationDescriptor | undefined;
  if (segmentation === undefined) return undefined;
  const { typeId, eventId, durationTicks } = segmentation;
  return {
    ...base,
    kind: OUT_TYPES.has(typeId) ? "out" : OUT_TYPES.has(typeId - 1) ? "in" : "command",
    event: eventId,
    atMs: timeOf(message, info, command.pts),
    ...(durationTicks !== undefined && { durationMs: durationTicks / TICKS_PER_MS }),
    autoReturn: false,
  };
}

/** UTC of a splice time, which is counted modulo 2^33 from the clock that the section came with. */
function timeOf(message: SpliceMessage, info: SpliceInfoSection, pts: number | undefined): number {
  if (pts === undefined) return Math.round(message.wallMs);
  const ahead = (pts + info.ptsAdjustment - message.ticks) % WRAP_TICKS;
  const ticks =
    ahead > WRAP_TICKS / 2 ? ahead - WRAP_TICKS : ahead < -WRAP_TICKS / 2 ? ahead + WRAP_TICKS : ahead;
  return Math.round(Math.abs(ticks) > FAR_TICKS ? message.wallMs : message.wallMs + ticks / TICKS_PER_MS);
}

/** The breaks that messages speak of, in order. Commands are repeated in the multiplex: the same one counts once. */
export function splicesOf(messages: readonly SpliceMessage[]): Splice[] {
  const splices: Splice[] = [];
  const open = new Map<number, number>();
  for (const message of messages) {
    const command = readSplice(message);
    if (command === undefined) continue;
    const { kind, event, atMs } = command;
    const at = open.get(event);
    const before = at === undefined ? undefined : (splices[at] as Splice);
    const id = `splice-${event.toString(16).toUpperCase()}-${atMs}`;
    if (kind === "command") {
      if (!splices.some(({ other }) => other !== undefined && isSame(other, command)))
        splices.push({ id, other: command });
    } else if (kind === "in") {
      if (at !== undefined && before !== undefined && before.in === undefined)
        splices[at] = { ...before, in: command };
      else if (before?.in === undefined) open.set(event, splices.push({ id, in: command }) - 1);
    } else if (before?.out === undefined || !isSame(before.out, command)) {
      open.set(event, splices.push({ id, out: command }) - 1);
    }
  }
  return splices;
}

function isSame(a: Command, b: Command): boolean {
  return a.event === b.event && Math.abs(a.atMs - b.atMs) < 1000;
}

/** When a break ends, UTC in milliseconds; undefined while that is not known. */
function endOf(splice: Splice): number | undefined {
  const { out } = splice;
  if (splice.in !== undefined) return splice.in.atMs;
  return out?.durationMs !== undefined && out.autoReturn ? out.atMs + out.durationMs : undefined;
}

/** A stretch of a playlist: a segment, or what comes behind the last. */
interface Stretch {
  readonly startMs: number;
}

export interface SpliceMarks {
  readonly dateRanges: readonly DateRange[];
  readonly tags: readonly string[];
}

const NONE: SpliceMarks = { dateRanges: [], tags: [] };

/**
 * What stands before each segment of a playlist, and (one more) behind the last: date ranges with the segment in which they
 * begin, CUE tags with the first that begins behind the splice.
 */
export function marksOf(
  splices: readonly Splice[],
  segments: readonly Stretch[],
  options: SpliceTags & { readonly endMs: number },
): SpliceMarks[] {
  if (splices.length === 0 || segments.length === 0) return [...segments, NONE].map(() => NONE);
  const starts = [...segments.map(({ startMs }) => startMs), options.endMs];
  const marks = starts.map(() => ({ dateRanges: [] as DateRange[], tags: [] as string[] }));
  for (const splice of splices) {
    if (options.dateRanges) placeRanges(splice, starts, marks);
    if (options.cues) placeCues(splice, starts, marks);
  }
  return marks;
}

/** The date ranges of splices, whether they are listed or not, and when what each is made of came. */
export function dateRangesOf(
  splices: readonly Splice[],
): { readonly range: DateRange; readonly cameMs: number }[] {
  return splices.flatMap(rangesOf).map(({ range, cameMs }) => ({ range, cameMs }));
}

interface Marks {
  readonly dateRanges: DateRange[];
  readonly tags: string[];
}

function placeRanges(splice: Splice, starts: readonly number[], marks: readonly Marks[]): void {
  const firstMs = starts[0] as number;
  const lastMs = Math.max(...[splice.out, splice.in, splice.other].map((each) => each?.atMs ?? 0));
  const isOver = (endOf(splice) ?? (splice.out === undefined ? lastMs : Number.POSITIVE_INFINITY)) < firstMs;
  if (isOver) return;
  for (const { range, atMs } of rangesOf(splice)) {
    let at = starts.length - 1;
    while (at > 0 && (starts[at] as number) > atMs) at--;
    marks[at]?.dateRanges.push(range);
  }
}

interface PlacedRange {
  readonly range: DateRange;
  readonly atMs: number;
  readonly cameMs: number;
}

function rangesOf(splice: Splice): PlacedRange[] {
  const { id, out, in: back, other } = splice;
  const ranges: PlacedRange[] = [];
  if (other !== undefined) {
    const { section, atMs, cameMs } = other;
    ranges.push({ atMs, cameMs, range: dateRangeOf({ kind: "command", id, section, startDateMs: atMs }) });
  }
  if (out !== undefined) {
    const { section, atMs, cameMs, durationMs } = out;
    const planned = durationMs === undefined ? {} : { plannedDurationUs: Math.round(durationMs * 1000) };
    ranges.push({
      atMs,
      cameMs,
      range: dateRangeOf({ kind: "out", id, section, startDateMs: atMs, ...planned }),
    });
  }
  if (back !== undefined) {
    const { section, atMs, cameMs } = back;
    const startDateMs = out?.atMs ?? atMs;
    const durationUs = Math.max(0, atMs - startDateMs) * 1000;
    ranges.push({ atMs, cameMs, range: dateRangeOf({ kind: "in", id, section, startDateMs, durationUs }) });
  }
  return ranges;
}

function placeCues(splice: Splice, starts: readonly number[], marks: readonly Marks[]): void {
  const { out } = splice;
  const endMs = endOf(splice);
  const last = starts.length - 1;
  const end = endMs === undefined ? last : firstBehind(endMs, starts);
  if (endMs !== undefined && end < last && isFirst(end, endMs, starts)) marks[end]?.tags.push(cueInTag());
  if (out === undefined) return;
  const lasts = out.durationMs === undefined ? {} : { durationUs: Math.round(out.durationMs * 1000) };
  for (let at = firstBehind(out.atMs, starts); at < end; at++) {
    const elapsedUs = Math.max(0, Math.round(starts[at] as number) - out.atMs) * 1000;
    if (!isFirst(at, out.atMs, starts)) marks[at]?.tags.push(cueOutContTag({ elapsedUs, ...lasts }));
    else marks[at]?.tags.push(oatclsTag(out.section), cueOutTag(lasts.durationUs));
  }
}

/** Index of the first stretch that begins at that moment or later; the one behind the last where none does. */
function firstBehind(ms: number, starts: readonly number[]): number {
  const found = starts.findIndex((startMs) => startMs >= ms - NEAR_MS);
  return found < 0 ? starts.length - 1 : found;
}

/** Whether the stretch before it began earlier than that; the one before the first is taken to be as long as the first. */
function isFirst(at: number, ms: number, starts: readonly number[]): boolean {
  const start = starts[at] as number;
  const before = at > 0 ? (starts[at - 1] as number) : 2 * start - (starts[at + 1] ?? start);
  return before < ms - NEAR_MS;
}
