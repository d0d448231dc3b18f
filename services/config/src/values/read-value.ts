import type { OptionSpec, OptionType, OptionValue } from "@millrace/model";
import { didYouMean } from "../hint.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { parseBytes, parseDuration, parseFlag, parseInteger, parseKbit } from "./numbers.ts";
import { schemeOf } from "./url.ts";

export type ReadValue =
  | { readonly ok: true; readonly value: OptionValue }
  /** What would have been right, to stand behind "expected". */
  | { readonly ok: false; readonly expected: string };

/** What a type looks like, for messages and the reference. */
export const TYPE_LOOKS: Readonly<Record<OptionType, string>> = {
  flag: "on or off",
  integer: "a whole number",
  seconds: "a time such as 10, 10s, 2h or 7d (bare numbers are seconds)",
  milliseconds: "a time such as 500, 500ms or 2s (bare numbers are milliseconds)",
  kbit: "a bitrate such as 2200 (kbit/s) or 8M",
  bytes: "a size such as 512K, 20M or 100G",
  word: "a word",
  text: "a text",
  words: "a list",
  integers: "a list of whole numbers, such as 256,0x101",
  url: "a URL such as udp://239.0.0.1:1234",
  address: "a port, or HOST:PORT",
  path: "a file name; a relative one counts from the directory of the configuration file",
  endpoint: "a port, or HOST:PORT, with options behind it or in a block",
};

/** Reads one value by its option's type; the result is in the unit that the type stores. */
export function readValue(spec: OptionSpec, text: string): ReadValue {
  const value = typedValue(spec.type, text);
  if (value === undefined) return { ok: false, expected: TYPE_LOOKS[spec.type] };
  if (spec.choices !== undefined && !spec.choices.includes(String(value))) {
    const list = spec.choices.map((choice) => `"${choice}"`).join(", ");
    return { ok: false, expected: `one of ${list}${didYouMean(text, spec.choices)}` };
  }
  if (typeof value !== "number") return { ok: true, value };
  if (spec.min !== undefined && value < spec.min) {
    return { ok: false, expected: `at least ${formatValue(spec.type, spec.min)}` };
  }
  if (spec.max !== undefined && value > spec.max) {
    return { ok: false, expected: `at most ${formatValue(spec.type, spec.max)}` };
  }
  return { ok: true, value };
}

function typedValue(type: OptionType, text: string): OptionValue | undefined {
  switch (type) {
    case "flag":
      return parseFlag(text);
    case "integer":
      return parseInteger(text);
    case "seconds":
      return parseDuration(text, 1000);
    case "milliseconds":
      return parseDuration(text, 1);
    case "kbit":
      return parseKbit(text);
    case "bytes":
      return parseBytes(text);
    case "word":
    case "path":
      return text === "" ? undefined : text;
    case "text":
      return text;
    case "words":
      return text.split(",").filter((word) => word !== "");
    case "url":
      return schemeOf(text) === undefined ? undefined : text;
    case "integers":
      return parseIntegers(text);
    case "address": {
      const address = parseAddress(text);
      return address === undefined ? undefined : formatAddress(address);
    }
    case "endpoint":
      // Read by the line, not by the word: `compile/port-line.ts`.
      return undefined;
  }
}

function parseIntegers(text: string): readonly string[] | undefined {
  const numbers = text.split(",").map(parseInteger);
  return numbers.includes(undefined) ? undefined : numbers.map(String);
}

const DURATIONS: readonly (readonly [number, string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1000, "s"],
];

/** A stored value as a person would write it: 60000 of type `seconds` is `60s`. */
export function formatValue(type: OptionType, value: OptionValue): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return value;
  if (typeof value !== "number") return value.join(",");
  if (type === "kbit") return `${value / 1000}`;
  if (type === "bytes") return formatBytes(value);
  if (type !== "seconds" && type !== "milliseconds") return String(value);
  if (value === 0) return "0";
  for (const [unit, letter] of DURATIONS) {
    if (value >= unit && value % unit === 0 && (letter !== "m" || value > unit)) return value / unit + letter;
  }
  return `${value}ms`;
}

function formatBytes(value: number): string {
  for (const [power, letter] of [
    [30, "G"],
    [20, "M"],
    [10, "K"],
  ] as const) {
    if (value >= 2 ** power && value % 2 ** power === 0) return value / 2 ** power + letter;
  }
  return String(value);
}
