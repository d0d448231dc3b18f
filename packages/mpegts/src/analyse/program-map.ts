import { u16be, u32be } from "@millrace/bytes";
import { type PatProgram, parsePat, parsePmt } from "../psi.ts";
import { allOfType, parseSiDescriptors, type SiDescriptor } from "../si/index.ts";
import { Interval } from "./interval.ts";
import { describeStream, type StreamKind } from "./stream-kind.ts";

export const PMT_LABEL = "PMT";
const NO_PCR_PID = 0x1fff;
/** TR 101 290 1.3 and 1.5: PAT and PMTs at least every 0.5 s. In ticks of 27 MHz. */
export const PSI_LIMIT_TICKS = 13_500_000;

/** One elementary stream of a program. */
export interface ProgramStream {
  readonly pid: number;
  readonly streamType: number;
  readonly kind: StreamKind;
}

/** One program of the PAT, with its PMT once that has come. */
export interface Program {
  readonly number: number;
  pmtPid: number;
  /** Whether the PAT in force names it. */
  listed: boolean;
  pcrPid: number | undefined;
  streams: ProgramStream[];
  /** conditional access: system ids. */
  caSystems: number[];
  /** PIDs of its ECMs. */
  readonly caPids: Set<number>;
  /** CRC-32 of the PMT in force, -1 before it. */
  pmtCrc: number;
  readonly interval: Interval;
}

/** What is known of a PID from tables. */
export interface PidUse {
  readonly label: string;
  readonly stream?: ProgramStream;
  /** The payload is sections. */
  readonly sections: boolean;
}

/** PIDs with a meaning of their own (ISO/IEC 13818-1 table 2-3, EN 300 468 table 1). */
const FIXED_PIDS: readonly (readonly [number, string])[] = [
  [0x0000, "PAT"],
  [0x0001, "CAT"],
  [0x0002, "TSDT"],
  [0x0003, "IPMP"],
  [0x0010, "NIT"],
  [0x0011, "SDT/BAT"],
  [0x0012, "EIT"],
  [0x0013, "RST"],
  [0x0014, "TDT/TOT"],
  [0x0015, "Network synchronization"],
  [0x001e, "DIT"],
  [0x001f, "SIT"],
];
const SECTION_PIDS: ReadonlySet<number> = new Set([0, 1, 2, 0x10, 0x11, 0x12, 0x13, 0x14]);

/** The programs of a stream and the use of each PID, as PAT, PMTs and CAT give them. */
export class ProgramMap {
  readonly programs = new Map<number, Program>();
  readonly uses = new Map<number, PidUse>();
  /** Sections of the PAT in force. */
  readonly #patSections = new Map<
    number,
    { readonly crc: number; readonly programs: readonly PatProgram[] }
  >();
  #patVersion = -1;
  #patLast = -1;

  constructor() {
    for (const [pid, label] of FIXED_PIDS) this.uses.set(pid, { label, sections: SECTION_PIDS.has(pid) });
    this.uses.set(0x1fff, { label: "Null packets", sections: false });
  }

  /** Takes a PAT section; false if it says nothing new. A PAT may have several sections, of which each lists some programs. */
  onPat(section: Uint8Array, packet: number): boolean {
    const pat = parsePat(section);
    if (pat === undefined) return false;
    const number = section[6] as number;
    const last = section[7] as number;
    const crc = u32be(section, section.length - 4);
    if (this.#patSections.get(number)?.crc === crc) return false;
    if (pat.version !== this.#patVersion || last !== this.#patLast) this.#patSections.clear();
    this.#patVersion = pat.version;
    this.#patLast = last;
    this.#patSections.set(number, { crc, programs: pat.programs });
    for (const { number: program, pmtPid } of pat.programs) this.#list(program, pmtPid, packet);
    if (this.#patSections.size > last) this.#unlistOthers();
    return true;
  }

  #list(number: number, pmtPid: number, packet: number): void {
    const known = this.programs.get(number);
    if (known === undefined) this.programs.set(number, newProgram(number, pmtPid, packet));
    else {
      known.listed = true;
      known.pmtPid = pmtPid;
    }
    this.uses.set(pmtPid, { label: PMT_LABEL, sections: true });
  }

  /** The PAT is complete: programs that it does not name are gone. */
  #unlistOthers(): void {
    const named = new Set<number>();
    for (const { programs } of this.#patSections.values())
      for (const { number } of programs) named.add(number);
    for (const program of this.programs.values()) program.listed = named.has(program.number);
  }

  /** The program whose PMT this section is; undefined if the PAT does not say so. */
  findByPmt(pid: number, section: Uint8Array): Program | undefined {
    const program = this.programs.get(u16be(section, 3));
    return program?.pmtPid === pid ? program : undefined;
  }

  /** Takes a PMT section; false if it says nothing new. */
  onPmt(program: Program, section: Uint8Array): boolean {
    // Not by version: it happens that contents change without it.
    const crc = u32be(section, section.length - 4);
    if (program.pmtCrc === crc) return false;
    const pmt = parsePmt(section);
    if (pmt === undefined) return false;
    program.pmtCrc = crc;
    program.pcrPid = pmt.pcrPid === NO_PCR_PID ? undefined : pmt.pcrPid;
    program.caSystems = [];
    program.caPids.clear();
    const common = parseSiDescriptors(pmt.descriptors);
    this.#noteCa(program, common);
    program.streams = pmt.streams.map(({ pid, streamType, descriptors }) => {
      const own = parseSiDescriptors(descriptors);
      this.#noteCa(program, own);
      return { pid, streamType, kind: describeStream(streamType, own, common) };
    });
    for (const stream of program.streams) {
      const { name, sections } = stream.kind;
      this.uses.set(stream.pid, { label: name, stream, sections });
    }
    if (program.pcrPid !== undefined && !this.uses.has(program.pcrPid)) {
      this.uses.set(program.pcrPid, { label: "PCR", sections: false });
    }
    return true;
  }

  onCat(descriptors: readonly SiDescriptor[]): void {
    for (const { pid, systemId } of allOfType(descriptors, "ca")) {
      this.uses.set(pid, { label: `EMM ${caText(systemId)}`, sections: true });
    }
  }

  #noteCa(program: Program, descriptors: readonly SiDescriptor[]): void {
    for (const { pid, systemId } of allOfType(descriptors, "ca")) {
      if (!program.caSystems.includes(systemId)) program.caSystems.push(systemId);
      program.caPids.add(pid);
      this.uses.set(pid, { label: `ECM ${caText(systemId)}`, sections: true });
    }
  }
}

function caText(systemId: number): string {
  return `0x${systemId.toString(16).toUpperCase().padStart(4, "0")}`;
}

function newProgram(number: number, pmtPid: number, packet: number): Program {
  return {
    number,
    pmtPid,
    listed: true,
    pcrPid: undefined,
    streams: [],
    caSystems: [],
    caPids: new Set(),
    pmtCrc: -1,
    interval: new Interval(PSI_LIMIT_TICKS, packet),
  };
}
