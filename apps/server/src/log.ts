import type { LogFields, Logger, LogLevel } from "@millrace/engine";
import { type Level, pino } from "pino";

/** How a line looks: `human` on a terminal, JSON lines elsewhere. */
export type LogFormat = "human" | "json";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly out: NodeJS.WritableStream;
}

/** The log of the whole server. */
export function createLog(options: LogOptions): Logger {
  const destination =
    options.format === "json"
      ? options.out
      : { write: (line: string) => void options.out.write(`${humanLine(JSON.parse(line))}\n`) };
  const base = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
    },
    destination as pino.DestinationStream,
  );
  return wrap(base, {});
}

function wrap(base: pino.Logger, fields: LogFields): Logger {
  const line =
    (level: Level) =>
    (message: string, more?: LogFields): void =>
      base[level]({ ...fields, ...more }, message);
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child: (more) => wrap(base, { ...fields, ...more }),
  };
}

const COLOURS: Readonly<Record<string, string>> = {
  warn: "\u001b[33m",
  error: "\u001b[31m",
  debug: "\u001b[2m",
};
const RESET = "\u001b[0m";

/** `12:34:56.789 warn  ort: input lost (input udp://…, reason …)` */
export function humanLine(record: Readonly<Record<string, unknown>>): string {
  const { level, time, message, stream, worker: _worker, ...rest } = record;
  const clock = String(time).slice(11, 23);
  const details = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
  const where = typeof stream === "string" ? `${stream}: ` : "";
  const tail = details === "" ? "" : ` (${details})`;
  const text = `${clock} ${String(level).padEnd(5)} ${where}${String(message)}${tail}`;
  const colour = COLOURS[String(level)];
  return colour === undefined ? text : `${colour}${text}${RESET}`;
}
