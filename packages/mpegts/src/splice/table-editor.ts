import { crc32Mpeg } from "@millrace/bytes";
import { TICKS_WRAP } from "@millrace/model";
import {
  continuityOf,
  hasPayload,
  hasUnitStart,
  PACKET_SIZE,
  payloadOffset,
  scramblingOf,
} from "../packet.ts";
import { TABLE_PMT } from "../psi.ts";
import { MAX_SECTION } from "../section.ts";

/** splice_info_section (SCTE 35 §9.6). */
export const TABLE_CUE = 0xfc;

/** What was sent of one table: all sections with the same table_id (and program). */
interface SentTable {
  /** version_number as last received and as last sent. */
  inVersion: number;
  outVersion: number;
  /** A section of several packets turned out to be new when its start was sent already. */
  stale: boolean;
  /** The table has not come since the last switch. */
  fresh: boolean;
  /** By section_number: the content, and the version it was sent with. */
  readonly sections: Map<number, { content: number; version: number }>;
}

/**
 * Edits the sections of one PID in place, packet by packet, so that version numbers go on over a splice: content that
 * differs from what was sent last never carries the same version, content that is the same keeps it. The CRC is linear, so
 * the change to it is known as soon as a section's length is, and sections may be spread over packets.
 */
export class TableEditor {
  readonly #tables = new Map<number, SentTable>();
  readonly #tableId: number;
  readonly #section = new Uint8Array(MAX_SECTION);
  /** Bytes of the section under way; -1: none. */
  #have = -1;
  #size = 0;
  /** To be xor-ed into its CRC. */
  #crcChange = 0;
  /** The version it is sent with. */
  #version = 0;
  #continuity = -1;
  /** Last version sent on this PID; -1 before. */
  #lastVersion = -1;
  #edit = false;
  /** Ticks to add to the pts_adjustment of cues. */
  offset = 0;

  /** `tableId`: the only table that is looked at. */
  constructor(tableId: number) {
    this.#tableId = tableId;
  }

  get tableId(): number {
    return this.#tableId;
  }

  /** What comes next is of another input. */
  begin(): void {
    this.#have = -1;
    this.#continuity = -1;
    for (const table of this.#tables.values()) table.fresh = true;
  }

  /** Takes the packet at `buf[at]`, with its final continuity counter; changes it only if `edit`. */
  push(buf: Uint8Array, at: number, edit: boolean): void {
    if (!hasPayload(buf, at) || scramblingOf(buf, at) !== 0) return;
    const continuity = continuityOf(buf, at);
    if (continuity === this.#continuity) return; // a duplicate, which receivers pass over
    if (this.#continuity >= 0 && continuity !== ((this.#continuity + 1) & 15)) this.#have = -1;
    this.#continuity = continuity;
    this.#edit = edit;
    const end = at + PACKET_SIZE;
    const payload = payloadOffset(buf, at);
    if (payload >= end) return;
    if (!hasUnitStart(buf, at)) {
      if (this.#have >= 0) this.#consume(buf, payload, end);
      return;
    }
    let next = payload + 1 + (buf[payload] as number);
    if (next <= end && this.#have >= 0) this.#consume(buf, payload + 1, next);
    this.#have = -1;
    while (next < end && buf[next] !== 0xff) {
      this.#have = 0;
      this.#size = 0;
      this.#crcChange = 0;
      next = this.#consume(buf, next, end);
    }
  }

  /** Takes bytes of the section under way; returns the index behind them. */
  #consume(buf: Uint8Array, from: number, end: number): number {
    const section = this.#section;
    let at = from;
    while (at < end) {
      const have = this.#have++;
      section[have] = buf[at] as number;
      if (have === 2) {
        this.#size = 3 + ((((section[1] as number) & 0x0f) << 8) | (section[2] as number));
        if (this.#size > MAX_SECTION || this.#size < 12) return this.#passOver(at - 2, end);
      } else if (have === 4 && this.#tableId === TABLE_CUE) this.#editCue(buf, at, end);
      else if (have === 5 && this.#tableId !== TABLE_CUE) this.#editVersion(buf, at, end);
      if (this.#size > 0 && have >= this.#size - 4 && this.#crcChange !== 0) {
        buf[at] = (buf[at] as number) ^ (this.#crcChange >>> (8 * (this.#size - 1 - have)));
      }
      at++;
      if (this.#have === this.#size) {
        this.#finish();
        this.#have = -1;
        return at;
      }
    }
    return at;
  }

  /** A section too short to be a table, or too long: nothing to do with it. */
  #passOver(start: number, end: number): number {
    this.#have = -1;
    return this.#size > MAX_SECTION ? end : Math.min(end, start + this.#size);
  }

  /** Whether the section under way is of the table that is looked at, in the long form and in force. */
  #isMine(): boolean {
    const section = this.#section;
    if (section[0] !== this.#tableId) return false;
    return ((section[1] as number) & 0x80) !== 0 && ((section[5] as number) & 1) !== 0;
  }

  /** `buf[at]` is the byte with the version_number. */
  #editVersion(buf: Uint8Array, at: number, end: number): void {
    if (!this.#isMine()) return;
    const received = ((buf[at] as number) >> 1) & 0x1f;
    this.#version = received;
    if (!this.#edit) return;
    const start = at - 5;
    const whole = start >= 0 && start + this.#size <= end ? this.#wholeSection(buf, start) : undefined;
    if (whole !== undefined && crc32Mpeg(whole) !== 0) return;
    this.#version = this.#choose(received, whole);
    const change = (received ^ this.#version) << 1;
    if (change === 0) return;
    buf[at] = (buf[at] as number) ^ change;
    this.#crcChange = crcChange(Uint8Array.of(change), this.#size - 4 - 6);
  }

  /** The section at `buf[start]`, unless its first bytes were in another packet. */
  #wholeSection(buf: Uint8Array, start: number): Uint8Array | undefined {
    for (let i = 0; i < 5; i++) if (buf[start + i] !== this.#section[i]) return undefined;
    return buf.subarray(start, start + this.#size);
  }

  #choose(received: number, whole: Uint8Array | undefined): number {
    const table = this.#tables.get(this.#key());
    if (table === undefined) {
      return this.#lastVersion < 0 ? received : (this.#lastVersion + 1) & 0x1f;
    }
    let changed: boolean;
    if (whole === undefined) changed = table.fresh || table.stale || received !== table.inVersion;
    else {
      const sent = table.sections.get(whole[6] as number);
      const differs = sent === undefined || sent.content !== contentOf(whole);
      // A section sent with an older version takes the current one and needs no newer.
      changed = differs && (sent === undefined ? table.fresh : sent.version === table.outVersion);
    }
    return changed ? (table.outVersion + 1) & 0x1f : table.outVersion;
  }

  /** Programs may share a PID; other tables have it to themselves, whatever their extension. */
  #key(): number {
    const section = this.#section;
    return this.#tableId === TABLE_PMT ? ((section[3] as number) << 8) | (section[4] as number) : 0;
  }

  #finish(): void {
    if (this.#tableId === TABLE_CUE || !this.#isMine()) return;
    const section = this.#section.subarray(0, this.#size);
    if (crc32Mpeg(section) !== 0) return;
    const version = this.#version;
    const inVersion = ((section[5] as number) >> 1) & 0x1f;
    const number = section[6] as number;
    const content = contentOf(section);
    this.#lastVersion = version;
    const table = this.#tables.get(this.#key());
    if (table === undefined) {
      const sections = new Map([[number, { content, version }]]);
      this.#tables.set(this.#key(), { inVersion, outVersion: version, stale: false, fresh: false, sections });
      return;
    }
    const sent = table.sections.get(number);
    table.stale = sent !== undefined && sent.version === version && sent.content !== content;
    table.inVersion = inVersion;
    table.outVersion = version;
    table.fresh = false;
    table.sections.set(number, { content, version });
  }

  /** `buf[at]` is the byte with the upper bit of the 33 of pts_adjustment, which is there for such as us (SCTE 35 §9.6.1). */
  #editCue(buf: Uint8Array, at: number, end: number): void {
    if (!this.#edit || this.offset === 0 || this.#section[0] !== TABLE_CUE) return;
    if (this.#size < 20 || at + 5 > end) return;
    const change = buf.slice(at, at + 5);
    let rest = 0;
    for (let i = 1; i < 5; i++) rest = rest * 256 + (buf[at + i] as number);
    const moved = (((buf[at] as number) & 1) * 2 ** 32 + rest + this.offset) % TICKS_WRAP;
    buf[at] = ((buf[at] as number) & 0xfe) | (moved >= 2 ** 32 ? 1 : 0);
    for (let i = 1; i < 5; i++) buf[at + i] = Math.floor(moved / 256 ** (4 - i));
    for (let i = 0; i < 5; i++) change[i] = (change[i] as number) ^ (buf[at + i] as number);
    this.#crcChange = crcChange(change, this.#size - 4 - 9);
  }
}

/** A number that tells the section's content, whatever its version. */
function contentOf(section: Uint8Array): number {
  const plain = section.slice(0, -4);
  plain[5] = (plain[5] as number) & 0xc1;
  return crc32Mpeg(plain);
}

/** By what the CRC of a message changes when `change` is xor-ed into it `behind` bytes before the CRC. */
function crcChange(change: Uint8Array, behind: number): number {
  const message = new Uint8Array(change.length + behind);
  const zero = crc32Mpeg(message);
  message.set(change);
  return crc32Mpeg(message) ^ zero;
}
