import { badFilter } from "./errors.ts";

/** By how much a packet of the filter is longer than those that it protects: payloads are shortened by it. */
export const FILTER_EXTRA_BYTES = 4;

/** Forward error correction over a matrix of packets (SMPTE 2022-1, docs/features/packet-filtering-and-fec.md). */
export interface FilterConfig {
  /** Packets of a row: 2 to 255. */
  readonly cols: number;
  /** Packets of a column, 2 to 255; 1 is rows only, a negative number columns only. */
  readonly rows: number;
  /** How columns begin: all in one row, or each a row after the one before. */
  readonly layout: "even" | "staircase";
  /** Whether lost packets are asked for: at once, when the filter cannot rebuild them, or not at all. */
  readonly arq: "always" | "onreq" | "never";
}

/** The column's number travels in a byte in which 255 means a row. */
const MOST = 255;
/** What libsrt assumes for keys that are missing (its documentation names "even" for the layout; its code does not). */
const DEFAULTS = { rows: "1", layout: "staircase", arq: "onreq" } as const;
const KEYS = ["cols", "rows", "layout", "arq"] as const;
type Key = (typeof KEYS)[number];
type Values = Readonly<Partial<Record<Key, string>>>;

/** Reads `fec,cols:10,rows:5,layout:staircase,arq:onreq`. Throws `srt.bad-filter` with a message for people. */
export function parseFilter(text: string): FilterConfig {
  const values = readValues(text);
  if (values.cols === undefined) throw badFilter(`"${text}" lacks cols`);
  const { cols, rows, layout, arq } = { cols: values.cols, ...DEFAULTS, ...values };
  if (layout !== "even" && layout !== "staircase")
    throw badFilter(`layout is even or staircase, not "${layout}"`);
  if (arq !== "always" && arq !== "onreq" && arq !== "never") {
    throw badFilter(`arq is always, onreq or never, not "${arq}"`);
  }
  const config = { cols: readNumber("cols", cols), rows: readNumber("rows", rows), layout, arq } as const;
  if (config.cols < 2 || config.cols > MOST) throw badFilter(`cols is from 2 to ${MOST}, not ${cols}`);
  const size = Math.abs(config.rows);
  if (size > MOST || size < 1 || config.rows === -1) {
    throw badFilter(`rows is from 1 to ${MOST}, or from -2 to -${MOST} for columns only, not ${rows}`);
  }
  return config;
}

/** The text with every key. */
export function serializeFilter({ cols, rows, layout, arq }: FilterConfig): string {
  return `fec,cols:${cols},rows:${rows},layout:${layout},arq:${arq}`;
}

/**
 * What two sides agree on; undefined is a side without a filter. One that sets none takes the other's; where both set
 * one, each fills in what it lacks from the other and they must not differ. Text undefined: no filter, also when one
 * side says "fec" alone, which takes any, and the other none. Never throws: what cannot be used is not agreed on.
 */
export function agreeFilter(
  ours: string | undefined,
  theirs: string | undefined,
): { readonly ok: true; readonly text: string | undefined } | { readonly ok: false } {
  try {
    const a = ours === undefined ? {} : readValues(ours);
    const b = theirs === undefined ? {} : readValues(theirs);
    if (KEYS.some((key) => a[key] !== undefined && b[key] !== undefined && a[key] !== b[key]))
      return { ok: false };
    const merged = textOf({ ...a, ...b });
    if (ours === undefined || theirs === undefined) {
      // The text as it is: an old peer may compare it with its own.
      const text = ours ?? theirs;
      if (text !== undefined && merged !== "fec") parseFilter(text);
      return { ok: true, text: merged === "fec" ? undefined : text };
    }
    return { ok: true, text: serializeFilter(parseFilter(merged)) };
  } catch {
    return { ok: false };
  }
}

function readValues(text: string): Values {
  const [type, ...parts] = text.split(",");
  if (type !== "fec") throw badFilter(`there is no packet filter "${type}", only fec`);
  const values: Partial<Record<Key, string>> = {};
  for (const part of parts) {
    const [key = "", value, ...more] = part.split(":");
    if (value === undefined || more.length > 0) throw badFilter(`"${part}" is not of the form key:value`);
    if (!isKey(key)) throw badFilter(`a packet filter has no "${key}", only ${KEYS.join(", ")}`);
    if (value !== "") values[key] = value;
  }
  return values;
}

function textOf(values: Values): string {
  return ["fec", ...KEYS.flatMap((key) => (values[key] === undefined ? [] : [`${key}:${values[key]}`]))].join(
    ",",
  );
}

function isKey(key: string): key is Key {
  return (KEYS as readonly string[]).includes(key);
}

function readNumber(key: string, text: string): number {
  if (!/^-?\d{1,6}$/.test(text)) throw badFilter(`${key} is a number, not "${text}"`);
  return Number(text);
}
