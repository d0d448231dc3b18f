import {
  AF_DISCONTINUITY,
  AF_PCR,
  AF_RANDOM_ACCESS,
  hasUnitStart,
  PACKET_SIZE,
  PID_COUNT,
  PID_NULL,
  payloadOffset,
  readPcr,
  SYNC_BYTE,
} from "../packet.ts";
import { PES_OK, PesHeader } from "../pes.ts";
import type { AnalysisState } from "./analysis-state.ts";
import { StreamCounters } from "./analysis-state.ts";
import { buildReport } from "./build-report.ts";
import type { EsFormat } from "./es-format.ts";
import { Interval } from "./interval.ts";
import { PcrMeter } from "./pcr-meter.ts";
import { PidState, ROLE_PES, ROLE_SECTIONS, ROLE_UNKNOWN } from "./pid-state.ts";
import { PMT_LABEL, ProgramMap, PSI_LIMIT_TICKS } from "./program-map.ts";
import type { TsReport } from "./report.ts";
import { StreamClock } from "./stream-clock.ts";
import { TableWatch } from "./table-watch.ts";
import { Wiring } from "./wiring.ts";

/** TR 101 290 2.5: a PTS at least every 700 ms. In ticks of 27 MHz. */
const PTS_LIMIT_TICKS = 18_900_000;

/** Set in a packet's stamp when its discontinuity_indicator is. */
const STAMP_DISCONTINUITY = 0x40000000;

/** A few bytes of a packet with payload, by which a duplicate is told from a packet with a wrong counter. A PCR may differ in it. */
function stampOf(buf: Uint8Array, at: number, flags: number): number {
  const bytes =
    ((buf[at + 13] as number) << 22) ^
    ((buf[at + 60] as number) << 15) ^
    ((buf[at + 120] as number) << 8) ^
    (buf[at + 187] as number) ^
    ((buf[at + 1] as number) << 4);
  return flags & AF_DISCONTINUITY ? bytes | STAMP_DISCONTINUITY : bytes;
}

/** The same over the whole packet: sections repeat with few bytes changed, and are few. */
function wholeStampOf(buf: Uint8Array, at: number, flags: number): number {
  let sum = 0;
  for (let i = at; i < at + PACKET_SIZE; i++) sum = (Math.imul(sum, 31) + (buf[i] as number)) & 0x3fffffff;
  return flags & AF_DISCONTINUITY ? sum | STAMP_DISCONTINUITY : sum;
}

export interface TsAnalyserOptions {
  /** How long a referred PID may be absent before it counts as a PID_error (TR 101 290 1.6). Default 5000. */
  readonly pidTimeoutMs?: number;
}

/**
 * Analyses a transport stream as it passes: counts on each PID, tables, programs, PCR and PTS timing, and the checks of
 * ETSI TR 101 290 priorities 1 and 2. Pure: time is the stream's own (PCR), or what `push` is told.
 */
export class TsAnalyser {
  readonly #counters = new StreamCounters();
  readonly #clock = new StreamClock();
  readonly #pids: (PidState | undefined)[] = new Array(PID_COUNT).fill(undefined);
  readonly #map = new ProgramMap();
  readonly #formats = new Map<number, EsFormat>();
  readonly #patInterval = new Interval(PSI_LIMIT_TICKS);
  /** Intervals with a limit, looked after once for every batch. */
  readonly #watched = new Set<Interval>([this.#patInterval]);
  readonly #tables: TableWatch;
  readonly #wiring: Wiring;
  readonly #pes = new PesHeader();
  /** Index of the packet in hand. */
  #packet = 0;
  #badSyncRun = 0;
  /** Packet at which packets were last found missing: places before and after it do not compare. */
  #lossAt = -1;

  constructor(options: TsAnalyserOptions = {}) {
    const open = (pid: number) => this.#pids[pid] ?? this.#open(pid);
    this.#wiring = new Wiring({
      map: this.#map,
      formats: this.#formats,
      watched: this.#watched,
      counters: this.#counters,
      open,
      pidTimeoutTicks: (options.pidTimeoutMs ?? 5000) * 27_000,
      onSection: (pid, section) => this.#tables.onSection(pid, section, this.#packet),
    });
    this.#tables = new TableWatch(this.#clock, {
      onPat: (section) => {
        this.#patInterval.mark(this.#packet, this.#clock);
        this.#wiring.onPat(section, this.#packet);
      },
      onPmt: (pid, section) => this.#wiring.onPmt(pid, section, { packet: this.#packet, clock: this.#clock }),
      onCat: (descriptors) => this.#wiring.onCat(descriptors),
    });
  }

  /**
   * Takes `count` packets of 188 bytes, one behind the other, at `buf[start]`. `arrivalNs` is when they came, for streams
   * that say nothing of time themselves. The bytes are not kept.
   */
  push(buf: Uint8Array, start: number, count: number, arrivalNs = -1): void {
    const counters = this.#counters;
    if (arrivalNs >= 0) {
      counters.noteArrival(arrivalNs);
      this.#clock.observeArrival(counters.packets, arrivalNs);
    }
    const end = start + count * PACKET_SIZE;
    for (let at = start; at < end; at += PACKET_SIZE) {
      this.#packet = counters.packets++;
      if (buf[at] === SYNC_BYTE) {
        this.#badSyncRun = 0;
        this.#takePacket(buf, at);
      } else this.#noteBadSync();
    }
    for (const interval of this.#watched) interval.check(counters.packets, this.#clock);
  }

  /** Tells what the `PacketAligner` in front has seen; the numbers are its own totals. */
  noteSync(totals: { syncLosses: number; badSyncBytes: number; rubbishBytes: number }): void {
    const counters = this.#counters;
    if (totals.rubbishBytes !== counters.rubbishBytes) this.#lossAt = this.#packet;
    counters.alignerLosses = totals.syncLosses;
    // A loss is two wrong sync bytes in a row.
    counters.alignerBadSyncBytes = totals.badSyncBytes + 2 * totals.syncLosses;
    counters.rubbishBytes = totals.rubbishBytes;
  }

  /** What has been found out so far. Costs some milliseconds; may be asked for at any time. */
  report(): TsReport {
    for (const interval of this.#watched) interval.check(this.#counters.packets, this.#clock);
    for (const state of this.#pids) if (state?.probe !== undefined) this.#peekProbe(state);
    const state: AnalysisState = {
      counters: this.#counters,
      clock: this.#clock,
      pids: this.#pids,
      map: this.#map,
      tables: this.#tables,
      formats: this.#formats,
      patInterval: this.#patInterval,
    };
    return buildReport(state);
  }

  #peekProbe(state: PidState): void {
    state.probe?.finish();
    if (state.probe?.format !== undefined) this.#endProbe(state);
  }

  #noteBadSync(): void {
    this.#counters.syncByteErrors++;
    if (++this.#badSyncRun === 2) this.#counters.syncLosses++;
    this.#lossAt = this.#packet;
  }

  #open(pid: number): PidState {
    const state = new PidState(pid);
    this.#pids[pid] = state;
    return state;
  }

  #takePacket(buf: Uint8Array, at: number): void {
    const b1 = buf[at + 1] as number;
    if (b1 & 0x80) {
      this.#counters.transportErrors++;
      return;
    }
    const pid = ((b1 & 0x1f) << 8) | (buf[at + 2] as number);
    const state = this.#pids[pid] ?? this.#open(pid);
    state.packets++;
    if (pid === PID_NULL) return;
    const b3 = buf[at + 3] as number;
    const flags = b3 & 0x20 && buf[at + 4] !== 0 ? (buf[at + 5] as number) : 0;
    if (b1 & 0x40) state.unitStarts++;
    const stamp = state.role === ROLE_SECTIONS ? wholeStampOf(buf, at, flags) : stampOf(buf, at, flags);
    const fresh = this.#checkContinuity(state, stamp, b3);
    if (flags !== 0 && fresh) this.#takeAdaptation(state, buf, at);
    if (state.presence !== undefined) state.presence.mark(this.#packet, this.#clock);
    if (b3 & 0xc0) this.#noteScrambled(state);
    else if (fresh && b3 & 0x10) this.#takePayload(state, buf, at);
  }

  /** ISO/IEC 13818-1 §2.4.3.3. False for a duplicate, which is not to be read again. */
  #checkContinuity(state: PidState, stamp: number, b3: number): boolean {
    const continuity = b3 & 15;
    const last = state.continuity;
    const before = state.stamp;
    state.continuity = continuity;
    if ((b3 & 0x10) === 0) {
      // Without payload the counter stands still: if it moved, a packet before was lost.
      if (last >= 0 && continuity !== last && (stamp & STAMP_DISCONTINUITY) === 0) this.#noteLoss(state);
      return true;
    }
    state.stamp = stamp;
    if (last < 0 || continuity === ((last + 1) & 15) || stamp & STAMP_DISCONTINUITY) {
      state.duplicated = false;
      return true;
    }
    if (continuity === last && stamp === before) {
      // A packet may be sent twice, not more often.
      state.duplicates++;
      if (state.duplicated) state.ccErrors++;
      state.duplicated = true;
      return false;
    }
    this.#noteLoss(state);
    return true;
  }

  #noteLoss(state: PidState): void {
    state.duplicated = false;
    state.ccErrors++;
    this.#lossAt = this.#packet;
    if (state.probe !== undefined) state.probe.drop();
    if (state.assembler !== undefined) state.assembler.reset();
  }

  #takeAdaptation(state: PidState, buf: Uint8Array, at: number): void {
    const flags = buf[at + 5] as number;
    if (flags & AF_RANDOM_ACCESS) state.randomAccess++;
    if ((flags & AF_PCR) === 0 || (buf[at + 4] as number) < 7) return;
    const pcr27 = readPcr(buf, at + 6);
    state.pcr ??= new PcrMeter();
    if (state.pcr.lastPacket < this.#lossAt) state.pcr.breakWindow();
    state.pcr.push(pcr27, this.#packet, (flags & AF_DISCONTINUITY) !== 0);
    this.#clock.observePcr(state.pid, this.#packet, pcr27);
  }

  #noteScrambled(state: PidState): void {
    state.scrambled++;
    if (state.pid === 0) this.#counters.scrambledPat++;
    else if (this.#map.uses.get(state.pid)?.label === PMT_LABEL) this.#counters.scrambledPmt++;
  }

  #takePayload(state: PidState, buf: Uint8Array, at: number): void {
    if (state.role === ROLE_SECTIONS) {
      if (state.assembler !== undefined) state.assembler.push(buf, at);
      return;
    }
    const end = at + PACKET_SIZE;
    const payload = payloadOffset(buf, at);
    if (payload >= end) return;
    if (hasUnitStart(buf, at)) this.#startPes(state, buf, { payload, end });
    else if (state.probe?.push(buf, payload, end) === true) this.#endProbe(state);
  }

  #startPes(state: PidState, buf: Uint8Array, { payload, end }: { payload: number; end: number }): void {
    const pes = this.#pes;
    if (pes.parse(buf, payload, end) !== PES_OK) {
      state.probe?.drop();
      return;
    }
    if (state.role === ROLE_UNKNOWN) state.role = ROLE_PES;
    state.pesPackets++;
    if (pes.pts >= 0) {
      if (state.ptsInterval === undefined) {
        state.ptsInterval = new Interval(PTS_LIMIT_TICKS, this.#packet);
        this.#watched.add(state.ptsInterval);
        state.firstPts = pes.pts;
      }
      state.ptsCount++;
      state.lastPts = pes.pts;
      state.ptsInterval.mark(this.#packet, this.#clock);
    }
    if (state.probe === undefined) return;
    if (state.probe.begin() || state.probe.push(buf, pes.payload, end)) this.#endProbe(state);
  }

  #endProbe(state: PidState): void {
    const format = state.probe?.format;
    if (format !== undefined) this.#formats.set(state.pid, format);
    state.probe = undefined;
  }
}
