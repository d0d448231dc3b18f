import { parseDops } from "@millrace/codec";
import { TICKS_PER_SECOND, type Ticks, type Track } from "@millrace/model";
import { IsoProblem } from "../errors.ts";
import { ticksOf, timeOf } from "../media-time.ts";
import { BoxWriter } from "./box-writer.ts";
import { type Sample, writeFileType } from "./fragment.ts";
import { MovieTables } from "./movie-tables.ts";
import { type Edit, type InitTrack, writeMovieHeader, writeTrackBox } from "./track-box.ts";

/** A track of a finite file. */
export interface MovieTrackOptions extends InitTrack {
  /**
   * PTS of its first unit, from the start of the movie, at 90 kHz. What lies before 0 is not shown. Absent: it is shown at
   * once.
   */
  readonly startTicks?: Ticks;
}

const BRANDS: readonly string[] = ["isom", "iso6", "mp41"];
/** Fine enough that edit lists say when a track begins as exactly as units do. */
const MOVIE_TIMESCALE = TICKS_PER_SECOND;
/** Header of mdat with a size of 64 bits. */
const DATA_HEADER_BYTES = 16;
/** Opus: 80 ms of packets before those that are heard (Encapsulation of Opus in ISO BMFF §4.3.6.2). */
const OPUS_ROLL_MS = 80;

interface WrittenTrack {
  readonly options: MovieTrackOptions;
  readonly tables: MovieTables;
}

/**
 * Writes a finite MP4 file (ISO/IEC 14496-12). Samples are told by `add` in the order in which their bytes stand in the
 * media data. Then either
 * - `head()`, written at first, the media data, and `tail()` behind them, with the size of mdat put right at `sizeAt`; or
 * - all samples told before anything is written: `front()`, and the media data behind it.
 *
 * Edit lists (§8.6.6) place each track at its `startTicks`, and skip what an Opus decoder puts out before the sound
 * begins. Priming of AAC encoders is not known, and not skipped.
 */
export class MovieWriter {
  readonly #tracks: readonly WrittenTrack[];
  #last: WrittenTrack | undefined;
  #dataBytes = 0;

  /** Throws `isobmff.no-track`, and `isobmff.unstorable` for a track that `canStore` refuses (when it is written). */
  constructor(tracks: readonly MovieTrackOptions[]) {
    if (tracks.length === 0) throw new IsoProblem("isobmff.no-track", "a movie without tracks", "bug");
    this.#tracks = tracks.map((options) => ({ options, tables: new MovieTables() }));
  }

  /** Bytes of the samples told so far. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** ftyp and the beginning of mdat, whose size is to be written at `sizeAt` (see `tail`). */
  head(): Uint8Array {
    const writer = new BoxWriter(64);
    writeFileType(writer, "ftyp", BRANDS);
    return writer.u32(1).fourCc("mdat").u64(DATA_HEADER_BYTES).done();
  }

  /** Tells of the sample whose bytes stand next in the media data. Throws `isobmff.no-track` for a track that is not there. */
  add(trackId: number, sample: Sample): void {
    const last = this.#last;
    const track =
      last?.options.trackId === trackId
        ? last
        : this.#tracks.find(({ options }) => options.trackId === trackId);
    if (track === undefined) throw new IsoProblem("isobmff.no-track", `no track ${trackId}`, "bug");
    track.tables.add(sample, this.#dataBytes, track === last);
    this.#last = track;
    this.#dataBytes += sample.size;
  }

  /** moov, to be written behind the media data, and the eight bytes of mdat's size with their place in the file. */
  tail(): { readonly moov: Uint8Array; readonly sizeAt: number; readonly size: Uint8Array } {
    const headBytes = this.head().length;
    const size = new BoxWriter(8).u64(DATA_HEADER_BYTES + this.#dataBytes).done();
    return { moov: this.#movie(headBytes), sizeAt: headBytes - 8, size };
  }

  /** ftyp, moov and the beginning of mdat, for a file that can be played while it loads. */
  front(): Uint8Array {
    const before = new BoxWriter(64);
    writeFileType(before, "ftyp", BRANDS);
    // The offsets in moov depend on its size, and their width on the offsets.
    const at = before.length + DATA_HEADER_BYTES;
    const narrow = this.#movie(at, false).length;
    const wide = at + narrow + this.#dataBytes > 0xffffffff;
    const bytes = wide ? this.#movie(at, true).length : narrow;
    before.bytes(this.#movie(at + bytes, wide));
    return before
      .u32(1)
      .fourCc("mdat")
      .u64(DATA_HEADER_BYTES + this.#dataBytes)
      .done();
  }

  /** `dataAt`: offset of the media data in the file. */
  #movie(dataAt: number, wide: boolean = dataAt + this.#dataBytes > 0xffffffff): Uint8Array {
    const writer = new BoxWriter(4096);
    const written = this.#tracks.filter(({ tables }) => tables.count > 0);
    const laid = written.map((track) => ({ ...track, ...editsOf(track) }));
    const duration = laid.reduce((most, { movieDuration }) => Math.max(most, movieDuration), 0);
    const nextTrackId = 1 + Math.max(...this.#tracks.map(({ options }) => options.trackId));
    writer.begin("moov");
    writeMovieHeader(writer, MOVIE_TIMESCALE, { duration, nextTrackId });
    for (const { options, tables, edits, movieDuration } of laid) {
      const { trackId, track, timescale } = options;
      const mediaDuration = tables.duration;
      writeTrackBox(writer, {
        ...{ trackId, track, timescale, movieDuration, mediaDuration, edits },
        tables: (out) => {
          tables.write(out, dataAt, wide);
          if (track.codec === "opus") writeRoll(out, tables, timescale);
        },
      });
    }
    return writer.end().done();
  }
}

/** What is shown of a track, and when; all of it at once needs no list. */
function editsOf({ options, tables }: WrittenTrack): { edits: Edit[]; movieDuration: number } {
  const { track, timescale, startTicks } = options;
  const skip = preSkip(track, timescale);
  // Where the first sound or picture that counts would be shown; what is due before the movie begins is left out.
  const begin = startTicks === undefined ? 0 : startTicks + ticksOf(skip, timescale);
  const mediaTime = Math.max(0, tables.earliest) + skip + timeOf(Math.max(0, -begin), timescale);
  const rest = Math.max(0, tables.duration - mediaTime);
  let shown = ticksOf(rest, timescale);
  // An edit that ends within the last sample would cut it off.
  if (timeOf(shown, timescale) < rest) shown++;
  const wait = Math.max(0, begin);
  const edits: Edit[] = [];
  if (wait > 0) edits.push({ duration: wait, mediaTime: -1 });
  if (wait > 0 || mediaTime > 0) edits.push({ duration: shown, mediaTime });
  return { edits, movieDuration: wait + shown };
}

/** Samples that an Opus decoder puts out before the sound begins, in the track's timescale. */
function preSkip({ codec, config }: Track, timescale: number): number {
  const head = codec === "opus" && config !== undefined ? parseDops(config) : undefined;
  return head === undefined ? 0 : Math.round((head.preSkip * timescale) / 48_000);
}

/** sgpd and sbgp of type "roll" (§10.1.1): how many samples before one must be decoded for it to sound right. */
function writeRoll(writer: BoxWriter, tables: MovieTables, timescale: number): void {
  const packetMs = (tables.duration * 1000) / (timescale * tables.count);
  const distance = Math.max(1, Math.ceil(OPUS_ROLL_MS / Math.max(packetMs, 2.5)));
  writer.beginFull("sgpd", 1, 0).fourCc("roll").u32(2).u32(1);
  writer.u16(-distance & 0xffff).end();
  writer.beginFull("sbgp", 0, 0).fourCc("roll").u32(1).u32(tables.count).u32(1).end();
}
