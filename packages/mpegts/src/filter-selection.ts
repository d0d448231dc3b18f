import { equalBytes } from "@millrace/bytes";
import type { TsFilterOptions } from "./filter-options.ts";
import { caPids, isEventsOf, isSubtitleStream, selectService, selectStreams } from "./filter-tables.ts";
import { PID_CAT, PID_COUNT, PID_NULL, PID_PAT, PID_SDT } from "./packet.ts";
import {
  type Pat,
  type PatProgram,
  type Pmt,
  type PmtStream,
  parseCat,
  parsePat,
  parsePmt,
  parseSectionHeader,
  serializePat,
  serializePmt,
} from "./psi.ts";

/** What happens to the packets of a PID. */
export const PID_DROPPED = 0;
export const PID_KEPT = 1;
/** Its sections are read and written anew. */
export const PID_REWRITTEN = 2;
/** Kept, and its sections are read. */
export const PID_READ = 3;
/** Only its PCR is kept. */
export const PID_PCR = 4;

const PID_NIT = 0x10;
const PID_EIT = 0x12;
const PID_TDT = 0x14;
/** PIDs below are reserved for tables (ETSI EN 300 468 table 1). */
const FIRST_FREE_PID = 0x20;

interface KnownPmt {
  readonly section: Uint8Array;
  readonly pmt: Pmt;
  /** What is sent in its place. */
  readonly selected: Pmt;
  readonly bytes: Uint8Array;
}

/**
 * Knows the tables of a transport stream and what a filter makes of them: the fate of each PID, and the sections that
 * take the place of those received.
 */
export class ProgramSelection {
  readonly #options: TsFilterOptions;
  readonly #wanted: ReadonlySet<number> | undefined;
  /** A part was chosen: what no kept table names is dropped. Else only subtitles are. */
  readonly #partial: boolean;
  /** `PID_*` of each PID. */
  readonly actions: Uint8Array = new Uint8Array(PID_COUNT);
  readonly #patSections = new Map<number, { bytes: Uint8Array; pat: Pat }>();
  #patLast = 0;
  #programs: readonly PatProgram[] = [];
  /** The PAT to be sent; undefined while no program is kept. */
  #pat: Uint8Array | undefined;
  #lastPat: Uint8Array | undefined;
  /** Version number of the received PAT that `#lastPat` was made of. */
  #lastVersion = 0;
  #patEdits = 0;
  readonly #pmts = new Map<number, KnownPmt>();
  #cat: Uint8Array | undefined;
  #emmPids: readonly number[] = [];
  /** Complete PATs without the program that was asked for. */
  missing = 0;

  constructor(options: TsFilterOptions) {
    this.#options = options;
    this.#wanted = options.pids === undefined ? undefined : new Set(options.pids);
    this.#partial = options.program !== undefined || options.pids !== undefined;
    this.#decide();
  }

  /** The section to be sent for one that came on `pid`; undefined for none. */
  replace(pid: number, section: Uint8Array): Uint8Array | undefined {
    if (pid === PID_PAT) return this.#onPat(section);
    if (pid === PID_CAT) return this.#onCat(section);
    const { program } = this.#options;
    if (pid === PID_SDT && program !== undefined) return selectService(section, program);
    if (pid === PID_EIT && program !== undefined) return isEventsOf(section, program) ? section : undefined;
    return this.#onPmt(pid, section);
  }

  #onPat(section: Uint8Array): Uint8Array | undefined {
    const header = parseSectionHeader(section);
    if (header === undefined || header.tableId !== 0 || !header.current) return undefined;
    const known = this.#patSections.get(header.number);
    if (known === undefined || !equalBytes(known.bytes, section)) {
      const pat = parsePat(section);
      if (pat === undefined) return undefined;
      const first = this.#patSections.values().next().value;
      if (first !== undefined && first.pat.version !== pat.version) this.#patSections.clear();
      this.#patSections.set(header.number, { bytes: section.slice(), pat });
      this.#patLast = header.last;
      this.#decide();
    }
    if (header.number !== 0 || this.#patSections.size <= this.#patLast) return undefined;
    if (this.#options.program !== undefined && this.#programs.length === 0) this.missing++;
    return this.#pat;
  }

  #onPmt(pid: number, section: Uint8Array): Uint8Array | undefined {
    const header = parseSectionHeader(section);
    if (header === undefined || header.tableId !== 2 || !header.current) return undefined;
    const number = header.extension;
    if (!this.#programs.some((program) => program.number === number && program.pmtPid === pid))
      return undefined;
    const known = this.#pmts.get(number);
    if (known !== undefined && equalBytes(known.section, section))
      return this.#isKept(number) ? known.bytes : undefined;
    const pmt = parsePmt(section);
    if (pmt === undefined) return undefined;
    const selected = selectStreams(pmt, (stream) => this.#isWanted(stream));
    const copy = section.slice();
    const bytes = selected === pmt ? copy : serializePmt(selected);
    this.#pmts.set(number, { section: copy, pmt, selected, bytes });
    this.#decide();
    return this.#isKept(number) ? bytes : undefined;
  }

  #onCat(section: Uint8Array): Uint8Array {
    if (this.#cat === undefined || !equalBytes(this.#cat, section)) {
      this.#cat = section.slice();
      this.#emmPids = caPids(parseCat(section)?.descriptors ?? new Uint8Array(0));
      this.#decide();
    }
    return this.#cat;
  }

  #isWanted(stream: PmtStream): boolean {
    if (this.#wanted !== undefined && !this.#wanted.has(stream.pid)) return false;
    return this.#options.subtitles || !isSubtitleStream(stream);
  }

  /** With PIDs but no program given, a program is kept if one of the PIDs is in it. */
  #isKept(number: number): boolean {
    if (this.#wanted === undefined || this.#options.program !== undefined) return true;
    return (this.#pmts.get(number)?.selected.streams.length ?? 0) > 0;
  }

  /** Works out the PAT and the fate of every PID anew. */
  #decide(): void {
    this.#readPrograms();
    const { actions } = this;
    actions.fill(this.#partial ? PID_DROPPED : PID_KEPT);
    this.#decideTables();
    for (const { number } of this.#programs) this.#decideStreams(number);
    // Last: a PMT PID stays one even where a broken table names it as something else.
    for (const { pmtPid } of this.#programs) actions[pmtPid] = PID_REWRITTEN;
    actions[PID_PAT] = this.#partial ? PID_REWRITTEN : PID_READ;
  }

  #decideTables(): void {
    const { actions } = this;
    if (!this.#partial) return;
    const { program } = this.#options;
    if (program === undefined) {
      actions.fill(PID_KEPT, 0, FIRST_FREE_PID);
      actions[PID_NULL] = PID_KEPT;
    } else {
      actions[PID_SDT] = PID_REWRITTEN;
      actions[PID_EIT] = PID_REWRITTEN;
      actions[PID_TDT] = PID_KEPT;
    }
    actions[PID_CAT] = PID_READ;
    for (const pid of this.#emmPids) actions[pid] = PID_KEPT;
    const network = this.#patSections.get(0)?.pat.networkPid ?? PID_NIT;
    actions[PID_NIT] = PID_DROPPED;
    actions[network] = this.#options.nit ? PID_KEPT : PID_DROPPED;
  }

  #decideStreams(number: number): void {
    const known = this.#pmts.get(number);
    if (known === undefined || !this.#isKept(number)) return;
    const { actions } = this;
    const { pmt, selected } = known;
    if (!this.#partial) {
      for (const stream of pmt.streams)
        if (!selected.streams.includes(stream)) actions[stream.pid] = PID_DROPPED;
    }
    for (const pid of caPids(selected.descriptors)) actions[pid] = PID_KEPT;
    for (const stream of selected.streams) {
      actions[stream.pid] = PID_KEPT;
      for (const pid of caPids(stream.descriptors)) actions[pid] = PID_KEPT;
    }
    if (pmt.pcrPid !== PID_NULL && actions[pmt.pcrPid] === PID_DROPPED) actions[pmt.pcrPid] = PID_PCR;
  }

  #readPrograms(): void {
    if (this.#patSections.size === 0 || this.#patSections.size <= this.#patLast) return;
    const { program, nit } = this.#options;
    const all = [...this.#patSections.values()].flatMap(({ pat }) => pat.programs);
    this.#programs = program === undefined ? all : all.filter(({ number }) => number === program);
    for (const number of this.#pmts.keys()) {
      if (!this.#programs.some((entry) => entry.number === number)) this.#pmts.delete(number);
    }
    const first = (this.#patSections.get(0) ?? this.#patSections.values().next().value)?.pat as Pat;
    const { networkPid, transportStreamId } = first;
    const programs = this.#programs.filter(({ number }) => this.#isKept(number));
    if (programs.length === 0) {
      this.#pat = undefined;
      return;
    }
    const network = nit && networkPid !== undefined ? { networkPid } : {};
    const section = (edits: number) =>
      serializePat({ transportStreamId, version: (first.version + edits) & 31, programs, ...network });
    // The choice can change while the received PAT does not: then the version number goes on by itself.
    const unchanged = this.#lastPat === undefined || equalBytes(section(this.#patEdits), this.#lastPat);
    if (!unchanged && first.version === this.#lastVersion) this.#patEdits++;
    this.#lastVersion = first.version;
    this.#pat = section(this.#patEdits);
    this.#lastPat = this.#pat;
  }
}
