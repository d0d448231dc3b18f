import {
  AF_DISCONTINUITY,
  AF_PCR,
  AF_RANDOM_ACCESS,
  HEADER_ADAPTATION,
  HEADER_PAYLOAD,
  HEADER_PUSI,
  PACKET_SIZE,
  packHeader,
  writeHeader,
  writePcr,
  writePcrPacket,
} from "../packet.ts";
import type { Bytes } from "./payload.ts";

/** Payload bytes of a packet without adaptation field. */
const ROOM = PACKET_SIZE - 4;

/** Appends packets to a buffer. */
export class PacketWriter {
  #buf = new Uint8Array(64 * PACKET_SIZE);
  /** Bytes written. */
  length = 0;
  /** The next PCR is the first of a new time base. */
  discontinuity = false;

  get bytes(): Uint8Array {
    return this.#buf.subarray(0, this.length);
  }

  /** Makes room for packets that the caller fills in; returns the buffer. */
  claim(count: number): Uint8Array {
    const need = this.length + count * PACKET_SIZE;
    if (need > this.#buf.length) {
      const buf = new Uint8Array(Math.max(need, this.#buf.length * 2));
      buf.set(this.bytes);
      this.#buf = buf;
    }
    this.length = need;
    return this.#buf;
  }

  /** A packet with nothing but a PCR. */
  pcr(pid: number, continuity: number, pcr27: number): void {
    const at = this.length;
    const buf = this.claim(1);
    writePcrPacket(buf, at, { pid, continuity, pcr27, discontinuity: this.discontinuity });
    this.discontinuity = false;
  }

  /**
   * One packet with as much of `pes[from…)` as fits. `pcr27` is -1 for none, `flags` are `HEADER_PUSI` and
   * `AF_RANDOM_ACCESS` or-ed. Returns the bytes taken.
   */
  payload(
    header: number,
    pes: Bytes,
    options: { from: number; pcr27: number; randomAccess: boolean },
  ): number {
    const at = this.length;
    const buf = this.claim(1);
    const { from, pcr27 } = options;
    let flags = options.randomAccess ? AF_RANDOM_ACCESS : 0;
    if (pcr27 !== -1) flags |= AF_PCR | (this.discontinuity ? AF_DISCONTINUITY : 0);
    let field = pcr27 !== -1 ? 8 : flags !== 0 ? 2 : 0;
    const count = Math.min(ROOM - field, pes.length - from);
    const wanted = field;
    field = ROOM - count;
    writeHeader(buf, at, field > 0 ? header | HEADER_ADAPTATION : header);
    if (field > 0) buf[at + 4] = field - 1;
    if (field > 1) buf[at + 5] = flags;
    if (pcr27 !== -1) {
      writePcr(buf, at + 6, pcr27);
      this.discontinuity = false;
    }
    const stuffing = Math.max(2, wanted);
    if (field > stuffing) buf.fill(0xff, at + 4 + stuffing, at + 4 + field);
    const data = pes.data;
    let to = at + 4 + field;
    for (let i = from; i < from + count; i++) buf[to++] = data[i] as number;
    return count;
  }
}

/** Header of a payload packet. */
export function payloadHeader(pid: number, continuity: number, unitStart: boolean): number {
  return packHeader(pid, continuity, HEADER_PAYLOAD | (unitStart ? HEADER_PUSI : 0));
}
