import { equalBytes } from "@millrace/bytes";
import type { FileFormat } from "./file-formats.ts";
import type { LaneFile } from "./lane-response.ts";
import { chooseTracks, type LaneTrack, readLaneHeader } from "./lane-tracks.ts";
import { parameterSetsOf } from "./late-sets.ts";
import type { StreamCut } from "./stream-cut.ts";

/** One client's file: its tracks only, from the key frame on that it begins with. */
export class StreamFile implements LaneFile {
  readonly #format: FileFormat;
  readonly #wanted: string;
  #tracks: readonly LaneTrack[] = [];
  #numbers: ReadonlySet<number> = new Set();
  #cut: StreamCut | undefined;
  /** Tracks whose parameter sets were others since the file began. */
  readonly #changed = new Set<number>();
  #ended = false;

  constructor(format: FileFormat, wanted: string) {
    this.#format = format;
    this.#wanted = wanted;
  }

  header(bytes: Uint8Array): boolean {
    const all = readLaneHeader(bytes).tracks.filter(({ track }) => this.#format.takes(track));
    const tracks = chooseTracks(all, this.#wanted, this.#format.single);
    if (this.#cut !== undefined) return this.#goOn(this.#cut, all);
    this.#tracks = tracks;
    this.#numbers = new Set(tracks.map(({ number }) => number));
    this.#ended = tracks.length === 0;
    return !this.#ended;
  }

  #goOn(cut: StreamCut, all: readonly LaneTrack[]): boolean {
    if (!this.#tracks.every((track) => canGoOn(track, all, this.#format))) return false;
    for (const { number, track } of this.#tracks) {
      const now = all.find((each) => each.number === number)?.track;
      if (track.kind !== "video" || now === undefined) continue;
      if (!this.#changed.has(number) && sameBytes(now.config, track.config)) continue;
      // Those of the beginning, too, have to be said again once others were in force.
      this.#changed.add(number);
      const sets = parameterSetsOf(now);
      if (sets.length > 0) cut.setParameters?.(number, sets);
    }
    return true;
  }

  message(number: number, dts: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    if (!this.#numbers.has(number)) return undefined;
    if (this.#cut !== undefined) return this.#cut.message(number, parts);
    const header = this.#format.header(this.#tracks);
    this.#cut = this.#format.cut(this.#tracks, dts);
    const first = this.#cut.message(number, parts) ?? [];
    return header.length === 0 ? first : [header, ...first];
  }
}

/** Pictures bring their parameters along, or get them (`LateSets`), and so does sound in its own form; else another coding needs another file. */
function canGoOn(
  { number, track }: LaneTrack,
  all: readonly LaneTrack[],
  { selfDescribing }: FileFormat,
): boolean {
  const now = all.find((each) => each.number === number)?.track;
  // A track that went away is silent.
  if (now === undefined) return true;
  if (now.codec !== track.codec) return false;
  return selfDescribing || track.kind === "video" || sameBytes(now.config, track.config);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
