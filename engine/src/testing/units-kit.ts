import { readFileSync } from "node:fs";
import type { AccessUnit, Track } from "@millrace/model";
import { Demuxer, PACKET_SIZE } from "@millrace/mpegts";
import { PackagedReader } from "../lane/packaged-reader.ts";
import type { LaneReader } from "../lane/reader.ts";
import { UnitReader } from "../lane/unit-reader.ts";

export interface Media {
  tracks: readonly Track[];
  readonly units: AccessUnit[];
}

function copyOf(unit: AccessUnit): AccessUnit {
  return { ...unit, data: unit.data.map((part) => part.slice()) };
}

export function demux(bytes: Uint8Array): Media {
  const out: Media = { tracks: [], units: [] };
  const demuxer = new Demuxer({
    onTracks: (tracks) => {
      out.tracks = tracks;
    },
    onUnit: (unit) => out.units.push(copyOf(unit)),
  });
  demuxer.push(bytes, 0, Math.floor(bytes.length / PACKET_SIZE));
  demuxer.flush();
  return out;
}

/** The access units of a capture from its first key frame on, with times that begin at `firstDts`. */
export function mediaOf(fixture: string, firstDts: number): Media {
  const file = new URL(`../../../tests/fixtures/${fixture}`, import.meta.url);
  const { tracks, units } = demux(new Uint8Array(readFileSync(file)));
  const video = tracks.find((track) => track.kind === "video")?.id;
  const from = units.findIndex((unit) => unit.key && unit.track === video);
  const rest = units.slice(from);
  const shift = firstDts - Math.min(...rest.map((unit) => unit.dts));
  return {
    tracks,
    units: rest.map((unit) => ({ ...unit, pts: unit.pts + shift, dts: unit.dts + shift })),
  };
}

/** Everything that comes out of a `units` lane, with the tracks that stood when it came. */
export class UnitsTap {
  readonly reader: UnitReader;
  readonly seen: { unit: AccessUnit; tracks: readonly Track[] }[] = [];
  /** The tracks that were announced, in the order of units. */
  readonly changes: { at: number; tracks: readonly Track[] }[] = [];

  constructor(reader: LaneReader) {
    this.reader = new UnitReader(reader);
    this.reader.onTracks = (tracks) => this.changes.push({ at: this.seen.length, tracks });
    reader.onReadable = () => this.#pump();
    this.#pump();
  }

  get units(): AccessUnit[] {
    return this.seen.map(({ unit }) => unit);
  }

  #pump(): void {
    for (let unit = this.reader.next(); unit !== undefined; unit = this.reader.next()) {
      this.seen.push({ unit: copyOf(unit), tracks: this.reader.tracks });
    }
  }
}

/** Everything that comes out of a `ts` lane, with the tables in front where they are needed. */
export class TsTap {
  readonly #parts: Uint8Array[] = [];

  constructor(reader: LaneReader) {
    const take = (bytes: Uint8Array): void => {
      if (this.#parts.length === 0 && reader.bare) this.#parts.push(reader.tables());
      this.#parts.push(bytes.slice());
    };
    reader.onReadable = () => reader.drain(take);
    reader.drain(take);
  }

  get media(): Media {
    return demux(Buffer.concat(this.#parts));
  }
}

/** What a player of a packaged lane gets, chunk by chunk. */
export class PackagedTap {
  readonly reader: PackagedReader;
  readonly chunks: { text: string; dts: number; track: number; disposable: boolean; fresh: boolean }[] = [];
  /** Lets it read; a player whose socket is full does not. */
  open = true;

  constructor(reader: LaneReader) {
    this.reader = new PackagedReader(reader);
    reader.onReadable = () => this.pump();
    this.pump();
  }

  get text(): string {
    return this.chunks.map((chunk) => chunk.text).join("");
  }

  pump(): void {
    const { reader } = this.reader;
    while (this.open && this.reader.next()) {
      const bytes = reader.hold();
      if (bytes === undefined) {
        this.reader.skip();
        continue;
      }
      const { dts, track } = reader.chunk;
      const { fresh } = this.reader;
      const text = String(Buffer.from(bytes.slice()));
      this.chunks.push({ text, dts, track, disposable: reader.disposable, fresh });
      reader.release();
    }
  }
}

/** What of a unit has to arrive as it was sent. */
export function summary(units: readonly AccessUnit[], track?: number): unknown[] {
  return units
    .filter((unit) => track === undefined || unit.track === track)
    .map(({ track: id, pts, dts, key, data }) => [id, pts, dts, key, Buffer.concat(data).toString("base64")]);
}
