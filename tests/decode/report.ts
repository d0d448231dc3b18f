import type { Outcome, ProgramName, Result } from "./cell.ts";
import { FORMATS } from "./formats.ts";

/** What is told beside the table. */
export interface Head {
  readonly seconds: number;
  readonly versions: readonly string[];
}

const WORDS: Readonly<Record<Outcome["kind"], string>> = {
  ok: "ok",
  impossible: "–",
  known: "(!)",
  failed: "FAILED",
};

/** Rows are sources with one program, columns are formats: Markdown. What needs words has a number, and a note below. */
export function tableOf(results: readonly Result[]): string {
  const notes: string[] = [];
  const noted = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return ` [${notes.indexOf(text) + 1}]`;
  };
  const formats = FORMATS.filter((format) => results.some((each) => each.format === format));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rows = rowsOf(results).map(({ name, program, cells }) => {
    const texts = formats.map((format) => {
      const outcome = cells.find((each) => each.format === format)?.outcome;
      return outcome === undefined ? "" : wordsOf(outcome, noted);
    });
    return line([name, program, ...texts]);
  });
  const head = ["source", "program", ...formats.map(({ name }) => name)];
  const table = [line(head), line(head.map(() => "---")), ...rows].join("\n");
  return [table, "", ...notes.map((note, i) => `${i + 1}. ${note}`)].join("\n");
}

function wordsOf(outcome: Outcome, noted: (text: string) => string): string {
  const word = WORDS[outcome.kind];
  if (outcome.kind === "ok") return outcome.note === "" ? word : `${word}, ${outcome.note}`;
  if (outcome.kind === "failed") return `${word}${noted(outcome.failures.join("; "))}`;
  return `${word}${noted(outcome.why)}`;
}

interface Row {
  readonly name: string;
  readonly program: ProgramName;
  readonly cells: readonly Result[];
}

function rowsOf(results: readonly Result[]): Row[] {
  const names = [...new Set(results.map(({ source }) => source.name))];
  const programs = [...new Set(results.map(({ program }) => program))];
  return names.flatMap((name) =>
    programs.map((program) => ({
      name,
      program,
      cells: results.filter((each) => each.source.name === name && each.program === program),
    })),
  );
}

/** Every failure, one line each. */
export function failuresOf(results: readonly Result[]): string[] {
  return results.flatMap(({ source, format, program, outcome }) =>
    outcome.kind === "failed"
      ? [`${source.name} as ${format.name} by ${program}: ${outcome.failures.join("; ")}`]
      : [],
  );
}

/** The whole text. */
export function reportOf(results: readonly Result[], head: Head, problems: readonly string[]): string {
  const failures = [...problems, ...failuresOf(results)];
  const verdict = failures.length === 0 ? "passed" : failures.map((each) => `- FAILED: ${each}`).join("\n");
  const about = `${head.seconds} s each; ${head.versions.join(", ")}.`;
  return `# Every format, decoded\n\n${about}\n\n${tableOf(results)}\n\n${verdict}\n`;
}
