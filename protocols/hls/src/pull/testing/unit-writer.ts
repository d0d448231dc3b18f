import type { StreamWriter } from "@millrace/engine";
import type { AccessUnit, Track } from "@millrace/model";

/** A place for a source to write to, which keeps everything: of units their data, too. */
export class PullWriter implements StreamWriter {
  readonly #parts: Uint8Array[] = [];
  readonly units: AccessUnit[] = [];
  readonly counters: Record<string, number> = {};
  tracks: readonly Track[] = [];
  breaks = 0;
  /** Bytes of transport stream so far. */
  length = 0;

  ts(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.length += bytes.length;
  }

  setTracks(tracks: readonly Track[]): void {
    this.tracks = tracks;
  }

  unit(unit: AccessUnit): void {
    this.units.push({ ...unit, data: unit.data.map((part) => part.slice()) });
  }

  discontinuity(): void {
    this.breaks++;
  }

  count(name: string, by = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }

  /** Every byte of transport stream so far. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  unitsOf(track: number): AccessUnit[] {
    return this.units.filter((unit) => unit.track === track);
  }
}
