import type { AccessUnit, Track } from "@millrace/model";
import type { Span } from "../memory/span.ts";
import type { LaneReader } from "./reader.ts";
import { CHUNK_UNIT_KEY } from "./ring.ts";

/** Reads access units out of a `units` lane. */
export class UnitReader {
  readonly reader: LaneReader;
  readonly #held: Span[] = [];
  #parts: Uint8Array[] = [];
  #broken = false;
  #skips: number;
  #key = false;
  #discontinuity = false;

  constructor(reader: LaneReader) {
    this.reader = reader;
    this.#skips = reader.skips;
  }

  get tracks(): readonly Track[] {
    return this.reader.tracks;
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
      }
      this.#held.push(reader.span());
      this.#parts.push(bytes);
      if (reader.more) continue;
      const { track, pts, dts, wallMs } = reader.chunk;
      const discontinuity = this.#discontinuity;
      const unit: AccessUnit = { track, pts, dts, key: this.#key, discontinuity, data: this.#parts, wallMs };
      this.#parts = [];
      return unit;
    }
    return undefined;
  }

  close(): void {
    this.#drop();
    this.reader.close();
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
