import type { Track } from "@millrace/model";
import type { BoxWriter } from "./box-writer.ts";
import { writeSampleEntry } from "./sample-entry.ts";

/** A track as it is written. */
export interface InitTrack {
  /** From 1. */
  readonly trackId: number;
  readonly track: Track;
  /** Hz; see `timescaleOf`. */
  readonly timescale: number;
}

/** A part of the edit list; times as §8.6.6 has them. */
export interface Edit {
  /** In the movie's timescale. */
  readonly duration: number;
  /** In the track's timescale; -1 for nothing at all. */
  readonly mediaTime: number;
}

export interface TrackBoxOptions extends InitTrack {
  /** In the movie's timescale; 0 where fragments tell. */
  readonly movieDuration: number;
  /** In the track's timescale. */
  readonly mediaDuration: number;
  readonly edits: readonly Edit[];
  /** Writes what is in stbl behind stsd. */
  tables(writer: BoxWriter): void;
}

/** mvhd (ISO/IEC 14496-12 §8.2.2). */
export function writeMovieHeader(writer: BoxWriter, timescale: number, times: MovieTimes): void {
  const wide = times.duration > 0xfffffffe;
  writer.beginFull("mvhd", wide ? 1 : 0, 0);
  writeTimes(writer, wide).u32(timescale);
  writeDuration(writer, times.duration, wide);
  // rate 1, volume 1
  writer.u32(0x00010000).u16(0x0100).zeros(10);
  writeMatrix(writer);
  writer.zeros(24).u32(times.nextTrackId).end();
}

export interface MovieTimes {
  readonly duration: number;
  readonly nextTrackId: number;
}

/** trak (ISO/IEC 14496-12 §8.3.1). */
export function writeTrackBox(writer: BoxWriter, options: TrackBoxOptions): void {
  writer.begin("trak");
  writeTrackHeader(writer, options);
  writeEdits(writer, options.edits);
  writer.begin("mdia");
  writeMediaHeader(writer, options);
  writer.begin("minf");
  writeMediaTypeHeader(writer, options.track);
  writer.begin("dinf").beginFull("dref", 0, 0).u32(1).beginFull("url ", 0, 1).end().end().end();
  writer.begin("stbl").beginFull("stsd", 0, 0).u32(1);
  writeSampleEntry(writer, options.track);
  writer.end();
  options.tables(writer);
  writer.end().end().end().end();
}

function writeTrackHeader(writer: BoxWriter, { trackId, track, movieDuration }: TrackBoxOptions): void {
  const wide = movieDuration > 0xfffffffe;
  // enabled, in the movie, in the preview
  writer.beginFull("tkhd", wide ? 1 : 0, 7);
  writeTimes(writer, wide).u32(trackId).u32(0);
  writeDuration(writer, movieDuration, wide);
  writer
    .zeros(8)
    .u16(0)
    .u16(0)
    .u16(track.kind === "audio" ? 0x0100 : 0)
    .u16(0);
  writeMatrix(writer);
  const { width = 0, height = 0, sar } = track.video ?? {};
  // Samples wider or narrower than high stretch the picture in width (§8.3.2.3): 16.16, as shown.
  const shown = sar === undefined ? width * 0x10000 : Math.round((width * 0x10000 * sar.num) / sar.den);
  writer
    .u32(Math.min(shown, 0xffffffff))
    .u32(height * 0x10000)
    .end();
}

function writeEdits(writer: BoxWriter, edits: readonly Edit[]): void {
  if (edits.length === 0) return;
  const wide = edits.some(({ duration, mediaTime }) => duration > 0xffffffff || mediaTime > 0x7fffffff);
  writer
    .begin("edts")
    .beginFull("elst", wide ? 1 : 0, 0)
    .u32(edits.length);
  for (const { duration, mediaTime } of edits) {
    if (!wide) writer.u32(duration).u32(mediaTime);
    else {
      writer.u64(duration);
      if (mediaTime < 0) writer.u32(0xffffffff).u32(0xffffffff);
      else writer.u64(mediaTime);
    }
    writer.u32(0x00010000);
  }
  writer.end().end();
}

/** mdhd, elng where three letters do not say all, hdlr. */
function writeMediaHeader(writer: BoxWriter, options: TrackBoxOptions): void {
  const { track, timescale, mediaDuration } = options;
  const { language = "und" } = track;
  const plain = /^[a-z]{3}$/.test(language);
  const wide = mediaDuration > 0xfffffffe;
  writer.beginFull("mdhd", wide ? 1 : 0, 0);
  writeTimes(writer, wide).u32(timescale);
  writeDuration(writer, mediaDuration, wide);
  writer
    .u16(packLanguage(plain ? language : "und"))
    .u16(0)
    .end();
  const [type, name] = handlerOf(track);
  writer.beginFull("hdlr", 0, 0).u32(0).fourCc(type).zeros(12).textZ(name).end();
  if (!plain && /^[A-Za-z0-9-]+$/.test(language)) writer.beginFull("elng", 0, 0).textZ(language).end();
}

function handlerOf({ kind }: Track): readonly [string, string] {
  if (kind === "video") return ["vide", "VideoHandler"];
  return kind === "audio" ? ["soun", "SoundHandler"] : ["text", "TextHandler"];
}

/** Three letters of five bits each (§8.4.2.3). */
function packLanguage(code: string): number {
  return (
    ((code.charCodeAt(0) - 0x60) << 10) | ((code.charCodeAt(1) - 0x60) << 5) | (code.charCodeAt(2) - 0x60)
  );
}

function writeMediaTypeHeader(writer: BoxWriter, { kind }: Track): void {
  if (kind === "video") writer.beginFull("vmhd", 0, 1).zeros(8).end();
  else if (kind === "audio") writer.beginFull("smhd", 0, 0).zeros(4).end();
  else writer.beginFull("nmhd", 0, 0).end();
}

/** Times of creation and change: not stated. */
function writeTimes(writer: BoxWriter, wide: boolean): BoxWriter {
  return writer.zeros(wide ? 16 : 8);
}

function writeDuration(writer: BoxWriter, duration: number, wide: boolean): void {
  if (wide) writer.u64(duration);
  else writer.u32(duration);
}

/** The unity matrix. */
function writeMatrix(writer: BoxWriter): void {
  writer.u32(0x00010000).zeros(12).u32(0x00010000).zeros(12).u32(0x40000000);
}
