import type { GoalRow } from "./goals.ts";
import type { Machine } from "./machine.ts";

/** What `--json FILE` writes. A number that there was none of is null. */
export interface BenchRecord {
  readonly format: 1;
  readonly machine: Machine;
  /** UTC, ISO 8601: when it began. */
  readonly date: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly suites: readonly SuiteRecord[];
  readonly goals: readonly GoalRow[];
}

export interface SuiteRecord {
  readonly name: string;
  readonly title: string;
  readonly seconds: number;
  /** CPU time that neither the bench nor anything it started took, all cores, by time: 1 is one core's worth. */
  readonly otherLoad: number;
  /** Tables for people. */
  readonly text: string;
  readonly data: unknown;
  /** All single measurements. */
  readonly samples: readonly object[];
  /** Peers that could not be measured, and why. */
  readonly missing: readonly string[];
  /** Why it failed. */
  readonly error?: string;
}
