import { PCR_HZ } from "@millrace/model";
import { PACKET_SIZE, PID_NULL } from "../packet.ts";
import { tableName } from "../si/index.ts";
import type { AnalysisState } from "./analysis-state.ts";
import { countTr101290 } from "./count-errors.ts";
import type { Interval } from "./interval.ts";
import type { PcrMeter } from "./pcr-meter.ts";
import type { PidState } from "./pid-state.ts";
import type { Program, ProgramStream } from "./program-map.ts";
import type {
  PcrReport,
  PidReport,
  ProgramReport,
  PtsReport,
  Spread,
  StreamReport,
  TableReport,
  TsReport,
} from "./report.ts";

const TICKS_PER_MS = PCR_HZ / 1000;

/** Turns the state of an analysis into plain data. */
export function buildReport(state: AnalysisState): TsReport {
  const { counters, tables } = state;
  const used = state.pids.filter((pid) => pid !== undefined && pid.packets > 0) as PidState[];
  const rate = findBitrate(state);
  const sum = (pick: (pid: PidState) => number) => used.reduce((total, pid) => total + pick(pid), 0);
  const bitrate = rate?.bitrate;
  const nullPackets = state.pids[PID_NULL]?.packets ?? 0;
  return {
    packets: counters.packets,
    bytes: counters.packets * PACKET_SIZE,
    ...(rate ?? {}),
    ...(bitrate === undefined ? {} : { durationMs: (counters.packets * PACKET_SIZE * 8000) / bitrate }),
    nullPackets,
    nullShare: counters.packets === 0 ? 0 : nullPackets / counters.packets,
    rubbishBytes: counters.rubbishBytes,
    scrambledPackets: sum((pid) => pid.scrambled),
    ccErrors: sum((pid) => pid.ccErrors),
    duplicates: sum((pid) => pid.duplicates),
    ...optional("transportStreamId", tables.transportStreamId),
    ...optional("networkName", tables.networkName),
    ...optional("utcMs", tables.utcMs),
    programs: [...state.map.programs.values()].map((program) => reportProgram(state, program, bitrate)),
    pids: used.map((pid) => reportPid(state, pid, bitrate)),
    pcr: used
      .filter((pid) => pid.pcr !== undefined)
      .map((pid) => reportPcr(state, pid.pid, pid.pcr as PcrMeter)),
    tables: reportTables(state),
    tr101290: countTr101290(state),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}

/** The PCR PID that ran longest without a break gives the rate; without any, the arrival times. */
function findBitrate(
  state: AnalysisState,
): { bitrate: number; bitrateBy: "pcr" | "arrival"; constantRate?: boolean } | undefined {
  let best: PcrMeter | undefined;
  for (const pid of state.pids) {
    const meter = pid?.pcr;
    if (meter !== undefined && meter.sumTicks > (best?.sumTicks ?? 0)) best = meter;
  }
  if (best !== undefined && best.spanPackets > 0) {
    best.settle();
    return { bitrate: meterRate(best), bitrateBy: "pcr", ...optional("constantRate", best.constantRate) };
  }
  const { arrivalPackets, firstArrivalNs, lastArrivalNs } = state.counters;
  const ns = lastArrivalNs - firstArrivalNs;
  if (arrivalPackets <= 0 || ns <= 0) return undefined;
  return { bitrate: (arrivalPackets * PACKET_SIZE * 8e9) / ns, bitrateBy: "arrival" };
}

function meterRate(meter: PcrMeter): number {
  return (meter.spanPackets * PACKET_SIZE * 8 * PCR_HZ) / meter.sumTicks;
}

function spreadOf(
  interval: Pick<Interval, "count" | "minTicks" | "maxTicks" | "sumTicks">,
): Spread | undefined {
  if (interval.count === 0) return undefined;
  return {
    minMs: interval.minTicks / TICKS_PER_MS,
    meanMs: interval.sumTicks / interval.count / TICKS_PER_MS,
    maxMs: interval.maxTicks / TICKS_PER_MS,
  };
}

function reportProgram(state: AnalysisState, program: Program, bitrate: number | undefined): ProgramReport {
  const { services, channels } = state.tables;
  const service = services.get(program.number);
  const pids = new Set([program.pmtPid, ...program.streams.map((s) => s.pid)]);
  if (program.pcrPid !== undefined) pids.add(program.pcrPid);
  let packets = 0;
  let scrambled = false;
  for (const pid of pids) {
    const found = state.pids[pid];
    packets += found?.packets ?? 0;
    if (found !== undefined && found.scrambled > 0) scrambled = true;
  }
  return {
    number: program.number,
    pmtPid: program.pmtPid,
    ...optional("pcrPid", program.pcrPid),
    mapped: program.pmtCrc >= 0,
    listed: program.listed,
    ...(service === undefined || service.type === 0
      ? {}
      : { name: service.name, provider: service.provider, serviceType: service.type }),
    ...optional("channel", channels.get(program.number)),
    ...optional("now", service?.now),
    scrambled,
    caSystems: program.caSystems,
    ...optional("bitrate", bitrate === undefined ? undefined : (bitrate * packets) / state.counters.packets),
    streams: program.streams.map((stream) => reportStream(state, stream)),
  };
}

function reportStream(state: AnalysisState, { pid, streamType, kind }: ProgramStream): StreamReport {
  return {
    pid,
    streamType,
    kind: kind.kind,
    codec: kind.codec,
    name: kind.name,
    languages: kind.languages,
    ...optional("format", state.formats.get(pid)),
  };
}

function reportPid(state: AnalysisState, pid: PidState, bitrate: number | undefined): PidReport {
  const use = state.map.uses.get(pid.pid);
  const share = pid.packets / state.counters.packets;
  return {
    pid: pid.pid,
    label: use?.label ?? "Unreferenced",
    programs: programsOf(state, pid.pid),
    ...optional("streamType", use?.stream?.streamType),
    languages: use?.stream?.kind.languages ?? [],
    packets: pid.packets,
    share,
    ...optional("bitrate", bitrate === undefined ? undefined : bitrate * share),
    unitStarts: pid.unitStarts,
    scrambled: pid.scrambled,
    ccErrors: pid.ccErrors,
    duplicates: pid.duplicates,
    crcErrors: pid.assembler?.crcErrors ?? 0,
    randomAccess: pid.randomAccess,
    ...optional("pts", reportPts(pid)),
  };
}

function programsOf(state: AnalysisState, pid: number): number[] {
  return [...state.map.programs.values()]
    .filter(
      (p) =>
        p.pmtPid === pid || p.pcrPid === pid || p.caPids.has(pid) || p.streams.some((s) => s.pid === pid),
    )
    .map((p) => p.number);
}

function reportPts(pid: PidState): PtsReport | undefined {
  if (pid.ptsCount === 0) return undefined;
  const interval = pid.ptsInterval;
  const longest =
    interval === undefined || interval.count === 0 ? undefined : interval.maxTicks / TICKS_PER_MS;
  return {
    count: pid.ptsCount,
    first: pid.firstPts,
    last: pid.lastPts,
    ...optional("maxIntervalMs", longest),
  };
}

function reportPcr(state: AnalysisState, pid: number, meter: PcrMeter): PcrReport {
  meter.settle();
  const programs = [...state.map.programs.values()].filter((p) => p.pcrPid === pid).map((p) => p.number);
  const toNs = (ticks: number) => (ticks * 1e9) / PCR_HZ;
  return {
    pid,
    programs,
    count: meter.count,
    first: meter.first,
    last: meter.last,
    ...optional("interval", spreadOf(pickSpread(meter))),
    ...optional("bitrate", meter.sumTicks > 0 ? meterRate(meter) : undefined),
    ...optional("constantRate", meter.constantRate),
    ...(meter.constantRate
      ? { accuracy: { maxNs: toNs(meter.maxErrorTicks), rmsNs: toNs(meter.rmsErrorTicks) } }
      : {}),
    announcedDiscontinuities: meter.announcedDiscontinuities,
    unannouncedDiscontinuities: meter.discontinuityErrors,
  };
}

function pickSpread(meter: PcrMeter): Pick<Interval, "count" | "minTicks" | "maxTicks" | "sumTicks"> {
  const { intervals, minTicks, maxTicks, sumTicks } = meter;
  return { count: intervals, minTicks, maxTicks, sumTicks };
}

function reportTables(state: AnalysisState): TableReport[] {
  return [...state.tables.tables.values()]
    .toSorted((a, b) => a.pid - b.pid || a.tableId - b.tableId || a.extension - b.extension)
    .map((stats) => ({
      pid: stats.pid,
      tableId: stats.tableId,
      name: tableName(stats.tableId),
      ...(stats.extension < 0 ? {} : { extension: stats.extension, version: stats.version }),
      versionChanges: stats.versionChanges,
      sections: stats.sections,
      lastSectionNumber: stats.lastSectionNumber,
      ...optional("interval", spreadOf(stats.interval)),
    }));
}
