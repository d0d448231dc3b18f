import { IsoProblem } from "../errors.ts";
import { BoxWriter } from "./box-writer.ts";
import { writeFileType } from "./fragment.ts";
import { type InitTrack, writeMovieHeader, writeTrackBox } from "./track-box.ts";

/** "cmfc" and "cmf2" are for files of one track (ISO/IEC 23000-19 §7.2); "iso6" for what all fragments here need. */
const CMAF_BRANDS: readonly string[] = ["iso6", "cmfc", "mp41"];
const FRAGMENTED_BRANDS: readonly string[] = ["iso6", "mp41"];
const MOVIE_TIMESCALE = 1000;

/**
 * ftyp and moov with mvex: a CMAF header when there is one track (ISO/IEC 23000-19 §7.3.1), else the beginning of a
 * fragmented file (ISO/IEC 14496-12 §8.8). Throws `isobmff.unstorable` for a track that `canStore` refuses, and
 * `isobmff.no-track` without any.
 */
export function initSegment(tracks: readonly InitTrack[]): Uint8Array {
  if (tracks.length === 0) throw new IsoProblem("isobmff.no-track", "a movie without tracks", "bug");
  const writer = new BoxWriter(1024 * tracks.length);
  writeFileType(writer, "ftyp", tracks.length === 1 ? CMAF_BRANDS : FRAGMENTED_BRANDS);
  const nextTrackId = 1 + Math.max(...tracks.map(({ trackId }) => trackId));
  writer.begin("moov");
  writeMovieHeader(writer, MOVIE_TIMESCALE, { duration: 0, nextTrackId });
  for (const track of tracks) {
    writeTrackBox(writer, {
      ...track,
      movieDuration: 0,
      mediaDuration: 0,
      edits: [],
      tables: writeEmptyTables,
    });
  }
  writer.begin("mvex");
  for (const { trackId } of tracks) {
    // Description 1; duration, size and flags are in each fragment.
    writer.beginFull("trex", 0, 0).u32(trackId).u32(1).zeros(12).end();
  }
  return writer.end().end().done().slice();
}

/** Tables that must be there, and hold nothing where fragments do (§8.8.1). */
function writeEmptyTables(writer: BoxWriter): void {
  for (const type of ["stts", "stsc"]) writer.beginFull(type, 0, 0).u32(0).end();
  writer.beginFull("stsz", 0, 0).u32(0).u32(0).end();
  writer.beginFull("stco", 0, 0).u32(0).end();
}
