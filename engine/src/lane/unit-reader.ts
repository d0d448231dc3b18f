import type { AccessUnit, Track } from "@millrace/model";
import type { Span } from "../memory/span.ts";
import type { LaneReader } from "./reader.ts";
import { CHUNK_BREAK, CHUNK_UNIT_KEY } from "./ring.ts";

/** Reads access units out of a `units` lane. */
export class UnitReader {
  readonly reader: LaneReader;
  readonly #held: Span[] = [];
  #parts: Uint8Array[] = [];
  #broken = false;
  #skips: number;
  #key = false;
  #discontinuity = false;
  #break = false;
  #version: number | undefined;
  /** Called before the first unit, and before the first one of other tracks; `tracks` are then the new ones. */
  onTracks: ((tracks: readonly Track[]) => void) | undefined;

  constructor(reader: LaneReader) {
    this.reader = reader;
    this.#skips = reader.skips;
  }

  /** The tracks that the last unit belongs to; before the first those known now. */
  get tracks(): readonly Track[] {
    return this.#version === undefined ? this.reader.tracks : this.reader.view.tracksOf(this.#version);
  }

  /** A pipe's publisher said before the last unit that its timeline begins anew. */
  get broke(): boolean {
    return this.#break;
  }

  /**
   * The next whole unit; its bytes are views of shared memory that stay valid until the next call or `close`.
   * Undefined when none is complete yet.
   */
  next(): AccessUnit | undefined {
    if (this.#parts.length === 0) this.#letGo();
    const { reader } = this;
    while (reader.next()) {
      // Moved ahead: what was gathered of a unit will never be whole.
      if (reader.skips !== this.#skips) {
        this.#skips = reader.skips;
        this.#drop();
      }
      const bytes = reader.hold();
      if (bytes === undefined) {
        this.#drop();
        reader.skip();
        continue;
      }
      if (this.#parts.length === 0) {
        this.#key = (reader.chunk.flags & CHUNK_UNIT_KEY) !== 0;
        this.#discontinuity = reader.discontinuity || this.#broken;
        this.#broken = false;
        this.#break = (reader.chunk.flags & CHUNK_BREAK) !== 0;
      }
      this.#held.push(reader.span());
      this.#parts.push(bytes);
      if (reader.more) continue;
      const { track, pts, dts, wallMs } = reader.chunk;
      const discontinuity = this.#discontinuity;
      const unit: AccessUnit = { track, pts, dts, key: this.#key, discontinuity, data: this.#parts, wallMs };
      this.#parts = [];
      this.#follow(reader.chunk.tracksVersion);
      return unit;
    }
    return undefined;
  }

  close(): void {
    this.#drop();
    this.reader.close();
  }

  #follow(version: number): void {
    if (version === this.#version) return;
    this.#version = version;
    this.onTracks?.(this.tracks);
  }

  #drop(): void {
    this.#parts = [];
    this.#broken = true;
    this.#letGo();
  }

  #letGo(): void {
    for (const span of this.#held) this.reader.releaseSpan(span);
    this.#held.length = 0;
  }
}
