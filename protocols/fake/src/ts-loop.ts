import { PCR_WRAP, TICKS_WRAP } from "@millrace/model";
import { badLoop } from "./errors.ts";

const PACKET = 188;
const SYNC = 0x47;

/** A lap's pieces: packets from one PCR up to the next belong together in time. */
interface Piece {
  /** Byte offset of the piece in the lap. */
  readonly start: number;
  /** When it is due, from the start of the lap, at 27 MHz. */
  readonly dueAt: number;
}

/**
 * Plays a short transport stream round and round as one endless stream: continuity counters run on, and PCR, PTS and
 * DTS are moved on by one lap each time (ISO/IEC 13818-1 §2.4.3.3, §2.4.3.5, §2.4.3.7). Pure: bytes and times only.
 */
export class TsLoop {
  readonly #lap: Uint8Array;
  readonly #lapPcr: number;
  readonly #pieces: readonly Piece[];
  readonly #counters = new Uint8Array(8192).fill(15);
  #round = 0;
  #piece = 0;

  /**
   * @param lap whole packets of a single program with its PCR
   * @param lapPcr length of the lap at 27 MHz, a multiple of 300
   */
  constructor(lap: Uint8Array, lapPcr: number) {
    if (lap.length === 0 || lap.length % PACKET !== 0) throw badLoop("not a whole number of packets");
    // A plain array: `slice` of a Buffer would not copy, and `next` writes into what it slices.
    this.#lap = new Uint8Array(lap.buffer, lap.byteOffset, lap.byteLength);
    this.#lapPcr = lapPcr;
    this.#pieces = findPieces(lap);
  }

  /** When the next piece is due, from the start of the first lap, at 27 MHz. */
  get dueAt(): number {
    return this.#round * this.#lapPcr + (this.#pieces[this.#piece] as Piece).dueAt;
  }

  /** The next piece, ready to send. A fresh array. */
  next(): Uint8Array {
    const pieces = this.#pieces;
    const start = (pieces[this.#piece] as Piece).start;
    const end = pieces[this.#piece + 1]?.start ?? this.#lap.length;
    const out = this.#lap.slice(start, end);
    for (let at = 0; at < out.length; at += PACKET) this.#restamp(out, at);
    if (++this.#piece === pieces.length) {
      this.#piece = 0;
      this.#round++;
    }
    return out;
  }

  #restamp(bytes: Uint8Array, at: number): void {
    const control = bytes[at + 3] as number;
    const pid = (((bytes[at + 1] as number) & 0x1f) << 8) | (bytes[at + 2] as number);
    let counter = this.#counters[pid] as number;
    if (control & 0x10) counter = (counter + 1) & 15;
    this.#counters[pid] = counter;
    bytes[at + 3] = (control & 0xf0) | counter;
    if (this.#round === 0) return;
    const shift = this.#round * this.#lapPcr;
    if (hasPcr(bytes, at)) writePcr(bytes, at + 6, readPcr(bytes, at + 6) + shift);
    const pes = pesStart(bytes, at);
    if (pes >= 0) shiftPesTimes(bytes, pes, shift / 300);
  }
}

function findPieces(lap: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  let first = 0;
  for (let at = 0; at < lap.length; at += PACKET) {
    if (lap[at] !== SYNC) throw badLoop(`no sync byte at ${at}`);
    if (!hasPcr(lap, at)) continue;
    const pcr = readPcr(lap, at + 6);
    if (pieces.length === 0) first = pcr;
    pieces.push({ start: pieces.length === 0 ? 0 : at, dueAt: (pcr - first + PCR_WRAP) % PCR_WRAP });
  }
  if (pieces.length === 0) throw badLoop("no PCR");
  return pieces;
}

function hasPcr(bytes: Uint8Array, at: number): boolean {
  return (
    ((bytes[at + 3] as number) & 0x20) !== 0 &&
    (bytes[at + 4] as number) >= 7 &&
    ((bytes[at + 5] as number) & 0x10) !== 0
  );
}

// ISO/IEC 13818-1 §2.4.3.5: 33 bits base at 90 kHz, 6 reserved, 9 bits extension.
function readPcr(b: Uint8Array, at: number): number {
  const high = ((b[at] as number) * 2 ** 24 + ((b[at + 1] as number) << 16)) | ((b[at + 2] as number) << 8);
  const base = ((high >>> 0) + (b[at + 3] as number)) * 2 + ((b[at + 4] as number) >> 7);
  return base * 300 + (((b[at + 4] as number) & 1) << 8) + (b[at + 5] as number);
}

function writePcr(b: Uint8Array, at: number, value: number): void {
  const pcr = value % PCR_WRAP;
  const base = Math.floor(pcr / 300);
  const extension = pcr % 300;
  const high = Math.floor(base / 2);
  b[at] = high >>> 24;
  b[at + 1] = high >>> 16;
  b[at + 2] = high >>> 8;
  b[at + 3] = high;
  b[at + 4] = ((base & 1) << 7) | 0x7e | (extension >> 8);
  b[at + 5] = extension;
}

/** Offset of a PES header with the optional fields that starts in this packet, or -1. */
function pesStart(b: Uint8Array, at: number): number {
  const control = b[at + 3] as number;
  if (((b[at + 1] as number) & 0x40) === 0 || (control & 0x10) === 0) return -1;
  const pes = at + 4 + (control & 0x20 ? 1 + (b[at + 4] as number) : 0);
  if (pes + 19 > at + PACKET) return -1;
  const isPes = b[pes] === 0 && b[pes + 1] === 0 && b[pes + 2] === 1;
  const id = b[pes + 3] as number;
  // §2.4.3.7 table 2-22: audio 110xxxxx, video 1110xxxx, private_stream_1.
  return isPes && ((id >= 0xc0 && id <= 0xef) || id === 0xbd) ? pes : -1;
}

function shiftPesTimes(b: Uint8Array, pes: number, shiftTicks: number): void {
  const flags = (b[pes + 7] as number) >> 6;
  if (flags & 2) shiftTime(b, pes + 9, shiftTicks);
  if (flags === 3) shiftTime(b, pes + 14, shiftTicks);
}

// §2.4.3.7: 4 bits prefix, then 3, 15 and 15 bits, each followed by a marker bit.
function shiftTime(b: Uint8Array, at: number, shiftTicks: number): void {
  const old =
    (((b[at] as number) >> 1) & 7) * 2 ** 30 +
    (((b[at + 1] as number) << 22) | (((b[at + 2] as number) >> 1) << 15)) +
    (((b[at + 3] as number) << 7) | ((b[at + 4] as number) >> 1));
  const time = (old + shiftTicks) % TICKS_WRAP;
  const top = Math.floor(time / 2 ** 30);
  const low = time % 2 ** 30;
  b[at] = ((b[at] as number) & 0xf0) | (top << 1) | 1;
  b[at + 1] = low >>> 22;
  b[at + 2] = ((low >>> 15) << 1) | 1;
  b[at + 3] = low >>> 7;
  b[at + 4] = (low << 1) | 1;
}
