import type { PcrReport, PidReport, ProgramReport, Spread, TsReport } from "@millrace/mpegts";
import { formatTable } from "./columns.ts";
import {
  bitrateText,
  countText,
  durationText,
  errorText,
  hexText,
  kbitText,
  millisText,
  nanosText,
  percentText,
} from "./figures.ts";

/** Sub-tables listed one by one; of the others (many-service EITs) each table_id of a PID gets one line. */
const MAX_SUB_TABLES = 4;

/** The report as text for a terminal of 100 columns; `title` is what was analysed. */
export function formatReport(report: TsReport, title = ""): string {
  const parts = [
    formatHead(report, title),
    ...report.programs.map(formatProgram),
    section("PIDs", formatPids(report)),
    section("PCR", formatPcr(report.pcr)),
    section("Tables", formatTables(report)),
    section("ETSI TR 101 290", formatTr101290(report)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function section(head: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [head, ...lines.map((line) => `  ${line}`)].join("\n");
}

function formatHead(report: TsReport, title: string): string {
  const rate = [bitrateText(report.bitrate)];
  if (report.constantRate === true) rate.push("constant");
  if (report.bitrateBy === "arrival") rate.push("by arrival");
  const facts = [
    `${countText(report.packets)} packets`,
    ...(report.durationMs === undefined ? [] : [durationText(report.durationMs)]),
    rate.join(" "),
    `null ${percentText(report.nullShare)}`,
  ];
  const identity = [
    ...(report.transportStreamId === undefined ? [] : [`transport stream ${report.transportStreamId}`]),
    ...(report.networkName === undefined ? [] : [`network ${report.networkName}`]),
    ...(report.utcMs === undefined ? [] : [new Date(report.utcMs).toISOString().replace(".000Z", "Z")]),
  ];
  const trouble = [
    ...some(report.ccErrors, "continuity error"),
    ...some(report.tr101290.priority2.Transport_error, "transport error"),
    ...some(report.tr101290.priority1.TS_sync_loss, "sync loss", "sync losses"),
    ...some(report.rubbishBytes, "byte of rubbish", "bytes of rubbish"),
    ...some(report.duplicates, "duplicate"),
    ...some(report.scrambledPackets, "scrambled packet"),
  ];
  const lines = [title, facts.join(" · "), identity.join(" · "), trouble.join(" · ")];
  return lines.filter((line) => line !== "").join("\n");
}

/** "1 sync loss", "3 sync losses", nothing for none. */
function some(count: number, one: string, many = `${one}s`): string[] {
  return count === 0 ? [] : [`${countText(count)} ${count === 1 ? one : many}`];
}

function formatProgram(program: ProgramReport): string {
  const name = program.name === undefined ? "" : ` ${program.name}`;
  const facts = [
    ...(program.provider ? [program.provider] : []),
    ...(program.channel === undefined ? [] : [`channel ${program.channel}`]),
    ...(program.serviceType === undefined ? [] : [serviceTypeText(program.serviceType)]),
    bitrateText(program.bitrate),
    `PMT ${hexText(program.pmtPid)}`,
    pcrText(program),
    ...(program.scrambled ? [`scrambled${caText(program.caSystems)}`] : []),
    ...(program.listed ? [] : ["no longer in the PAT"]),
  ];
  const rows = program.streams.map((stream) => [
    hexText(stream.pid),
    stream.name,
    stream.languages.join(" "),
    stream.format?.text ?? "",
  ]);
  const columns = [{ head: "" }, { head: "", max: 26 }, { head: "", max: 19 }, { head: "", max: 44 }];
  const now = program.now === undefined ? [] : [`  now: ${program.now.trim()}`];
  return [
    `Program ${program.number}${name}`,
    `  ${facts.join(" · ")}`,
    ...now,
    ...formatTable(columns, rows)
      .slice(1)
      .map((line) => `  ${line}`),
  ].join("\n");
}

function pcrText(program: ProgramReport): string {
  if (!program.mapped) return "not seen";
  return program.pcrPid === undefined ? "no PCR" : `PCR ${hexText(program.pcrPid)}`;
}

function caText(systems: readonly number[]): string {
  return systems.length === 0 ? "" : ` (${systems.map((system) => hexText(system)).join(" ")})`;
}

/** EN 300 468 table 89, the types in use. */
const SERVICE_TYPES: ReadonlyMap<number, string> = new Map([
  [0x01, "television"],
  [0x02, "radio"],
  [0x03, "teletext"],
  [0x0a, "radio"],
  [0x0c, "data"],
  [0x10, "MHP"],
  [0x11, "MPEG-2 HD television"],
  [0x16, "SD television"],
  [0x19, "HD television"],
  [0x1f, "HEVC television"],
  [0x20, "HEVC UHD television"],
]);

function serviceTypeText(type: number): string {
  return SERVICE_TYPES.get(type) ?? `service type ${hexText(type, 2)}`;
}

function formatPids(report: TsReport): string[] {
  if (report.pids.length === 0) return [];
  const right = "right" as const;
  const columns = [
    { head: "PID" },
    { head: "what", max: 26 },
    { head: "prog", align: right },
    { head: "packets", align: right },
    { head: "share", align: right },
    { head: "kbit/s", align: right },
    { head: "CC", align: right },
    { head: "dup", align: right },
    { head: "scr", align: right },
    { head: "PTS max ms", align: right },
  ];
  return formatTable(columns, report.pids.map(pidRow));
}

function pidRow(pid: PidReport): string[] {
  const language = pid.languages.length === 0 ? "" : ` ${pid.languages[0]}`;
  return [
    hexText(pid.pid),
    pid.label + language,
    programsText(pid.programs),
    countText(pid.packets),
    percentText(pid.share),
    kbitText(pid.bitrate),
    errorText(pid.ccErrors),
    errorText(pid.duplicates),
    errorText(pid.scrambled),
    pid.pts === undefined ? "" : millisText(pid.pts.maxIntervalMs),
  ];
}

/** 101, or 101+3 where three others share it. */
function programsText(programs: readonly number[]): string {
  const [first] = programs;
  return first === undefined ? "" : programs.length === 1 ? String(first) : `${first}+${programs.length - 1}`;
}

function formatPcr(meters: readonly PcrReport[]): string[] {
  if (meters.length === 0) return [];
  const right = "right" as const;
  const columns = [
    { head: "PID" },
    { head: "programs", max: 16 },
    { head: "count", align: right },
    { head: "interval ms min/mean/max", align: right },
    { head: "accuracy", align: right },
    { head: "rate" },
    { head: "breaks", align: right },
  ];
  return formatTable(
    columns,
    meters.map((meter) => [
      hexText(meter.pid),
      meter.programs.join(" "),
      countText(meter.count),
      spreadText(meter.interval),
      meter.accuracy === undefined ? "–" : `±${nanosText(meter.accuracy.maxNs)}`,
      meter.constantRate === undefined ? "–" : meter.constantRate ? "constant" : "variable",
      errorText(meter.announcedDiscontinuities + meter.unannouncedDiscontinuities),
    ]),
  );
}

function spreadText(spread: Spread | undefined): string {
  return spread === undefined ? "–" : [spread.minMs, spread.meanMs, spread.maxMs].map(millisText).join(" / ");
}

function formatTables(report: TsReport): string[] {
  const groups = Map.groupBy(report.tables, (table) => `${table.pid}.${table.name}`);
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    if (group.length <= MAX_SUB_TABLES) return group.map((table) => tableRow(table, ""));
    return [tableRow(mergeTables(group), `${group.length} sub-tables`)];
  });
  const right = "right" as const;
  const columns = [
    { head: "PID" },
    { head: "table", max: 26 },
    { head: "id" },
    { head: "extension" },
    { head: "version", align: right },
    { head: "sections", align: right },
    { head: "repeats ms min/mean/max", align: right },
  ];
  return rows.length === 0 ? [] : formatTable(columns, rows);
}

type TableLine = TsReport["tables"][number];

function tableRow(table: TableLine, group: string): string[] {
  return [
    hexText(table.pid),
    table.name,
    hexText(table.tableId, 2),
    group === "" && table.extension !== undefined ? hexText(table.extension) : group,
    group === "" && table.version !== undefined ? String(table.version) : "",
    countText(table.sections),
    spreadText(table.interval),
  ];
}

/** Several sub-tables as one: the fastest and the slowest of all, and the mean of their means. */
function mergeTables(group: readonly TableLine[]): TableLine {
  const spreads = group.flatMap((table) => (table.interval === undefined ? [] : [table.interval]));
  const first = group[0] as TableLine;
  const interval = {
    minMs: Math.min(...spreads.map((s) => s.minMs)),
    meanMs: spreads.reduce((sum, s) => sum + s.meanMs, 0) / spreads.length,
    maxMs: Math.max(...spreads.map((s) => s.maxMs)),
  };
  const { interval: _, ...rest } = first;
  const sections = group.reduce((sum, table) => sum + table.sections, 0);
  return { ...rest, sections, ...(spreads.length === 0 ? {} : { interval }) };
}

function formatTr101290(report: TsReport): string[] {
  const { priority1, priority2 } = report.tr101290;
  const first = Object.entries(priority1);
  const second = Object.entries(priority2);
  const rows: string[][] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    rows.push([...counterCells(first[i]), ...counterCells(second[i])]);
  }
  const right = "right" as const;
  return formatTable(
    [
      { head: "priority 1" },
      { head: "", align: right },
      { head: "  priority 2" },
      { head: "", align: right },
    ],
    rows.map(([a = "", b = "", c = "", d = ""]) => [a, b, c === "" ? "" : `  ${c}`, d]),
  );
}

function counterCells(entry: [string, number] | undefined): [string, string] {
  return entry === undefined ? ["", ""] : [entry[0], errorText(entry[1])];
}
