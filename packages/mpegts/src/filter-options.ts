import type { OptionSpec, Options, OptionValue } from "@millrace/model";

/** What to keep of a transport stream. */
export interface TsFilterOptions {
  /** program_number of the one program to keep. All, when absent. */
  readonly program?: number;
  /** Elementary PIDs to keep; of the others the PCR alone, where a program needs it. All, when absent. */
  readonly pids?: readonly number[];
  /** Keep the network information table and its entry in the PAT. */
  readonly nit: boolean;
  /** Keep teletext and DVB subtitles. */
  readonly subtitles: boolean;
}

const PROGRAM: OptionSpec = {
  name: "program",
  scope: ["input"],
  type: "integer",
  min: 1,
  max: 0xffff,
  doc: "Takes one program out of a multi-program transport stream, by its number.",
  example: "url udp://239.0.0.1:1234 program=2001;",
};
const PIDS: OptionSpec = {
  name: "pids",
  scope: ["input"],
  type: "integers",
  doc: "Takes only these elementary streams, by PID.",
  example: "url udp://239.0.0.1:1234 program=21 pids=45,46,47;",
};
const BYPASS_NIT: OptionSpec = {
  name: "bypass_nit",
  scope: ["input"],
  type: "flag",
  default: false,
  doc: "Keeps the network information table when `program` or `pids` selects a part of the stream.",
};
const ALLOW_SUBTITLES: OptionSpec = {
  name: "allow_subtitles",
  scope: ["input"],
  type: "flag",
  default: true,
  doc: "Off: teletext and DVB subtitles are left out.",
};

/** Options of every input that receives a transport stream. */
export const TS_FILTER_OPTIONS: readonly OptionSpec[] = [PROGRAM, PIDS, BYPASS_NIT, ALLOW_SUBTITLES];

/** Reads the filter of an input; undefined when everything is wanted, and no packet is to be touched. */
export function readTsFilter(options: Options): TsFilterOptions | undefined {
  const program = options[PROGRAM.name];
  const pids = readPids(options[PIDS.name]);
  const subtitles = options[ALLOW_SUBTITLES.name] !== false;
  if (typeof program !== "number" && pids === undefined && subtitles) return undefined;
  return {
    ...(typeof program === "number" ? { program } : {}),
    ...(pids === undefined ? {} : { pids }),
    nit: options[BYPASS_NIT.name] === true,
    subtitles,
  };
}

function readPids(value: OptionValue | undefined): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const pids = value.map(Number).filter((pid) => Number.isInteger(pid) && pid >= 0 && pid <= 0x1fff);
  return pids.length === 0 ? undefined : pids;
}
