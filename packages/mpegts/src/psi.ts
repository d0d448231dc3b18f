import { crc32Mpeg, putU16be, putU32be, u16be } from "@millrace/bytes";

/** Program specific information (ISO/IEC 13818-1 §2.4.4): PAT, PMT and CAT as whole sections. */

export const TABLE_PAT = 0x00;
export const TABLE_CAT = 0x01;
export const TABLE_PMT = 0x02;

/** What every section of the long form begins with (§2.4.4.11). */
export interface SectionHeader {
  readonly tableId: number;
  /** transport_stream_id, program_number, service_id…, by table. */
  readonly extension: number;
  readonly version: number;
  /** False: not yet in force. */
  readonly current: boolean;
  readonly number: number;
  readonly last: number;
}

export interface PatProgram {
  readonly number: number;
  readonly pmtPid: number;
}

/** One section of the program association table. */
export interface Pat {
  readonly transportStreamId: number;
  readonly version: number;
  readonly programs: readonly PatProgram[];
  /** PID of the network information table: the entry with program_number 0. */
  readonly networkPid?: number;
}

export interface PmtStream {
  readonly streamType: number;
  readonly pid: number;
  /** The descriptor loop as it stands. */
  readonly descriptors: Uint8Array;
}

/** One program map section: a program has exactly one. */
export interface Pmt {
  readonly program: number;
  readonly version: number;
  /** 0x1FFF if the program has no PCR. */
  readonly pcrPid: number;
  readonly descriptors: Uint8Array;
  readonly streams: readonly PmtStream[];
}

/** One section of the conditional access table. */
export interface Cat {
  readonly version: number;
  readonly descriptors: Uint8Array;
}

/** The header of a long-form section; undefined if it is not one. */
export function parseSectionHeader(section: Uint8Array): SectionHeader | undefined {
  if (section.length < 12 || ((section[1] as number) & 0x80) === 0) return undefined;
  return {
    tableId: section[0] as number,
    extension: u16be(section, 3),
    version: ((section[5] as number) >> 1) & 0x1f,
    current: ((section[5] as number) & 1) !== 0,
    number: section[6] as number,
    last: section[7] as number,
  };
}

/** Builds a long-form section around `body`, CRC-32 included. `reserved` bits are set as the standard asks. */
export function buildSection(header: SectionHeader, body: Uint8Array): Uint8Array {
  const section = new Uint8Array(8 + body.length + 4);
  section[0] = header.tableId;
  // PSI has a zero bit after section_syntax_indicator, DVB SI a one (reserved_future_use).
  const private_ = header.tableId >= 0x40 ? 0x4000 : 0;
  putU16be(section, 1, 0xb000 | private_ | (section.length - 3));
  putU16be(section, 3, header.extension);
  section[5] = 0xc0 | (header.version << 1) | (header.current ? 1 : 0);
  section[6] = header.number;
  section[7] = header.last;
  section.set(body, 8);
  putU32be(section, section.length - 4, crc32Mpeg(section, 0, section.length - 4));
  return section;
}

/** A PAT section in force; undefined if `section` is something else. */
export function parsePat(section: Uint8Array): Pat | undefined {
  const header = parseSectionHeader(section);
  if (header === undefined || header.tableId !== TABLE_PAT || !header.current) return undefined;
  const programs: PatProgram[] = [];
  let networkPid: number | undefined;
  for (let at = 8; at + 4 <= section.length - 4; at += 4) {
    const number = u16be(section, at);
    const pid = u16be(section, at + 2) & 0x1fff;
    if (number === 0) networkPid = pid;
    else programs.push({ number, pmtPid: pid });
  }
  const pat = { transportStreamId: header.extension, version: header.version, programs };
  return networkPid === undefined ? pat : { ...pat, networkPid };
}

/** One PAT section, for at most 253 entries. */
export function serializePat(pat: Pat): Uint8Array {
  const entries = pat.programs.map((program) => [program.number, program.pmtPid] as const);
  if (pat.networkPid !== undefined) entries.unshift([0, pat.networkPid]);
  const body = new Uint8Array(entries.length * 4);
  entries.forEach(([number, pid], i) => {
    putU16be(body, i * 4, number);
    putU16be(body, i * 4 + 2, 0xe000 | pid);
  });
  const header = { tableId: TABLE_PAT, extension: pat.transportStreamId, version: pat.version };
  return buildSection({ ...header, current: true, number: 0, last: 0 }, body);
}

/** A PMT section in force; undefined if `section` is something else or its loops do not fit it. */
export function parsePmt(section: Uint8Array): Pmt | undefined {
  const header = parseSectionHeader(section);
  if (header === undefined || header.tableId !== TABLE_PMT || !header.current) return undefined;
  const end = section.length - 4;
  if (end < 12) return undefined;
  const pcrPid = u16be(section, 8) & 0x1fff;
  let at = 12 + (u16be(section, 10) & 0x0fff);
  if (at > end) return undefined;
  const descriptors = section.slice(12, at);
  const streams: PmtStream[] = [];
  while (at + 5 <= end) {
    const length = u16be(section, at + 3) & 0x0fff;
    if (at + 5 + length > end) return undefined;
    const pid = u16be(section, at + 1) & 0x1fff;
    streams.push({
      streamType: section[at] as number,
      pid,
      descriptors: section.slice(at + 5, at + 5 + length),
    });
    at += 5 + length;
  }
  return { program: header.extension, version: header.version, pcrPid, descriptors, streams };
}

export function serializePmt(pmt: Pmt): Uint8Array {
  let length = 4 + pmt.descriptors.length;
  for (const stream of pmt.streams) length += 5 + stream.descriptors.length;
  const body = new Uint8Array(length);
  putU16be(body, 0, 0xe000 | pmt.pcrPid);
  putU16be(body, 2, 0xf000 | pmt.descriptors.length);
  body.set(pmt.descriptors, 4);
  let at = 4 + pmt.descriptors.length;
  for (const stream of pmt.streams) {
    body[at] = stream.streamType;
    putU16be(body, at + 1, 0xe000 | stream.pid);
    putU16be(body, at + 3, 0xf000 | stream.descriptors.length);
    body.set(stream.descriptors, at + 5);
    at += 5 + stream.descriptors.length;
  }
  const header = { tableId: TABLE_PMT, extension: pmt.program, version: pmt.version };
  return buildSection({ ...header, current: true, number: 0, last: 0 }, body);
}

/** A CAT section in force; undefined if `section` is something else. */
export function parseCat(section: Uint8Array): Cat | undefined {
  const header = parseSectionHeader(section);
  if (header === undefined || header.tableId !== TABLE_CAT || !header.current) return undefined;
  return { version: header.version, descriptors: section.slice(8, section.length - 4) };
}

export function serializeCat(cat: Cat): Uint8Array {
  const header = { tableId: TABLE_CAT, extension: 0xffff, version: cat.version };
  return buildSection({ ...header, current: true, number: 0, last: 0 }, cat.descriptors);
}
