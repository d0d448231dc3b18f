import { SectionAssembler } from "../section.ts";
import type { SiDescriptor } from "../si/index.ts";
import type { StreamCounters } from "./analysis-state.ts";
import { CodecProbe } from "./codec-probe.ts";
import type { EsFormat } from "./es-format.ts";
import { Interval } from "./interval.ts";
import { type PidState, ROLE_PES, ROLE_SECTIONS } from "./pid-state.ts";
import type { PidUse, Program, ProgramMap, ProgramStream } from "./program-map.ts";
import type { StreamClock } from "./stream-clock.ts";

export interface WiringOptions {
  readonly map: ProgramMap;
  readonly formats: Map<number, EsFormat>;
  /** Intervals that are looked after. */
  readonly watched: Set<Interval>;
  readonly counters: StreamCounters;
  /** The state of a PID, made if need be. */
  readonly open: (pid: number) => PidState;
  readonly pidTimeoutTicks: number;
  readonly onSection: (pid: number, section: Uint8Array) => void;
}

/** Sets PIDs up for what tables say of them: section assemblers, codec probes, and what must not be absent. */
export class Wiring {
  readonly #options: WiringOptions;
  /** PIDs watched for presence. */
  readonly #present = new Set<number>();

  constructor(options: WiringOptions) {
    this.#options = options;
    for (const [pid, use] of options.map.uses) if (use.sections) this.#assemble(pid);
  }

  onPat(section: Uint8Array, packet: number): void {
    if (!this.#options.map.onPat(section, packet)) return;
    const { watched, map, counters } = this.#options;
    for (const program of map.programs.values()) {
      if (program.listed) {
        watched.add(program.interval);
        this.#assemble(program.pmtPid);
      } else if (watched.delete(program.interval)) {
        counters.retiredPmtMisses += program.interval.misses;
        program.interval.misses = 0;
      }
    }
    this.#watchPresence(packet);
  }

  onPmt(pid: number, section: Uint8Array, now: { packet: number; clock: StreamClock }): void {
    const { map } = this.#options;
    const program = map.findByPmt(pid, section);
    if (program === undefined) return;
    program.interval.mark(now.packet, now.clock);
    const before = new Map(program.streams.map((stream) => [stream.pid, stream]));
    if (!map.onPmt(program, section)) return;
    for (const stream of program.streams) this.#wire(stream, before.get(stream.pid));
    this.#wireUses();
    this.#watchPresence(now.packet);
  }

  onCat(descriptors: readonly SiDescriptor[]): void {
    this.#options.map.onCat(descriptors);
    this.#wireUses();
  }

  /** PIDs of sections that PMT or CAT have brought up: ECM, EMM, carousels… */
  #wireUses(): void {
    for (const [pid, use] of this.#options.map.uses) if (use.sections) this.#assemble(pid);
  }

  #assemble(pid: number): void {
    const state = this.#options.open(pid);
    if (state.role === ROLE_SECTIONS) return;
    state.role = ROLE_SECTIONS;
    state.probe = undefined;
    const { onSection } = this.#options;
    state.assembler ??= new SectionAssembler((section) => onSection(pid, section));
  }

  #wire(stream: ProgramStream, before: ProgramStream | undefined): void {
    if (stream.kind.sections) return;
    const { open, formats } = this.#options;
    const state = open(stream.pid);
    state.role = ROLE_PES;
    const { codec, name } = stream.kind;
    if (before !== undefined && before.kind.name === name) return;
    formats.delete(stream.pid);
    state.probe = CodecProbe.canProbe(codec) ? new CodecProbe(codec, name) : undefined;
  }

  /** Watches PMTs, PCR, video and audio of listed programs; others (subtitles, data) may be absent for long. */
  #watchPresence(packet: number): void {
    const wanted = new Set<number>();
    for (const program of this.#options.map.programs.values()) {
      if (program.listed) for (const pid of neverAbsent(program)) wanted.add(pid);
    }
    for (const pid of this.#present) if (!wanted.has(pid)) this.#forget(pid);
    for (const pid of wanted) {
      if (this.#present.has(pid)) continue;
      this.#present.add(pid);
      const state = this.#options.open(pid);
      state.presence = new Interval(this.#options.pidTimeoutTicks, packet);
      this.#options.watched.add(state.presence);
    }
  }

  #forget(pid: number): void {
    this.#present.delete(pid);
    const { watched, counters, open } = this.#options;
    const state = open(pid);
    if (state.presence !== undefined) {
      watched.delete(state.presence);
      counters.retiredPidMisses += state.presence.misses;
      state.presence = undefined;
    }
    if (state.ptsInterval !== undefined) {
      watched.delete(state.ptsInterval);
      counters.retiredPtsMisses += state.ptsInterval.misses;
      state.ptsInterval = undefined;
    }
  }
}

function neverAbsent(program: Program): number[] {
  const pids = program.streams
    .filter(({ kind }) => kind.kind === "video" || kind.kind === "audio")
    .map(({ pid }) => pid);
  pids.push(program.pmtPid);
  if (program.pcrPid !== undefined) pids.push(program.pcrPid);
  return pids;
}

/** Whether gaps in the PTS of a PID are errors: audio and video must have one every 700 ms, subtitles need not. */
export function needsSteadyPts(use: PidUse | undefined): boolean {
  const kind = use?.stream?.kind.kind;
  return kind === "video" || kind === "audio";
}
