import { ByteReader, u16be, u32be } from "@millrace/bytes";
import type { Track } from "@millrace/model";
import { type Box, boxesIn, FULL_BOX_BYTES, findBox, findPath } from "../boxes.ts";
import { readTextZ } from "../event-message.ts";
import { NO_EDIT, readFirstEdit } from "./edit-list.ts";
import { readSampleEntry } from "./sample-entry.ts";
import type { EntryDetails, Unreadable } from "./track-details.ts";

/** A trak box as read. */
export interface TrackBox {
  readonly trackId: number;
  /** Hz. */
  readonly timescale: number;
  /** Durations of the samples in its tables, added up, in the timescale. */
  readonly tableTime: number;
  readonly language: string | undefined;
  /** First sample entry. */
  readonly details: EntryDetails | Unreadable;
  /** What is added to times of the track, in its timescale, to place them in the movie. */
  readonly shift: number;
  /** Sample tables. */
  readonly stbl: Box;
}

/**
 * Reads a trak box (ISO/IEC 14496-12 §8.3.1). Undefined where what is needed is missing. Throws `IsoProblem` for boxes
 * whose sizes do not fit. `movieTimescale`: Hz, of empty edits.
 */
export function readTrackBox(bytes: Uint8Array, box: Box, movieTimescale: number): TrackBox | undefined {
  const boxes = boxesIn(bytes, box.start, box.end);
  const tkhd = findBox(boxes, "tkhd");
  const mdia = findBox(boxes, "mdia");
  if (tkhd === undefined || mdia === undefined) return undefined;
  const media = boxesIn(bytes, mdia.start, mdia.end);
  const mdhd = findBox(media, "mdhd");
  const stbl = findPath(bytes, mdia, ["minf", "stbl"]);
  if (mdhd === undefined || stbl === undefined) return undefined;
  const { timescale, language } = readMediaHeader(bytes.subarray(mdhd.start, mdhd.end));
  const trackId = readTrackId(bytes.subarray(tkhd.start, tkhd.end));
  if (timescale === 0 || trackId === 0) return undefined;
  const elng = findBox(media, "elng");
  const named =
    elng === undefined ? "" : readTextZ(new ByteReader(bytes, elng.start + FULL_BOX_BYTES, elng.end));
  const elst = findPath(bytes, box, ["edts", "elst"]);
  const edit = elst === undefined ? NO_EDIT : readFirstEdit(bytes.subarray(elst.start, elst.end));
  const empty = movieTimescale === 0 ? 0 : Math.round((edit.emptyTime * timescale) / movieTimescale);
  return {
    trackId,
    timescale,
    tableTime: readTableTime(bytes, stbl),
    language: named === "" ? language : named,
    details: readDescription(bytes, stbl),
    shift: empty - edit.mediaTime,
    stbl,
  };
}

/** Of several sample entries the first counts: files that change their coding midway are not read. */
function readDescription(bytes: Uint8Array, stbl: Box): EntryDetails | Unreadable {
  const stsd = findPath(bytes, stbl, ["stsd"]);
  if (stsd === undefined || stsd.start + 8 > stsd.end) return "config";
  const entry = boxesIn(bytes, stsd.start + 8, stsd.end)[0];
  return entry === undefined ? "config" : readSampleEntry(bytes, entry);
}

function readTrackId(tkhd: Uint8Array): number {
  const at = tkhd[0] === 1 ? 20 : 12;
  return at + 4 <= tkhd.length ? u32be(tkhd, at) : 0;
}

/** Sum of stts; a table that does not fit counts for nothing here. */
function readTableTime(bytes: Uint8Array, stbl: Box): number {
  const stts = findPath(bytes, stbl, ["stts"]);
  if (stts === undefined) return 0;
  const reader = new ByteReader(bytes, stts.start + FULL_BOX_BYTES, stts.end);
  const count = reader.u32();
  if (8 * count > reader.left) return 0;
  let time = 0;
  for (let i = 0; i < count; i++) time += reader.u32() * reader.u32();
  return Number.isSafeInteger(time) ? time : 0;
}

interface MediaHeader {
  readonly timescale: number;
  readonly language: string | undefined;
}

function readMediaHeader(mdhd: Uint8Array): MediaHeader {
  const wide = mdhd[0] === 1;
  const reader = new ByteReader(mdhd, FULL_BOX_BYTES);
  reader.skip(wide ? 16 : 8);
  const timescale = reader.u32();
  reader.skip(wide ? 8 : 4);
  const language = reader.left >= 2 ? languageOf(u16be(mdhd, reader.at)) : undefined;
  return { timescale: reader.overrun ? 0 : timescale, language };
}

/** Three letters of five bits each (§8.4.2.3); QuickTime's numbers, which are small, and "und" say nothing. */
function languageOf(packed: number): string | undefined {
  const letters = [(packed >> 10) & 31, (packed >> 5) & 31, packed & 31];
  if (letters.some((letter) => letter < 1 || letter > 26)) return undefined;
  const code = String.fromCharCode(...letters.map((letter) => letter + 0x60));
  return code === "und" ? undefined : code;
}

/** The track as the model has it. */
export function trackOf(box: Pick<TrackBox, "trackId" | "language">, details: EntryDetails): Track {
  const { kind, codec, config, codecString, video, audio } = details;
  return {
    id: box.trackId,
    kind,
    codec,
    timescale: 90_000,
    ...(box.language === undefined ? {} : { language: box.language }),
    ...(config === undefined ? {} : { config }),
    ...(codecString === undefined ? {} : { codecString }),
    ...(video === undefined ? {} : { video }),
    ...(audio === undefined ? {} : { audio }),
  };
}
