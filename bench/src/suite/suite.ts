import { BenchError } from "../errors.ts";
import type { RtmpContestant } from "../rtmp/contestant.ts";
import type { Finding } from "./goals.ts";

/** What the command line asks for; a suite takes what it needs, and its own numbers for what is not given. */
export interface SuiteOptions {
  /** Measures shortly: its figures say the order of things, not the last digit. */
  readonly quick: boolean;
  readonly readers: readonly number[] | undefined;
  readonly servers: readonly string[] | undefined;
  readonly transports: readonly string[] | undefined;
  readonly repeats: number | undefined;
  readonly seconds: number | undefined;
  readonly streams: number | undefined;
  readonly packets: number | undefined;
  /** Servers from a file of peers, by name. */
  readonly peers: ReadonlyMap<string, RtmpContestant>;
  readonly progress: (text: string) => void;
  readonly onSample: (sample: object) => void;
}

/** What a suite measured. */
export interface SuiteOutcome {
  /** Tables for people, as `formatTable` makes them. */
  readonly text: string;
  /** The same in numbers. */
  readonly data: unknown;
  readonly findings: readonly Finding[];
  /** Peers that could not be measured, and why. */
  readonly missing?: readonly string[];
}

export interface Suite {
  readonly name: string;
  /** One line, for the page of results. */
  readonly title: string;
  run(options: SuiteOptions): Promise<SuiteOutcome>;
}

/** What is given, or by default the number of a quick or of a thorough run. */
export function pick<Value>(
  given: Value | undefined,
  options: { quick: boolean },
  byDefault: { quick: Value; thorough: Value },
): Value {
  return given ?? (options.quick ? byDefault.quick : byDefault.thorough);
}

/** Repeats of a measurement. */
export function repeatsOf(options: SuiteOptions): number {
  return pick(options.repeats, options, { quick: 1, thorough: 3 });
}

/** The servers asked for, which must be among the known; by default all of these. `bench.usage` for a stranger. */
export function serversOf<Name extends string>(
  known: Iterable<Name>,
  asked: readonly string[] | undefined,
): Name[] {
  const names = [...known];
  return (asked ?? names).map((word) => {
    const found = names.find((name) => name === word.trim());
    if (found === undefined)
      throw new BenchError("bench.usage", `no server "${word}": there are ${names.join(", ")}`);
    return found;
  });
}

/** Splits the servers into those that can be measured here and the reasons of the others, unless these were asked for by name. */
export function present<Name extends string>(
  names: readonly Name[],
  missing: (name: Name) => string | undefined,
  asked: readonly string[] | undefined,
): { here: Name[]; reasons: string[] } {
  const reasons: string[] = [];
  const here = names.filter((name) => {
    const reason = missing(name);
    if (reason === undefined) return true;
    if (asked !== undefined) throw new BenchError("bench.tool", reason);
    reasons.push(`${name}: ${reason}`);
    return false;
  });
  return { here, reasons };
}
