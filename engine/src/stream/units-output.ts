import type { AccessUnit, Ticks, Track } from "@millrace/model";
import { CHUNK_BREAK, CHUNK_DISCONTINUITY, CHUNK_KEY, CHUNK_MORE, CHUNK_UNIT_KEY } from "../lane/ring.ts";
import type { LaneWriter } from "../lane/writer.ts";
import type { Ticker } from "../worker/ticker.ts";

/** A switch leaves this between the last unit of one input and the first of the next: one frame at 25/s. */
const SWITCH_GAP_TICKS = 3600;

/** Writes access units into a lane, on one timeline across switches of inputs. */
export class UnitsOutput {
  readonly #lane: LaneWriter;
  readonly #ticker: Ticker;
  #offset = 0;
  #lastEnd: Ticks | undefined;
  #switching = false;
  #breaking = false;
  #video: number | undefined;
  #flagged = new Set<number>();

  constructor(lane: LaneWriter, ticker: Ticker) {
    this.#lane = lane;
    this.#ticker = ticker;
  }

  setTracks(tracks: readonly Track[]): void {
    this.#video = tracks.find((track) => track.kind === "video")?.id;
    this.#lane.setTracks(tracks);
  }

  /** The next unit comes from another input or timeline. */
  switch(): void {
    this.#switching = this.#lastEnd !== undefined;
  }

  /** The next unit is flagged as the first of a new timeline, and times stay as they are: for a reader that switches. */
  breakHere(): void {
    this.#breaking = true;
  }

  write(unit: AccessUnit): void {
    if (this.#switching) {
      this.#switching = false;
      this.#offset = (this.#lastEnd ?? 0) + SWITCH_GAP_TICKS - unit.dts;
      this.#flagged = new Set(this.#lane.tracks.map((track) => track.id));
    }
    const dts = unit.dts + this.#offset;
    this.#lastEnd = Math.max(this.#lastEnd ?? dts, dts);
    let flags = unit.discontinuity || this.#flagged.delete(unit.track) ? CHUNK_DISCONTINUITY : 0;
    if (unit.key) flags |= CHUNK_UNIT_KEY;
    if (this.#breaking) flags |= CHUNK_BREAK;
    this.#breaking = false;
    // Readers start at video key frames where there is video.
    if (unit.key && (this.#video === undefined || unit.track === this.#video)) flags |= CHUNK_KEY;
    this.#put(unit, flags, { dts, pts: unit.pts + this.#offset, track: unit.track });
    this.#ticker.commitLater(this.#lane);
  }

  #put(unit: AccessUnit, flags: number, time: { dts: number; pts: number; track: number }): void {
    const lane = this.#lane;
    lane.commit();
    let left = 0;
    for (const part of unit.data) left += part.length;
    for (const part of unit.data) {
      for (let at = 0; at < part.length; ) {
        const room = lane.room(1);
        const size = Math.min(room, part.length - at);
        lane.mark(flags, time);
        lane.bytes.set(part.subarray(at, at + size), lane.at);
        lane.advance(size);
        at += size;
        left -= size;
        // A full slab ends the chunk; the unit goes on in the next one.
        if (size === room && left > 0) {
          lane.mark(CHUNK_MORE);
          lane.commit();
          flags = 0;
        }
      }
    }
    lane.commit();
  }
}
