import { equalBytes } from "@millrace/bytes";
import type { PackagedMessage, PackagedWriter } from "../api.ts";
import {
  CHUNK_DISCONTINUITY,
  CHUNK_DISPOSABLE,
  CHUNK_KEY,
  CHUNK_MORE,
  CHUNK_REPEAT,
  CHUNK_UNIT_KEY,
} from "../lane/ring.ts";
import type { LaneWriter } from "../lane/writer.ts";

/**
 * Writes a packaged lane. The header is written into the lane itself, in front of every key message: so a reader that
 * starts there has the header of just that message, and those that run pass over it (`CHUNK_REPEAT`).
 */
export class PackagedOutput implements PackagedWriter {
  readonly #lane: LaneWriter;
  readonly #time = { dts: 0, pts: 0, track: 0 };
  #header: Uint8Array = new Uint8Array(0);
  /** The header is not the one that running readers have. */
  #changed = false;

  constructor(lane: LaneWriter) {
    this.#lane = lane;
  }

  setHeader(bytes: Uint8Array): void {
    if (equalBytes(bytes, this.#header)) return;
    this.#header = bytes.slice();
    this.#changed = true;
  }

  put(message: PackagedMessage): void {
    const time = this.#time;
    time.dts = message.dts;
    time.pts = message.pts;
    time.track = message.track;
    const start = message.key ? CHUNK_KEY : 0;
    let flags = message.key ? CHUNK_UNIT_KEY : 0;
    if (message.discontinuity) flags |= CHUNK_DISCONTINUITY;
    const headed = this.#header.length > 0 && (message.key || this.#changed);
    if (headed) this.#write(this.#header, start | (this.#changed ? 0 : CHUNK_REPEAT), 0);
    else flags |= start;
    this.#changed = false;
    const kept = message.disposable ? CHUNK_DISPOSABLE : 0;
    let left = 0;
    for (const part of message.data) left += part.length;
    for (const part of message.data) {
      left -= part.length;
      this.#write(part, flags | kept, left);
      if (part.length > 0) flags = 0;
    }
  }

  /** Writes bytes behind which `left` more belong to the same message; without any, ends the message's last chunk. */
  #write(bytes: Uint8Array, flags: number, left: number): void {
    const lane = this.#lane;
    for (let at = 0; at < bytes.length; ) {
      const room = lane.room(1);
      const size = Math.min(room, bytes.length - at);
      lane.mark(flags, this.#time);
      lane.bytes.set(bytes.subarray(at, at + size), lane.at);
      lane.advance(size);
      at += size;
      if (size < room || (at === bytes.length && left === 0)) continue;
      // A full slab ends the chunk; the message goes on in the next one.
      lane.mark(CHUNK_MORE);
      lane.commit();
      flags &= CHUNK_DISPOSABLE | CHUNK_REPEAT;
    }
    if (left === 0) lane.commit();
  }
}
