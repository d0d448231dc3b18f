import { PCR_HZ, PCR_WRAP, type VideoCodec } from "@millrace/model";
import { KeyProbe, PROBE_KEY, PROBE_LIKELY, PROBE_NOT_KEY, PROBE_OPEN } from "./key-probe.ts";
import {
  AF_RANDOM_ACCESS,
  adaptationFlags,
  hasDiscontinuity,
  hasPcr,
  PACKET_SIZE,
  PID_CAT,
  PID_COUNT,
  PID_NULL,
  PID_PAT,
  PID_SDT,
  PID_TSDT,
  payloadOffset,
  pcrOf,
  scramblingOf,
} from "./packet.ts";
import { PES_OK, PesHeader } from "./pes.ts";
import { type ProgramInfo, ProgramTables, primaryProgram } from "./program-tables.ts";
import { codingOf } from "./stream-type.ts";
import { pcrDiff, ticksDiff, Unwrapper } from "./ts-time.ts";

/** Roles of a PID, as bits. */
const ROLE_TABLE = 1;
const ROLE_PCR = 2;
const ROLE_KEY = 4;
/** SI that may stand between PAT, PMT and the key frame without parting them. */
const ROLE_SI = 8;

/** Continuity states: the last counter, plus a flag after a duplicate. */
const CC_UNKNOWN = 0xff;
const CC_DUPLICATE = 0x10;

/** Packets of the video PID that are looked into before a frame counts as no key frame. */
const PROBE_PACKETS = 12;
/** A PCR step beyond this, or back, is a break of the time base: 13818-1 §2.7.2 asks for one every 100 ms. */
const PCR_STEP_MAX = PCR_HZ;
const NO_RUN = -0x7fffffff;

/** The clock of one PCR PID. */
export interface PcrClock {
  readonly pid: number;
  /** Last PCR, 27 MHz, unwrapped over wraps and breaks alike; -1 before the first. */
  pcr27: number;
  /** PCRs seen. */
  count: number;
}

/**
 * Reads a transport stream without taking it apart: tables, continuity, PCR and where key frames begin. One per input;
 * `scan` takes batches of aligned packets. What it finds in a batch stands in preallocated arrays until the next call.
 */
export class TsScanner {
  readonly #tables = new ProgramTables();
  readonly #roles = new Uint8Array(PID_COUNT);
  readonly #cc = new Uint8Array(PID_COUNT).fill(CC_UNKNOWN);
  readonly #clocks = new Map<number, PcrClock>();
  readonly #pes = new PesHeader();
  readonly #ticks = new Unwrapper();
  readonly #probe = new KeyProbe();
  #videoCodec: VideoCodec | undefined;
  #keyPid = PID_NULL;
  #primary: ProgramInfo | undefined;

  /** An access unit that is being probed: index of its first packet in this batch, negative if it lies before. */
  #unitIndex = 0;
  #unitCut = 0;
  #unitPts = -1;
  #unitDts = -1;
  #rawPts = -1;
  #rawDts = -1;
  #probeLeft = 0;
  /** The unit was reported for its parameter sets or a hint; its first slice shows whether that was right. */
  #verifying = false;
  /** The unit has random_access_indicator. */
  #hinted = false;
  /** False once that was found on a frame that is no key frame: some encoders set it on every frame. */
  #trustHint = true;
  /** False once parameter sets were found before a frame that is no key frame. */
  #trustParameterSets = true;

  /** Packets by PID. */
  readonly pidPackets: Uint32Array = new Uint32Array(PID_COUNT);
  packets = 0;
  /** Breaks of a continuity counter, duplicates and announced discontinuities excepted. */
  ccErrors = 0;
  /** Packets that repeat the one before in their PID, as §2.4.3.3 allows once. */
  duplicates = 0;
  /** Packets with transport_error_indicator; nothing else is read from them. */
  teiPackets = 0;
  scrambledPackets = 0;
  nullPackets = 0;
  /** Announced by discontinuity_indicator on a PCR PID. */
  discontinuities = 0;
  /** PCR steps back or beyond a second that nothing announced. */
  pcrJumps = 0;
  /** Key frames (or, without video, starts of audio PES packets) since the beginning. */
  keys = 0;

  /** Key starts found by the last `scan`. */
  keyCount = 0;
  /**
   * Index of the packet with which a key frame begins, in packets from the batch's start. Negative where the frame began
   * in an earlier batch and only now shows what it is (-1 is the packet before the batch): rare.
   */
  keyIndex: Int32Array = new Int32Array(64);
  /** Where to cut: the PAT that stands, with PMT, SI and null packets only, right before the key frame; else `keyIndex`. */
  keyCutIndex: Int32Array = new Int32Array(64);
  /** PTS and DTS of the key frame, unwrapped ticks; NaN where it has none. */
  keyPts: Float64Array = new Float64Array(64);
  keyDts: Float64Array = new Float64Array(64);

  constructor() {
    this.#assignRoles();
  }

  /** Programs of the PAT with their PMTs; a new array after every change. */
  get programs(): readonly ProgramInfo[] {
    return this.#tables.programs;
  }

  /** The program that key frames and `pcr` are taken from: the first with video, else the first with audio. */
  get primary(): ProgramInfo | undefined {
    return this.#primary;
  }

  /** PID whose units make key starts; 0x1FFF before one is known. */
  get keyPid(): number {
    return this.#keyPid;
  }

  /** Grows whenever PAT or PMT content changes. */
  get tablesVersion(): number {
    return this.#tables.version;
  }

  /** Table sections dropped for a wrong CRC. */
  get crcErrors(): number {
    return this.#tables.crcErrors;
  }

  /** The exact packets of the last PAT and of every program's last PMT, for replay to a new reader. */
  tablePackets(): Uint8Array[] {
    const packets: Uint8Array[] = [];
    const pat = this.#tables.patPackets;
    if (pat !== undefined) packets.push(pat);
    for (const { number } of this.#tables.programs) {
      const pmt = this.#tables.pmtPackets(number);
      if (pmt !== undefined) packets.push(pmt);
    }
    return packets;
  }

  /** The clock of a program; undefined before its first PCR. */
  clockOf(program: ProgramInfo): PcrClock | undefined {
    return this.#clocks.get(program.pcrPid);
  }

  /** Last PCR of the primary program, 27 MHz unwrapped; -1 before the first. */
  get pcr27(): number {
    return this.#primary === undefined ? -1 : (this.#clocks.get(this.#primary.pcrPid)?.pcr27 ?? -1);
  }

  /** Forgets tables, continuity and clocks, as when the input has been opened anew; keeps the counters. */
  reset(): void {
    this.#tables.reset();
    this.#cc.fill(CC_UNKNOWN);
    this.#clocks.clear();
    this.#ticks.reset();
    this.#probeLeft = 0;
    this.#trustParameterSets = true;
    this.#trustHint = true;
    this.#assignRoles();
  }

  /** Reads `count` packets at `buf[start]`. */
  scan(buf: Uint8Array, start: number, count: number): void {
    const roles = this.#roles;
    const pidPackets = this.pidPackets;
    const ccs = this.#cc;
    let tableRun = NO_RUN;
    this.keyCount = 0;
    this.packets += count;
    for (let index = 0, at = start; index < count; index++, at += PACKET_SIZE) {
      const b1 = buf[at + 1] as number;
      const b3 = buf[at + 3] as number;
      const pid = ((b1 & 0x1f) << 8) | (buf[at + 2] as number);
      pidPackets[pid] = (pidPackets[pid] as number) + 1;
      if (pid === PID_NULL) {
        this.nullPackets++;
        continue;
      }
      if ((b1 & 0x80) !== 0) {
        this.teiPackets++;
        // Its header is mostly right: where the counter fits, the next packet is no continuity error.
        if ((((ccs[pid] as number) + 1) & 0x0f) === (b3 & 0x0f)) ccs[pid] = b3 & 0x0f;
        tableRun = NO_RUN;
        continue;
      }
      if ((b3 & 0xc0) !== 0) this.scrambledPackets++;
      const state = ccs[pid] as number;
      if ((b3 & 0x10) !== 0 && ((state + 1) & 0x0f) === (b3 & 0x0f)) ccs[pid] = b3 & 0x0f;
      else if (this.#oddContinuity(buf, at, pid) && (b1 & 0x40) === 0) continue;
      const role = roles[pid] as number;
      if (role === 0) {
        tableRun = NO_RUN;
        continue;
      }
      if ((role & ROLE_PCR) !== 0 && (b3 & 0x20) !== 0 && hasPcr(buf, at)) this.#onPcr(buf, at, pid);
      if ((role & ROLE_KEY) !== 0) this.#onKeyPid(buf, at, index, tableRun === NO_RUN ? index : tableRun);
      if ((role & ROLE_TABLE) !== 0) {
        // A new reader needs the PAT first.
        if (tableRun === NO_RUN && pid === PID_PAT) tableRun = index;
        if (this.#tables.push(buf, at, pid)) this.#assignRoles();
      } else if ((role & ROLE_SI) === 0) tableRun = NO_RUN;
    }
    this.#unitIndex -= count;
    this.#unitCut -= count;
  }

  /** A packet whose counter is not the next one. Returns whether it is a duplicate, to be read no further. */
  #oddContinuity(buf: Uint8Array, at: number, pid: number): boolean {
    const state = this.#cc[pid] as number;
    const counter = (buf[at + 3] as number) & 0x0f;
    const payload = ((buf[at + 3] as number) & 0x10) !== 0;
    if (state === CC_UNKNOWN || hasDiscontinuity(buf, at)) {
      this.#cc[pid] = counter;
      return false;
    }
    if (counter === (state & 0x0f)) {
      if (!payload) return false;
      this.#cc[pid] = counter | CC_DUPLICATE;
      if ((state & CC_DUPLICATE) === 0) {
        this.duplicates++;
        return true;
      }
    } else this.#cc[pid] = counter;
    this.ccErrors++;
    return false;
  }

  #onPcr(buf: Uint8Array, at: number, pid: number): void {
    const raw = pcrOf(buf, at);
    let clock = this.#clocks.get(pid);
    if (clock === undefined) {
      clock = { pid, pcr27: -1, count: 0 };
      this.#clocks.set(pid, clock);
    }
    clock.count++;
    if (clock.pcr27 < 0) {
      // On the same turn as time stamps already unwrapped.
      const near = this.#ticks.known ? this.#ticks.last * 300 : raw;
      clock.pcr27 = near + pcrDiff(near, raw);
      if (clock.pcr27 < 0) clock.pcr27 += PCR_WRAP;
      return;
    }
    const step = pcrDiff(clock.pcr27, raw);
    if (hasDiscontinuity(buf, at)) this.discontinuities++;
    else if (step < 0 || step > PCR_STEP_MAX) this.pcrJumps++;
    clock.pcr27 += step;
  }

  #onKeyPid(buf: Uint8Array, at: number, index: number, cut: number): void {
    const unitStart = ((buf[at + 1] as number) & 0x40) !== 0;
    if (!unitStart) {
      if (this.#probeLeft > 0) this.#look(buf, payloadOffset(buf, at), at + PACKET_SIZE);
      return;
    }
    const end = at + PACKET_SIZE;
    this.#probeLeft = 0;
    this.#verifying = false;
    this.#unitIndex = index;
    this.#unitCut = cut;
    this.#unitPts = Number.NaN;
    this.#unitDts = Number.NaN;
    const clear = scramblingOf(buf, at) === 0;
    const payload = payloadOffset(buf, at);
    const ok = clear && this.#pes.parse(buf, payload, end) === PES_OK;
    if (ok && this.#pes.pts >= 0) {
      // Not a new unit but a duplicate packet: it has been dealt with. (An equal counter alone may also mean a restart.)
      if (this.#pes.pts === this.#rawPts && this.#pes.dts === this.#rawDts) return;
      this.#rawPts = this.#pes.pts;
      this.#rawDts = this.#pes.dts;
      this.#stamp();
    }
    if (this.#videoCodec === undefined) {
      this.#report();
      return;
    }
    const hinted = (adaptationFlags(buf, at) & AF_RANDOM_ACCESS) !== 0;
    if (hinted && (this.#trustHint || !ok)) {
      this.#verifying = true;
      this.#report();
    }
    if (!ok) return;
    this.#probe.begin(this.#videoCodec, hinted);
    this.#probeLeft = PROBE_PACKETS;
    this.#hinted = hinted;
    this.#look(buf, this.#pes.payload, end);
  }

  #stamp(): void {
    if (!this.#ticks.known && this.pcr27 >= 0) this.#ticks.unwrap(Math.floor(this.pcr27 / 300));
    this.#unitDts = this.#ticks.unwrap(this.#pes.dts);
    this.#unitPts = this.#unitDts + ticksDiff(this.#pes.dts, this.#pes.pts);
  }

  #look(buf: Uint8Array, from: number, end: number): void {
    const verdict = this.#probe.feed(buf, from, end);
    this.#probeLeft = verdict === PROBE_OPEN || verdict === PROBE_LIKELY ? this.#probeLeft - 1 : 0;
    if (this.#verifying) {
      if (verdict === PROBE_NOT_KEY && this.#hinted) this.#trustHint = false;
      else if (verdict === PROBE_NOT_KEY) this.#trustParameterSets = false;
      return;
    }
    const trusted = verdict === PROBE_LIKELY && this.#trustParameterSets;
    if (verdict !== PROBE_KEY && !trusted) return;
    this.#verifying = trusted;
    this.#report();
  }

  #report(): void {
    const slot = this.keyCount++;
    if (slot === this.keyIndex.length) this.#grow();
    this.keyIndex[slot] = this.#unitIndex;
    this.keyCutIndex[slot] = this.#unitCut;
    this.keyPts[slot] = this.#unitPts;
    this.keyDts[slot] = this.#unitDts;
    this.keys++;
  }

  #grow(): void {
    const size = this.keyIndex.length * 2;
    const index = new Int32Array(size);
    const cut = new Int32Array(size);
    const pts = new Float64Array(size);
    const dts = new Float64Array(size);
    index.set(this.keyIndex);
    cut.set(this.keyCutIndex);
    pts.set(this.keyPts);
    dts.set(this.keyDts);
    this.keyIndex = index;
    this.keyCutIndex = cut;
    this.keyPts = pts;
    this.keyDts = dts;
  }

  /** Works out what each PID is for, after the tables changed. */
  #assignRoles(): void {
    const roles = this.#roles;
    roles.fill(0);
    roles[PID_CAT] = ROLE_SI;
    roles[PID_TSDT] = ROLE_SI;
    for (let pid = 0x10; pid < 0x20; pid++) roles[pid] = ROLE_SI;
    roles[PID_SDT] = ROLE_SI;
    for (const pid of this.#tables.tablePids()) roles[pid] = (roles[pid] as number) | ROLE_TABLE;
    for (const { pcrPid } of this.#tables.programs) roles[pcrPid] = (roles[pcrPid] as number) | ROLE_PCR;
    for (const pid of this.#clocks.keys()) {
      if (((roles[pid] as number) & ROLE_PCR) === 0) this.#clocks.delete(pid);
    }
    this.#choosePrimary();
    if (this.#keyPid !== PID_NULL) roles[this.#keyPid] = (roles[this.#keyPid] as number) | ROLE_KEY;
  }

  #choosePrimary(): void {
    const before = this.#keyPid;
    const codec = this.#videoCodec;
    this.#primary = primaryProgram(this.#tables.programs);
    this.#keyPid = PID_NULL;
    this.#videoCodec = undefined;
    if (!this.#choose("video")) this.#choose("audio");
    if (this.#keyPid !== before || this.#videoCodec !== codec) this.#probeLeft = 0;
  }

  /** Takes the primary program's first stream of this kind for key starts. */
  #choose(kind: "video" | "audio"): boolean {
    for (const stream of this.#primary?.streams ?? []) {
      const coding = codingOf(stream);
      if (coding.kind !== kind) continue;
      this.#keyPid = stream.pid;
      this.#videoCodec = kind === "video" ? (coding.codec as VideoCodec) : undefined;
      return true;
    }
    return false;
  }
}
