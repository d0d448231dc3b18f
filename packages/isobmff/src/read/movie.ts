import type { Ticks, Track } from "@millrace/model";
import { ticksOf } from "../media-time.ts";
import { readMovieBox } from "./movie-box.ts";
import { SampleTable } from "./sample-table.ts";
import { SampleUnpacker } from "./sample-unpacker.ts";
import { type TrackBox, trackOf } from "./track-box.ts";
import type { EntryDetails, Unreadable } from "./track-details.ts";

/** A track of a finite file. */
export class MovieTrack {
  readonly samples: SampleTable;
  readonly #box: TrackBox;
  readonly #unpacker: SampleUnpacker;

  constructor(bytes: Uint8Array, box: TrackBox, details: EntryDetails) {
    this.#box = box;
    this.#unpacker = new SampleUnpacker(details);
    const { timescale, shift } = box;
    this.samples = new SampleTable(bytes, box.stbl, { timescale, shift });
  }

  /** As known so far: samples of some codecs tell more than the headers. Its id is that of the file. */
  get track(): Track {
    return trackOf(this.#box, this.#unpacker.details);
  }

  /** Grows whenever `track` tells more. */
  get version(): number {
    return this.#unpacker.version;
  }

  /** Whether the unit unpacked last is a key: what the file says, put right by what is in the picture. */
  get key(): boolean {
    return this.#unpacker.key;
  }

  /**
   * The data of the access unit in a sample (see `AccessUnit.data`); undefined where there is none. Views on `sample`, or
   * on memory that the next call overwrites. `sync` is `SampleEntry.key`.
   */
  unpack(sample: Uint8Array, sync: boolean): readonly Uint8Array[] | undefined {
    return this.#unpacker.unpack(sample, sync);
  }
}

/** What is known of a track that cannot be read. */
export interface UnreadableTrack {
  readonly trackId: number;
  readonly why: Unreadable;
}

/** A finite file. */
export interface Movie {
  readonly tracks: readonly MovieTrack[];
  readonly unreadable: readonly UnreadableTrack[];
  /** Of the longest track that can be read, by its sample tables. */
  readonly durationTicks: Ticks;
  /** Movie fragments follow, or may: the tables need not hold all samples. */
  readonly fragmented: boolean;
}

/**
 * Reads a moov box, its header included, for access to any sample. The bytes are kept and must stay as they are. Throws
 * `IsoProblem` (`isobmff.no-movie`, `isobmff.box-size`, `isobmff.box-limit`, `isobmff.table`).
 */
export function parseMovie(moov: Uint8Array): Movie {
  const { tracks: boxes, defaults } = readMovieBox(moov);
  const tracks: MovieTrack[] = [];
  const unreadable: UnreadableTrack[] = [];
  let durationTicks = 0;
  for (const box of boxes) {
    const { details, trackId } = box;
    if (typeof details === "string") {
      unreadable.push({ trackId, why: details });
      continue;
    }
    const track = new MovieTrack(moov, box, details);
    tracks.push(track);
    durationTicks = Math.max(durationTicks, track.samples.durationTicks + ticksOf(box.shift, box.timescale));
  }
  return { tracks, unreadable, durationTicks, fragmented: defaults !== undefined };
}
