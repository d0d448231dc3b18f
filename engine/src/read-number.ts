import { type OptionSpec, type Options, readOption } from "@millrace/model";
import { badUrl } from "./errors.ts";

/** The spec of a number that has a default. */
type Sure = OptionSpec & { readonly default: number };

/**
 * The number that an option of an input or push has, in the unit that is stored; undefined where there is none, nor a
 * default. Throws `bad-url` when it is not within what the option allows.
 */
export function readNumber(spec: Sure, options: Options, url: string): number;
export function readNumber(spec: OptionSpec, options: Options, url: string): number | undefined;
export function readNumber(spec: OptionSpec, options: Options, url: string): number | undefined {
  const { name, type, min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const value = readOption(spec, options);
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const unit = type === "seconds" || type === "milliseconds" ? " milliseconds" : "";
  throw badUrl(url, `${name} must be a whole number from ${min} to ${max}${unit}, not "${String(value)}"`);
}
