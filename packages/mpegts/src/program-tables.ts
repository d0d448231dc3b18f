import { concat, equalBytes } from "@millrace/bytes";
import type { TrackKind } from "@millrace/model";
import { continuityOf, hasUnitStart, PACKET_SIZE, PID_PAT, writeContinuity } from "./packet.ts";
import { type Pat, type PatProgram, type PmtStream, parsePat, parsePmt, parseSectionHeader } from "./psi.ts";
import { SectionAssembler } from "./section.ts";
import { codingOf } from "./stream-type.ts";

/** A program whose PMT has been read. */
export interface ProgramInfo {
  readonly number: number;
  readonly pmtPid: number;
  readonly version: number;
  /** 0x1FFF: none. */
  readonly pcrPid: number;
  readonly descriptors: Uint8Array;
  readonly streams: readonly PmtStream[];
}

/** The program to take when none is named: the first with video, else the first with audio, else the first. */
export function primaryProgram(programs: readonly ProgramInfo[]): ProgramInfo | undefined {
  return withKind(programs, "video") ?? withKind(programs, "audio") ?? programs[0];
}

function withKind(programs: readonly ProgramInfo[], kind: TrackKind): ProgramInfo | undefined {
  return programs.find((program) => program.streams.some((stream) => codingOf(stream).kind === kind));
}

/** Packets of the longest section, were every packet to carry few bytes of it. */
const MAX_RUN = 32;

/** What is kept for a PID with tables. */
interface TablePid {
  readonly assembler: SectionAssembler;
  /** The packets since the last unit start. */
  readonly run: Uint8Array;
  runCount: number;
  /** Whether `run` is one packet that held whole sections only, so that an equal one can be passed over. */
  settled: boolean;
}

interface Entry {
  readonly section: Uint8Array;
  packets: Uint8Array;
}

/**
 * Follows the PAT and the PMTs it names. Tables are compared by content, not by version number, since real streams change
 * one without the other. Also keeps the very packets of the last PAT and PMTs.
 */
export class ProgramTables {
  readonly #pids = new Map<number, TablePid>();
  readonly #pats = new Map<number, Entry>();
  readonly #pmts = new Map<number, Entry>();
  #programs: readonly ProgramInfo[] = [];
  #listed: readonly PatProgram[] = [];
  #transportStreamId = 0;
  #patComplete = false;
  #changed = false;
  #current = PID_PAT;
  /** Grows whenever the content of the PAT or of a PMT changes. */
  version = 0;

  constructor() {
    this.#watch(PID_PAT);
  }

  /** Programs of the PAT whose PMT is known, in the PAT's order. */
  get programs(): readonly ProgramInfo[] {
    return this.#programs;
  }

  /** Every program the PAT names. */
  get listed(): readonly PatProgram[] {
    return this.#listed;
  }

  get transportStreamId(): number {
    return this.#transportStreamId;
  }

  /** Sections dropped for a wrong CRC. */
  get crcErrors(): number {
    let errors = 0;
    for (const pid of this.#pids.values()) errors += pid.assembler.crcErrors;
    return errors;
  }

  /** PIDs that `push` wants: the PAT's and those of the PMTs. */
  tablePids(): Iterable<number> {
    return this.#pids.keys();
  }

  /** The exact packets of the last complete PAT; undefined before it. */
  get patPackets(): Uint8Array | undefined {
    if (!this.#patComplete) return undefined;
    const numbers = [...this.#pats.keys()].sort((a, b) => a - b);
    return concat(numbers.map((number) => (this.#pats.get(number) as Entry).packets));
  }

  /** The exact packets of the last PMT of a program; undefined before it. */
  pmtPackets(program: number): Uint8Array | undefined {
    return this.#pmts.get(program)?.packets;
  }

  /** Takes a packet of one of `tablePids()`. Returns whether a table changed. */
  push(buf: Uint8Array, at: number, pid: number): boolean {
    const state = this.#pids.get(pid);
    if (state === undefined) return false;
    if (hasUnitStart(buf, at)) {
      if (state.settled && samePayload(buf, at, state.run)) {
        this.#repeat(state, pid, continuityOf(buf, at));
        return false;
      }
      state.runCount = 0;
    }
    state.settled = false;
    if (state.runCount < MAX_RUN) {
      state.run.set(buf.subarray(at, at + PACKET_SIZE), state.runCount * PACKET_SIZE);
      state.runCount++;
    }
    this.#changed = false;
    this.#current = pid;
    const before = state.assembler.sections;
    state.assembler.push(buf, at);
    state.settled = state.runCount === 1 && state.assembler.sections > before;
    if (this.#changed) this.version++;
    return this.#changed;
  }

  /** Forgets all tables: the next ones count as new. */
  reset(): void {
    this.#pids.clear();
    this.#pats.clear();
    this.#pmts.clear();
    this.#programs = [];
    this.#listed = [];
    this.#patComplete = false;
    this.#watch(PID_PAT);
    this.version++;
  }

  /** A packet like the last one but for its continuity counter. */
  #repeat(state: TablePid, pid: number, continuity: number): void {
    state.assembler.pass(continuity);
    writeContinuity(state.run, 0, continuity);
    if (pid === PID_PAT) {
      for (const entry of this.#pats.values()) writeContinuity(entry.packets, 0, continuity);
      return;
    }
    for (const program of this.#programs) {
      if (program.pmtPid !== pid) continue;
      const entry = this.#pmts.get(program.number);
      if (entry?.packets.length === PACKET_SIZE && samePayload(entry.packets, 0, state.run)) {
        writeContinuity(entry.packets, 0, continuity);
      }
    }
  }

  #watch(pid: number): void {
    if (this.#pids.has(pid)) return;
    const assembler = new SectionAssembler((section) => this.#onSection(section));
    this.#pids.set(pid, {
      assembler,
      run: new Uint8Array(MAX_RUN * PACKET_SIZE),
      runCount: 0,
      settled: false,
    });
  }

  #runPackets(): Uint8Array {
    const state = this.#pids.get(this.#current) as TablePid;
    return state.run.slice(0, state.runCount * PACKET_SIZE);
  }

  #onSection(section: Uint8Array): void {
    if (this.#current === PID_PAT) {
      const pat = parsePat(section);
      if (pat !== undefined) this.#onPat(pat, section);
      return;
    }
    const pmt = parsePmt(section);
    if (pmt === undefined) return;
    // A PMT counts only where the PAT expects it; other tables and programs may share the PID.
    const pmtPid = this.#current;
    if (!this.#listed.some((p) => p.number === pmt.program && p.pmtPid === pmtPid)) return;
    const known = this.#pmts.get(pmt.program);
    if (known !== undefined && equalBytes(known.section, section)) {
      known.packets = this.#runPackets();
      return;
    }
    this.#pmts.set(pmt.program, { section: section.slice(), packets: this.#runPackets() });
    const { program: number, ...rest } = pmt;
    const info: ProgramInfo = { number, pmtPid, ...rest };
    const others = this.#programs.filter((p) => p.number !== number);
    this.#programs = this.#inPatOrder([...others, info]);
    this.#changed = true;
  }

  #inPatOrder(programs: readonly ProgramInfo[]): ProgramInfo[] {
    const ordered: ProgramInfo[] = [];
    for (const { number } of this.#listed) {
      const program = programs.find((p) => p.number === number);
      if (program !== undefined && !ordered.includes(program)) ordered.push(program);
    }
    return ordered;
  }

  #onPat(pat: Pat, section: Uint8Array): void {
    const header = parseSectionHeader(section);
    if (header === undefined) return;
    const known = this.#pats.get(header.number);
    if (known !== undefined && equalBytes(known.section, section)) {
      known.packets = this.#runPackets();
      return;
    }
    for (const [number, entry] of this.#pats) {
      const other = parseSectionHeader(entry.section);
      const fits = other?.version === header.version && other.extension === header.extension;
      if (!fits || other.last !== header.last) this.#pats.delete(number);
    }
    this.#pats.set(header.number, { section: section.slice(), packets: this.#runPackets() });
    if (this.#pats.size <= header.last) return;
    this.#patComplete = true;
    this.#transportStreamId = pat.transportStreamId;
    this.#adopt();
  }

  /** A complete new PAT: programs that left go, PIDs of new ones are watched. */
  #adopt(): void {
    const listed: PatProgram[] = [];
    for (const number of [...this.#pats.keys()].sort((a, b) => a - b)) {
      listed.push(...(parsePat((this.#pats.get(number) as Entry).section)?.programs ?? []));
    }
    this.#listed = listed;
    const stays = (number: number, pid: number) =>
      listed.some((program) => program.number === number && program.pmtPid === pid);
    for (const program of this.#programs) {
      if (!stays(program.number, program.pmtPid)) this.#pmts.delete(program.number);
    }
    this.#programs = this.#inPatOrder(this.#programs.filter((p) => stays(p.number, p.pmtPid)));
    for (const pid of this.#pids.keys()) {
      if (pid !== PID_PAT && !listed.some((program) => program.pmtPid === pid)) this.#pids.delete(pid);
    }
    for (const { pmtPid } of listed) this.#watch(pmtPid);
    this.#changed = true;
  }
}

/** Whether the packet at `buf[at]` equals `packet` in all but its continuity counter. */
function samePayload(buf: Uint8Array, at: number, packet: Uint8Array): boolean {
  if (((buf[at + 3] as number) & 0xf0) !== ((packet[3] as number) & 0xf0)) return false;
  for (let i = 1; i < PACKET_SIZE; i++) if (i !== 3 && buf[at + i] !== packet[i]) return false;
  return true;
}
