import { u24be, u32be } from "@millrace/bytes";
import { ChunkStream } from "./chunk-stream.ts";
import { ABORT, AGGREGATE, AUDIO, SET_CHUNK_SIZE, VIDEO } from "./message-types.ts";
import { WireViolation } from "./violation.ts";

/** Chunk size of both directions until a message says otherwise (RTMP 1.0 §5.4.1). */
export const INITIAL_CHUNK_BYTES = 128;
/** No chunk is longer, as no message is: its length has 24 bits. */
export const MAX_CHUNK_BYTES = 0xffffff;

const EXTENDED = 0xffffff;
/** Basic header, message header and extended time at their longest (§5.3.1). */
const MAX_HEADER_BYTES = 3 + 11 + 4;
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;

/** 4 if the 32 bits at `at` are `value`, 0 if they are something else, -1 if there are too few to tell. */
function repeated(bytes: Uint8Array, at: number, end: number, value: number): 0 | 4 | -1 {
  for (let i = 0; i < 4; i++) {
    if (at + i >= end) return -1;
    if (bytes[at + i] !== ((value >>> (24 - 8 * i)) & 255)) return 0;
  }
  return 4;
}

/** One whole message. The object is used again for the next one; `payload` belongs to whoever it was given to. */
export class ChunkMessage {
  csid = 0;
  type = 0;
  streamId = 0;
  /** Unwrapped from 32 bits; can be negative, and can jump. */
  timestampMs = 0;
  payload: Uint8Array = new Uint8Array(0);
}

export interface ChunkLimits {
  /** Longest message. */
  readonly maxMessageBytes: number;
  /** Memory of all messages under way together. */
  readonly maxPendingBytes: number;
  readonly maxChunkStreams: number;
}

export const DEFAULT_CHUNK_LIMITS: ChunkLimits = {
  maxMessageBytes: 8 << 20,
  maxPendingBytes: 16 << 20,
  maxChunkStreams: 64,
};

/**
 * Puts the messages of a chunk stream together (RTMP 1.0 §5.3). Set Chunk Size and Abort are obeyed here, and handed
 * on like every other message. Throws `WireViolation`; after that it must not be fed again.
 */
export class ChunkReader {
  /** Messages that were given up half-way, as a new header came in the middle of them. */
  abandonedMessages = 0;
  readonly #onMessage: (message: ChunkMessage) => void;
  readonly #limits: ChunkLimits;
  readonly #low: (ChunkStream | undefined)[] = Array.from({ length: 64 }, () => undefined);
  readonly #high = new Map<number, ChunkStream>();
  #streams = 0;
  #chunkBytes = INITIAL_CHUNK_BYTES;
  #pendingBytes = 0;
  /** The first bytes of a header that is not whole yet. */
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** The stream whose chunk is being read, and how much of that chunk is to come. */
  #current: ChunkStream | undefined;
  #chunkLeft = 0;
  /** Time of the last medium, that a stream's first time is unwrapped by. */
  #mediaMs = 0;
  #hasMedia = false;
  readonly #message = new ChunkMessage();

  constructor(onMessage: (message: ChunkMessage) => void, limits: ChunkLimits = DEFAULT_CHUNK_LIMITS) {
    this.#onMessage = onMessage;
    this.#limits = limits;
  }

  /** Size of the peer's chunks. */
  get chunkBytes(): number {
    return this.#chunkBytes;
  }

  /** Memory that messages under way take. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Reads `bytes` from `at` on; they may be used again afterwards. */
  push(bytes: Uint8Array, at = 0): void {
    const end = bytes.length;
    while (at < end) {
      const stream = this.#current;
      if (stream === undefined) at = this.#readHeader(bytes, at, end);
      else at = this.#readBody(stream, bytes, at, end);
    }
  }

  #readHeader(bytes: Uint8Array, at: number, end: number): number {
    if (this.#headerBytes === 0) {
      const size = this.#parse(bytes, at, end);
      if (size > 0) return at + size;
    }
    const header = this.#header;
    while (at < end) {
      header[this.#headerBytes++] = bytes[at++] as number;
      const size = this.#parse(header, 0, this.#headerBytes);
      if (size === 0) continue;
      const rest = this.#headerBytes - size;
      this.#headerBytes = 0;
      // Bytes were looked at that turned out to be no extended time: they are read again, as what they are.
      if (rest > 0) this.push(header.slice(size, size + rest));
      return at;
    }
    return at;
  }

  /** Bytes of the header at `at`, which has then been taken in; 0 if it is not whole yet. */
  #parse(bytes: Uint8Array, at: number, end: number): number {
    const first = bytes[at] as number;
    const format = first >> 6;
    let csid = first & 63;
    let next = at + 1;
    if (csid === 0) {
      if (next + 1 > end) return 0;
      csid = 64 + (bytes[next] as number);
      next += 1;
    } else if (csid === 1) {
      if (next + 2 > end) return 0;
      csid = 64 + (bytes[next] as number) + 256 * (bytes[next + 1] as number);
      next += 2;
    }
    const fields = next;
    next += MESSAGE_HEADER_BYTES[format] as number;
    if (next > end) return 0;
    const known = csid < 64 ? this.#low[csid] : this.#high.get(csid);
    if (format > 1 && known?.known !== true) {
      throw new WireViolation("rtmp.bad-chunk", `chunk stream ${csid} begins with fmt ${format}`);
    }
    let time = format === 3 ? 0 : u24be(bytes, fields);
    let extended = false;
    if (format === 3) {
      // Some peers leave the field out of fmt 3 chunks: it is only believed when it repeats the header's.
      const repeats = known?.extended === true ? repeated(bytes, next, end, known.timeField) : 0;
      if (repeats < 0) return 0;
      next += repeats;
    } else if (time === EXTENDED) {
      if (next + 4 > end) return 0;
      time = u32be(bytes, next);
      extended = true;
      next += 4;
    }
    const stream = known ?? this.#open(csid);
    if (format === 3) this.#continue(stream);
    else {
      this.#begin(stream, format, bytes, fields);
      stream.timestampMs = format === 0 ? this.#unwrap(stream, time) : stream.timestampMs + time;
      stream.known = true;
      stream.timeField = time;
      stream.extended = extended;
      this.#startMessage(stream);
    }
    return next - at;
  }

  #open(csid: number): ChunkStream {
    if (this.#streams === this.#limits.maxChunkStreams) {
      throw new WireViolation("rtmp.too-many-chunk-streams", `more than ${this.#streams} chunk streams`);
    }
    this.#streams++;
    const stream = new ChunkStream(csid);
    if (csid < 64) this.#low[csid] = stream;
    else this.#high.set(csid, stream);
    return stream;
  }

  /** Takes in what a header says beside the time; its fields begin at `fields`. */
  #begin(stream: ChunkStream, format: number, bytes: Uint8Array, fields: number): void {
    if (stream.open) {
      this.abandonedMessages++;
      this.#pendingBytes -= stream.take().length;
    }
    if (format < 2) {
      const length = u24be(bytes, fields + 3);
      if (length > this.#limits.maxMessageBytes) {
        throw new WireViolation("rtmp.message-too-large", `a message of ${length} bytes`);
      }
      stream.lengthBytes = length;
      stream.type = bytes[fields + 6] as number;
    }
    if (format === 0) {
      // The only little-endian field of the protocol (§5.3.1.2.1).
      const id = fields + 7;
      stream.streamId =
        ((bytes[id] as number) |
          ((bytes[id + 1] as number) << 8) |
          ((bytes[id + 2] as number) << 16) |
          ((bytes[id + 3] as number) << 24)) >>>
        0;
    }
  }

  #continue(stream: ChunkStream): void {
    if (stream.open) {
      this.#startChunk(stream);
      return;
    }
    // After fmt 0 the difference is that header's time (§5.3.1.2.4).
    stream.timestampMs += stream.timeField;
    this.#startMessage(stream);
  }

  /** The time that is nearest to the last one and has these 32 bits. */
  #unwrap(stream: ChunkStream, time: number): number {
    if (stream.known) return stream.timestampMs + ((time - stream.timestampMs) | 0);
    return this.#hasMedia ? this.#mediaMs + ((time - this.#mediaMs) | 0) : time;
  }

  #startMessage(stream: ChunkStream): void {
    stream.open = true;
    if (stream.type === VIDEO || stream.type === AUDIO || stream.type === AGGREGATE) {
      this.#mediaMs = stream.timestampMs;
      this.#hasMedia = true;
    }
    if (stream.lengthBytes === 0) this.#finish(stream);
    else this.#startChunk(stream);
  }

  #startChunk(stream: ChunkStream): void {
    this.#current = stream;
    this.#chunkLeft = Math.min(this.#chunkBytes, stream.lengthBytes - stream.filledBytes);
  }

  #readBody(stream: ChunkStream, bytes: Uint8Array, at: number, end: number): number {
    const count = Math.min(this.#chunkLeft, end - at);
    const growth = stream.growthFor(count);
    if (growth > 0) {
      this.#pendingBytes += growth;
      if (this.#pendingBytes > this.#limits.maxPendingBytes) {
        throw new WireViolation(
          "rtmp.too-much-pending",
          `${this.#pendingBytes} bytes of unfinished messages`,
        );
      }
      stream.grow(growth);
    }
    stream.append(bytes, at, count);
    this.#chunkLeft -= count;
    if (this.#chunkLeft === 0) {
      this.#current = undefined;
      if (stream.filledBytes === stream.lengthBytes) this.#finish(stream);
    }
    return at + count;
  }

  #finish(stream: ChunkStream): void {
    const message = this.#message;
    message.csid = stream.csid;
    message.type = stream.type;
    message.streamId = stream.streamId;
    message.timestampMs = stream.timestampMs;
    message.payload = stream.take();
    this.#pendingBytes -= message.payload.length;
    if (message.type === SET_CHUNK_SIZE) this.#setChunkBytes(message.payload);
    else if (message.type === ABORT) this.#abort(message.payload);
    this.#onMessage(message);
  }

  #setChunkBytes(payload: Uint8Array): void {
    const size = payload.length < 4 ? 0 : u32be(payload, 0);
    if (size === 0 || size > 0x7fffffff) {
      throw new WireViolation("rtmp.bad-chunk-size", `a chunk size of ${size}`);
    }
    this.#chunkBytes = Math.min(size, MAX_CHUNK_BYTES);
  }

  #abort(payload: Uint8Array): void {
    if (payload.length < 4)
      throw new WireViolation("rtmp.bad-control", "an abort message without its stream");
    const csid = u32be(payload, 0);
    const stream = csid < 64 ? this.#low[csid] : this.#high.get(csid);
    if (stream?.open === true) this.#pendingBytes -= stream.take().length;
  }
}
