import {
  AF_DISCONTINUITY,
  hasPayload,
  hasPcr,
  PACKET_SIZE,
  PID_CAT,
  PID_COUNT,
  PID_NULL,
  PID_PAT,
  PID_SDT,
  payloadOffset,
  readPcrBase,
  scramblingOf,
  writeNull,
} from "../packet.ts";
import { type ProgramInfo, ProgramTables } from "../program-tables.ts";
import { TABLE_CAT, TABLE_PAT, TABLE_PMT } from "../psi.ts";
import { ticksDiff } from "../ts-time.ts";
import { movePcr, stripPayload } from "./packet-edit.ts";
import {
  dtsOf,
  isVideo,
  NO_PES,
  PES_CUT,
  PES_PTS,
  PES_PTS_DTS,
  ptsOf,
  shiftStamps,
  stampsOf,
} from "./pes-stamps.ts";
import { FAR, notePid, type PidTime, SpliceClock } from "./splice-clock.ts";
import { TABLE_CUE, TableEditor } from "./table-editor.ts";

/** SDT of the actual transport stream (ETSI EN 300 468 §5.2.3). */
const TABLE_SDT_ACTUAL = 0x42;
const STREAM_TYPE_SCTE35 = 0x86;

/** Roles of a PID, as bits. */
const ROLE_TABLE = 1;
const ROLE_CUE = 2;
/** A PES PID of the old input on which the new one has not begun a PES packet yet. */
const ROLE_WAITING = 4;

const CC_UNKNOWN = 0xff;
/** Clocks are numbered in a byte. */
const MAX_CLOCKS = 255;
const NS_PER_TICK = 1e9 / 90_000;

export interface SpliceCounters {
  switches: number;
  /** Packets turned into null packets: ends of PES packets without their start, and streams that began too early. */
  droppedPackets: number;
  /** Offsets that had to grow again since a stream would have gone back in time. */
  raisedOffsets: number;
  /** PES headers that went over a packet's end and so kept their time stamps. */
  cutHeaders: number;
}

/**
 * Joins transport streams into one that goes on: continuity counters, PCR, PTS and DTS continue over each `switch`, tables
 * that differ get a new version, the pts_adjustment of SCTE-35 cues follows. Works in place, packet for packet. A clock for
 * every program is moved as a whole, so its streams keep their relation; time steps on by one frame or, if longer, by the
 * real time between the inputs (at most 10 s).
 *
 * Every packet sent must be given, those before the first switch too: to `learn`, which only reads, or to `process`, which
 * does the same until there has been a switch.
 *
 * Of scrambled packets only the continuity counter is changed. What breaks inside one input stays broken.
 */
export class TsSplicer {
  #tables = new ProgramTables();
  #tablesVersion = this.#tables.version;
  readonly #roles = new Uint8Array(PID_COUNT);
  /** Last continuity counter sent, by PID. */
  readonly #sent = new Uint8Array(PID_COUNT).fill(CC_UNKNOWN);
  /** What is added to the counters of the input, by PID; `CC_UNKNOWN` before its first packet. */
  readonly #shift = new Uint8Array(PID_COUNT);
  readonly #clockOf = new Uint8Array(PID_COUNT);
  readonly #clocks: SpliceClock[] = [new SpliceClock()];
  readonly #times = new Map<number, PidTime>();
  readonly #editors = new Map<number, TableEditor>();
  #switched = false;
  /** Between `switch` and the next packet: when the switch was. */
  #switchNs = Number.NaN;
  #lastNs = Number.NaN;
  readonly #counters: SpliceCounters = { switches: 0, droppedPackets: 0, raisedOffsets: 0, cutHeaders: 0 };

  constructor() {
    this.#assignRoles();
  }

  get counters(): Readonly<SpliceCounters> {
    return this.#counters;
  }

  /** 90 kHz ticks by which the primary program of the present input is moved, modulo 2³³. */
  get offset(): number {
    return (this.#clocks[0] as SpliceClock).offset;
  }

  /**
   * Reads `count` packets at `buf[start]` that were sent as they are. `nowNs` is their arrival; without it the gap at a
   * switch is counted from the call of `switch`.
   */
  learn(buf: Uint8Array, start: number, count: number, nowNs: number = Number.NaN): void {
    const sent = this.#sent;
    const roles = this.#roles;
    const end = start + count * PACKET_SIZE;
    for (let at = start; at < end; at += PACKET_SIZE) {
      const b1 = buf[at + 1] as number;
      if ((b1 & 0x80) !== 0) continue;
      const b3 = buf[at + 3] as number;
      const pid = ((b1 & 0x1f) << 8) | (buf[at + 2] as number);
      sent[pid] = b3 & 0x0f;
      const special = (b1 & 0x40) !== 0 || roles[pid] !== 0 || ((b3 & 0x20) !== 0 && hasPcr(buf, at));
      if (special) this.#note(buf, at, pid);
    }
    if (!Number.isNaN(nowNs)) this.#lastNs = nowNs;
  }

  /** What comes next is of another input, or of the same after a break. */
  switch(nowNs: number): void {
    this.#counters.switches++;
    this.#switched = true;
    if (Number.isNaN(this.#switchNs)) this.#switchNs = nowNs;
  }

  /** Takes `count` packets at `buf[start]` and changes them in place to what is to be sent. */
  process(buf: Uint8Array, start: number, count: number, nowNs: number): void {
    if (!this.#switched) {
      this.learn(buf, start, count, nowNs);
      return;
    }
    if (count > 0 && !Number.isNaN(this.#switchNs)) this.#begin(nowNs);
    const sent = this.#sent;
    const roles = this.#roles;
    const shift = this.#shift;
    const end = start + count * PACKET_SIZE;
    for (let at = start; at < end; at += PACKET_SIZE) {
      const b1 = buf[at + 1] as number;
      const b3 = buf[at + 3] as number;
      const pid = ((b1 & 0x1f) << 8) | (buf[at + 2] as number);
      if (pid === PID_NULL || (b1 & 0x80) !== 0) continue;
      const special = (b1 & 0x40) !== 0 || roles[pid] !== 0 || ((b3 & 0x20) !== 0 && hasPcr(buf, at));
      if (special && !this.#edit(buf, at, end)) continue;
      if (shift[pid] === CC_UNKNOWN) this.#align(buf, at, pid);
      const continuity = (b3 + (shift[pid] as number)) & 0x0f;
      buf[at + 3] = (b3 & 0xf0) | continuity;
      sent[pid] = continuity;
      if (special) this.#note(buf, at, pid);
    }
    this.#lastNs = nowNs;
  }

  /** First packets after a switch. */
  #begin(nowNs: number): void {
    const gapNs = nowNs - (Number.isNaN(this.#lastNs) ? this.#switchNs : this.#lastNs);
    const gap = Math.round(Math.min(Math.max(gapNs, 0) / NS_PER_TICK, FAR));
    this.#switchNs = Number.NaN;
    for (const clock of this.#clocks) clock.begin(gap);
    for (const editor of this.#editors.values()) editor.begin();
    this.#shift.fill(CC_UNKNOWN);
    for (const pid of this.#times.keys()) this.#roles[pid] = (this.#roles[pid] as number) | ROLE_WAITING;
    // The old tables tell what is what until the new ones are there.
    this.#tables = new ProgramTables();
    this.#tablesVersion = this.#tables.version;
  }

  /** Fixes what is added to the continuity counters of a PID. */
  #align(buf: Uint8Array, at: number, pid: number): void {
    const last = this.#sent[pid] as number;
    // A packet without payload repeats the counter (§2.4.3.3).
    const next = hasPayload(buf, at) ? last + 1 : last;
    this.#shift[pid] = last === CC_UNKNOWN ? 0 : (next - (buf[at + 3] as number)) & 0x0f;
  }

  /** Moves the times of a packet that has some. Returns false if it was dropped. */
  #edit(buf: Uint8Array, at: number, end: number): boolean {
    const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
    const clock = this.#clocks[this.#clockOf[pid] as number] as SpliceClock;
    const pcr = hasPcr(buf, at);
    if (scramblingOf(buf, at) !== 0) {
      if (pcr) this.#announce(buf, at, clock);
      this.#roles[pid] = (this.#roles[pid] as number) & ~ROLE_WAITING;
      return true;
    }
    const unitStart = ((buf[at + 1] as number) & 0x40) !== 0;
    const payload = payloadOffset(buf, at);
    const stamps = unitStart ? stampsOf(buf, payload, at + PACKET_SIZE) : NO_PES;
    const stamped = stamps >= PES_PTS;
    if ((pcr || stamped) && !clock.decided) this.#decide(buf, at, end);
    const before = clock.offset;
    if (pcr) this.#fitPcr(buf, at, clock);
    if (stamped) this.#fitStamps(buf, payload, pid);
    if (clock.offset !== before) this.#counters.raisedOffsets++;
    if (pcr) {
      movePcr(buf, at, clock.offset);
      this.#announce(buf, at, clock);
    }
    if (((this.#roles[pid] as number) & ROLE_WAITING) !== 0 && this.#isEarly(buf, at, stamps)) {
      this.#drop(buf, at, pcr);
      return false;
    }
    if (stamped) shiftStamps(buf, payload, { stamps, offset: clock.offset });
    else if (stamps === PES_CUT) this.#counters.cutHeaders++;
    return true;
  }

  #announce(buf: Uint8Array, at: number, clock: SpliceClock): void {
    if (!clock.announce) return;
    buf[at + 5] = (buf[at + 5] as number) | AF_DISCONTINUITY;
    clock.announce = false;
  }

  #fitPcr(buf: Uint8Array, at: number, clock: SpliceClock): void {
    if (clock.hasPcr) return;
    clock.hasPcr = true;
    clock.fitPcr(readPcrBase(buf, at + 6));
  }

  #fitStamps(buf: Uint8Array, payload: number, pid: number): void {
    const clock = this.#clocks[this.#clockOf[pid] as number] as SpliceClock;
    if (clock.hasVideo || !isVideo(buf, payload)) return;
    clock.hasVideo = true;
    const stamps = stampsOf(buf, payload, payload + PACKET_SIZE);
    clock.fitVideo(dtsOf(buf, payload, stamps), ptsOf(buf, payload));
  }

  /** Fixes the offset of the clock of the packet at `buf[at]`, by what the batch up to `end` shows of the new input. */
  #decide(buf: Uint8Array, at: number, end: number): void {
    const slot = this.#clockOf[(((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number)] as number;
    const clock = this.#clocks[slot] as SpliceClock;
    const offset0 = (this.#clocks[0] as SpliceClock).offset;
    let firstDts = Number.NaN;
    for (let next = at; next < end && !(clock.hasPcr && clock.hasVideo); next += PACKET_SIZE) {
      const b1 = buf[next + 1] as number;
      const pid = ((b1 & 0x1f) << 8) | (buf[next + 2] as number);
      if ((b1 & 0x80) !== 0 || scramblingOf(buf, next) !== 0 || this.#clockOf[pid] !== slot) continue;
      if (hasPcr(buf, next)) this.#fitPcr(buf, next, clock);
      if ((b1 & 0x40) === 0) continue;
      const payload = payloadOffset(buf, next);
      const stamps = stampsOf(buf, payload, next + PACKET_SIZE);
      if (stamps < PES_PTS) continue;
      if (Number.isNaN(firstDts)) firstDts = dtsOf(buf, payload, stamps);
      this.#fitStamps(buf, payload, pid);
    }
    if (!Number.isNaN(firstDts)) clock.fitOther(firstDts);
    // Nothing was sent on this clock before: it goes with the primary one.
    if (!clock.decided) clock.settle(offset0);
  }

  /**
   * Whether a packet of a PID that waits is to be dropped: the rest of a PES packet that began before the switch, or one
   * that would go back in time. Ends the waiting if not.
   */
  #isEarly(buf: Uint8Array, at: number, stamps: number): boolean {
    const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
    if (((buf[at + 1] as number) & 0x40) === 0) return true;
    const time = this.#times.get(pid);
    const payload = payloadOffset(buf, at);
    if (time !== undefined && (stamps === PES_PTS || stamps === PES_PTS_DTS) && !isVideo(buf, payload)) {
      const { offset } = this.#clocks[this.#clockOf[pid] as number] as SpliceClock;
      const back = ticksDiff(dtsOf(buf, payload, stamps) + offset, time.dts);
      if (back >= 0 && back < FAR) return true;
    }
    this.#roles[pid] = (this.#roles[pid] as number) & ~ROLE_WAITING;
    return false;
  }

  /** Empties a packet; a PCR in it stays. */
  #drop(buf: Uint8Array, at: number, pcr: boolean): void {
    const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
    if (!pcr) {
      if (hasPayload(buf, at)) this.#counters.droppedPackets++;
      writeNull(buf, at);
      return;
    }
    if (hasPayload(buf, at)) this.#counters.droppedPackets++;
    stripPayload(buf, at, this.#sent[pid] as number);
    (this.#clocks[this.#clockOf[pid] as number] as SpliceClock).notePcr(readPcrBase(buf, at + 6));
  }

  /** Takes note of a packet as it is sent. */
  #note(buf: Uint8Array, at: number, pid: number): void {
    if (pid === PID_NULL) return;
    const role = this.#roles[pid] as number;
    if ((role & (ROLE_TABLE | ROLE_CUE)) !== 0) this.#noteTable(buf, at, pid);
    if (scramblingOf(buf, at) !== 0) return;
    const clock = this.#clocks[this.#clockOf[pid] as number] as SpliceClock;
    if (hasPcr(buf, at)) clock.notePcr(readPcrBase(buf, at + 6));
    if (((buf[at + 1] as number) & 0x40) === 0) return;
    const payload = payloadOffset(buf, at);
    const stamps = stampsOf(buf, payload, at + PACKET_SIZE);
    if (stamps < PES_PTS) return;
    const dts = dtsOf(buf, payload, stamps);
    const pts = ptsOf(buf, payload);
    let time = this.#times.get(pid);
    if (time === undefined) {
      time = { pid, dts, pts, step: 0 };
      this.#times.set(pid, time);
    }
    notePid(time, dts, pts);
    clock.noteStamps(time, isVideo(buf, payload));
  }

  #noteTable(buf: Uint8Array, at: number, pid: number): void {
    const editor = this.#editors.get(pid);
    if (editor !== undefined) {
      const clock = this.#clocks[this.#clockOf[pid] as number] as SpliceClock;
      if (editor.tableId === TABLE_CUE) editor.offset = clock.decided ? clock.offset : 0;
      editor.push(buf, at, this.#switched);
    }
    if (!this.#tables.push(buf, at, pid)) return;
    if (this.#tables.version === this.#tablesVersion) return;
    this.#tablesVersion = this.#tables.version;
    this.#assignClocks();
    this.#assignRoles();
  }

  #assignRoles(): void {
    const roles = this.#roles;
    for (let pid = 0; pid < PID_COUNT; pid++) roles[pid] = (roles[pid] as number) & ROLE_WAITING;
    this.#watch(PID_PAT, TABLE_PAT);
    this.#watch(PID_CAT, TABLE_CAT);
    this.#watch(PID_SDT, TABLE_SDT_ACTUAL);
    for (const pid of this.#tables.tablePids()) if (pid !== PID_PAT) this.#watch(pid, TABLE_PMT);
    for (const { streams } of this.#tables.programs) {
      for (const { pid, streamType } of streams) {
        if (streamType === STREAM_TYPE_SCTE35) this.#watch(pid, TABLE_CUE);
      }
    }
  }

  #watch(pid: number, tableId: number): void {
    const role = tableId === TABLE_CUE ? ROLE_CUE : ROLE_TABLE;
    this.#roles[pid] = (this.#roles[pid] as number) | role;
    if (this.#editors.get(pid)?.tableId !== tableId) this.#editors.set(pid, new TableEditor(tableId));
  }

  /** Gives every program a clock: the one it had, or one that is free, or a new one. */
  #assignClocks(): void {
    const programs = this.#tables.programs;
    const clocks = this.#clocks;
    const taken = new Set<number>();
    const left: ProgramInfo[] = [];
    const done = new Set<number>();
    for (const program of programs) {
      const slot = clocks.findIndex((clock, i) => clock.program === program.number && !taken.has(i));
      if (slot < 0) left.push(program);
      else {
        taken.add(slot);
        this.#giveClock(program, slot, done);
      }
    }
    for (const program of left) {
      let slot = clocks.findIndex((_, i) => !taken.has(i));
      if (slot < 0 && clocks.length < MAX_CLOCKS) slot = clocks.push(this.#newClock()) - 1;
      if (slot < 0) slot = 0;
      taken.add(slot);
      this.#giveClock(program, slot, done);
    }
  }

  #newClock(): SpliceClock {
    const clock = new SpliceClock();
    if (this.#switched) clock.begin(0);
    return clock;
  }

  #giveClock(program: ProgramInfo, slot: number, done: Set<number>): void {
    const pids = [program.pcrPid, ...program.streams.map(({ pid }) => pid)].filter((pid) => pid !== PID_NULL);
    // Programs that share a PID share its clock.
    const shared = pids.find((pid) => done.has(pid));
    const index = shared === undefined ? slot : (this.#clockOf[shared] as number);
    const clock = this.#clocks[index] as SpliceClock;
    clock.program = program.number;
    for (const pid of pids) {
      const before = this.#clocks[this.#clockOf[pid] as number] as SpliceClock;
      const begun = this.#shift[pid] !== CC_UNKNOWN;
      // The new input's packets of this PID went by another clock already: it stays with that offset.
      if (this.#switched && begun && !clock.decided && before.decided) clock.settle(before.offset);
      this.#clockOf[pid] = index;
      done.add(pid);
    }
  }
}
