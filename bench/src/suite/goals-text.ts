import type { Spread } from "../srt/srt.ts";
import { decimal, formatTable } from "../table.ts";
import type { GoalRow } from "./goals.ts";

export const GOAL_HEADS = ["goal", "with", "measured", "ratio", "bound", "verdict"] as const;

/** Three digits that count, and between which the values lie where there are several. */
export function figure(spread: Spread | undefined): string {
  // What went through JSON has null where there was no number.
  const [median, least, most] = [spread?.median, spread?.least, spread?.most].map((it) => it ?? Number.NaN);
  if (median === undefined || !Number.isFinite(median)) return "-";
  const digits = median >= 100 ? 0 : median >= 10 ? 1 : 2;
  const text = decimal(median, digits);
  if (!Number.isFinite(least) || least === most) return text;
  return `${text} (${decimal(least as number, digits)}…${decimal(most as number, digits)})`;
}

/** Cells of the table of goals. */
export function goalCells(row: GoalRow): string[] {
  const measured = figure(row.measured);
  return [
    row.title,
    row.where,
    measured === "-" ? "-" : `${measured} ${row.unit}`,
    figure(row.ratio),
    row.bound,
    row.verdict === "beside" ? "-" : row.reason === undefined ? row.verdict : `${row.verdict}: ${row.reason}`,
  ];
}

export function goalsText(rows: readonly GoalRow[]): string {
  const count = (verdict: string) => rows.filter((row) => row.verdict === verdict).length;
  const sum = `${count("held")} held, ${count("missed")} missed, ${count("not measured")} not measured`;
  return `${formatTable(GOAL_HEADS, rows.map(goalCells))}\n${sum}`;
}
