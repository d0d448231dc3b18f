import { lineAt, type SyntaxTree, type Token } from "./syntax/tree.ts";

export type Severity = "error" | "warning";

export type ProblemCode =
  | "syntax"
  | "unknown-option"
  | "misplaced-option"
  | "unsupported"
  | "bad-value"
  | "bad-name"
  | "duplicate"
  | "include"
  | "missing-file"
  | "ignored";

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** One thing to say about the configuration. Any error means that the file must not be put in force. */
export interface Problem extends Place {
  readonly severity: Severity;
  readonly code: ProblemCode;
  readonly message: string;
  /** How many characters it is about. */
  readonly length: number;
  /** The whole line it stands in. */
  readonly lineText: string;
  /** Another place that matters, such as the first of two streams of one name. */
  readonly related?: Place & { readonly message: string };
}

export interface ProblemDetails {
  readonly severity?: Severity;
  readonly code: ProblemCode;
  readonly message: string;
  /** Characters from the token's start; its own length by default. */
  readonly length?: number;
  /** Characters to move the mark to the right. */
  readonly shift?: number;
  readonly related?: Problem["related"];
}

/** A problem at a token of a tree. */
export function problemAt(tree: SyntaxTree, token: Token, details: ProblemDetails): Problem {
  const shift = details.shift ?? 0;
  return {
    severity: details.severity ?? "error",
    code: details.code,
    message: details.message,
    file: tree.file,
    line: token.line,
    column: token.column + shift,
    length: Math.max(1, details.length ?? token.text.length - shift),
    lineText: lineAt(tree.text, token.offset),
    ...(details.related === undefined ? {} : { related: details.related }),
  };
}

/** The place of a token. */
export function placeOf(tree: SyntaxTree, token: Token): Place {
  return { file: tree.file, line: token.line, column: token.column };
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}

/** `millrace.conf:12:5: unknown option "segment_durations"…`, on one line. Warnings read the same. */
export function problemLine(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}

/** The one-line form, then the source line with a caret under what is meant, then the related place. */
export function formatProblem(problem: Problem): string {
  const number = String(problem.line);
  const indent = " ".repeat(number.length);
  const before = problem.lineText.slice(0, problem.column - 1).replace(/[^\t]/g, " ");
  const room = Math.max(1, problem.lineText.length - problem.column + 1);
  const mark = "^".repeat(Math.min(problem.length, room));
  const lines = [problemLine(problem), ` ${number} | ${problem.lineText}`, ` ${indent} | ${before}${mark}`];
  const related = problem.related;
  if (related !== undefined) {
    lines.push(` ${indent} = ${related.file}:${related.line}:${related.column}: ${related.message}`);
  }
  return lines.join("\n");
}

/** In the order of the files and lines; the order of files is that of their first problem. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = new Map<string, number>();
  for (const { file } of problems) if (!files.has(file)) files.set(file, files.size);
  const rank = (problem: Problem) => files.get(problem.file) ?? 0;
  return problems.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}
