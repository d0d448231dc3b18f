import { crc32Mpeg } from "@millrace/bytes";
import {
  continuityOf,
  HEADER_PAYLOAD,
  HEADER_PUSI,
  hasDiscontinuity,
  hasPayload,
  hasTransportError,
  hasUnitStart,
  PACKET_SIZE,
  packHeader,
  payloadOffset,
  scramblingOf,
  writeHeader,
} from "./packet.ts";

/** Largest section there is: 3 bytes of header and a section_length of at most 4093 (ISO/IEC 13818-1 §2.4.4.11). */
export const MAX_SECTION = 4096;

/** Receives one section, header and CRC included: a view that is valid until the call returns. */
export type SectionHandler = (section: Uint8Array) => void;

/**
 * Whether sections of this kind end in a CRC-32: those of the long form, the TOT (EN 300 468 §5.2.6) and the
 * splice_info_section (SCTE 35 §9.6). Of the short form nothing else does.
 */
export function sectionHasCrc(tableId: number, longForm: boolean): boolean {
  return longForm || tableId === 0x73 || tableId === 0xfc;
}

/**
 * Puts the sections of one PID together (ISO/IEC 13818-1 §2.4.4): several in a packet, one over many packets, stuffing
 * in between. What is broken is counted and never delivered.
 */
export class SectionAssembler {
  readonly #onSection: SectionHandler;
  readonly #buffer = new Uint8Array(MAX_SECTION);
  /** Bytes of the unfinished section in the buffer. */
  #have = 0;
  /** Whether a section is under way. */
  #open = false;
  #continuity = -1;
  /** Sections delivered. */
  sections = 0;
  /** Sections dropped for a wrong CRC-32. */
  crcErrors = 0;
  /** Sections dropped for an impossible length or pointer_field. */
  lengthErrors = 0;
  /** Sections dropped since a packet was missing. */
  lossErrors = 0;

  constructor(onSection: SectionHandler) {
    this.#onSection = onSection;
  }

  /** Forgets a section under way and the continuity counter. */
  reset(): void {
    this.#have = 0;
    this.#open = false;
    this.#continuity = -1;
  }

  /** Notes a packet that need not be looked into, so that the next one is not taken for a loss. */
  pass(continuity: number): void {
    this.#continuity = continuity;
  }

  /** Takes the packet at `buf[at]`, which must be of this assembler's PID. */
  push(buf: Uint8Array, at: number): void {
    if (!hasPayload(buf, at) || hasTransportError(buf, at) || scramblingOf(buf, at) !== 0) return;
    const continuity = continuityOf(buf, at);
    const last = this.#continuity;
    this.#continuity = continuity;
    if (last >= 0 && continuity !== ((last + 1) & 15)) {
      const announced = hasDiscontinuity(buf, at);
      if (continuity === last && !announced) return; // a duplicate (§2.4.3.3)
      if (this.#open) this.#drop();
      if (!announced) this.lossErrors++;
    }
    const end = at + PACKET_SIZE;
    const payload = payloadOffset(buf, at);
    if (payload >= end) return;
    if (!hasUnitStart(buf, at)) {
      if (this.#open) this.#append(buf, payload, end);
      return;
    }
    const first = payload + 1 + (buf[payload] as number);
    if (first > end) {
      this.lengthErrors++;
      this.#drop();
      return;
    }
    if (this.#open) {
      this.#append(buf, payload + 1, first);
      if (this.#open) {
        this.lengthErrors++;
        this.#drop();
      }
    }
    this.#startSections(buf, first, end);
  }

  #drop(): void {
    this.#open = false;
    this.#have = 0;
  }

  /** Sections that begin in this packet. */
  #startSections(buf: Uint8Array, start: number, end: number): void {
    let at = start;
    // table_id 0xFF is stuffing up to the packet's end (§2.4.4.1)
    while (at < end && buf[at] !== 0xff) {
      if (at + 3 > end) {
        this.#begin(buf, at, end);
        return;
      }
      const size = 3 + ((((buf[at + 1] as number) & 0x0f) << 8) | (buf[at + 2] as number));
      if (size > MAX_SECTION) {
        this.lengthErrors++;
        return;
      }
      if (at + size > end) {
        this.#begin(buf, at, end);
        return;
      }
      this.#deliver(buf.subarray(at, at + size));
      at += size;
    }
  }

  #begin(buf: Uint8Array, start: number, end: number): void {
    this.#open = true;
    this.#have = 0;
    this.#append(buf, start, end);
  }

  /** Adds `buf[start, end)` to the section under way; bytes after its end are stuffing, as no section starts here. */
  #append(buf: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer;
    let at = start;
    while (this.#have < 3 && at < end) buffer[this.#have++] = buf[at++] as number;
    if (this.#have < 3) return;
    const size = 3 + ((((buffer[1] as number) & 0x0f) << 8) | (buffer[2] as number));
    if (size > MAX_SECTION) {
      this.lengthErrors++;
      this.#drop();
      return;
    }
    const take = Math.min(size - this.#have, end - at);
    for (let i = 0; i < take; i++) buffer[this.#have + i] = buf[at + i] as number;
    this.#have += take;
    if (this.#have < size) return;
    this.#drop();
    this.#deliver(buffer.subarray(0, size));
  }

  #deliver(section: Uint8Array): void {
    const longForm = ((section[1] as number) & 0x80) !== 0;
    if (sectionHasCrc(section[0] as number, longForm)) {
      if (section.length < (longForm ? 12 : 7)) {
        this.lengthErrors++;
        return;
      }
      if (crc32Mpeg(section) !== 0) {
        this.crcErrors++;
        return;
      }
    }
    this.sections++;
    this.#onSection(section);
  }
}

/** Cuts sections into packets of one PID and keeps its continuity counter. */
export class SectionPacketizer {
  readonly pid: number;
  /** Continuity counter of the next packet. */
  continuity: number;

  constructor(pid: number, continuity = 0) {
    this.pid = pid;
    this.continuity = continuity;
  }

  /** Packets of the given sections; each section starts in a packet of its own. */
  packetize(sections: readonly Uint8Array[]): Uint8Array {
    let count = 0;
    for (const section of sections) count += Math.ceil((section.length + 1) / 184);
    const packets = new Uint8Array(count * PACKET_SIZE).fill(0xff);
    let at = 0;
    for (const section of sections) {
      let sent = 0;
      while (sent < section.length) {
        const first = sent === 0;
        const flags = HEADER_PAYLOAD | (first ? HEADER_PUSI : 0);
        writeHeader(packets, at, packHeader(this.pid, this.continuity, flags));
        this.continuity = (this.continuity + 1) & 15;
        if (first) packets[at + 4] = 0; // pointer_field
        const room = first ? 183 : 184;
        const part = section.subarray(sent, sent + room);
        packets.set(part, at + PACKET_SIZE - room);
        sent += part.length;
        at += PACKET_SIZE;
      }
    }
    return packets;
  }
}
