import { quote } from "../syntax/quote.ts";
import { endOf, type Statement, type SyntaxTree, type Word } from "../syntax/tree.ts";
import type { Line } from "./change.ts";

/** Replaces the characters from `start` to `end`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies splices that do not overlap; those at one place keep their order. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const parts: string[] = [];
  let position = 0;
  for (const splice of splices.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.slice(position, splice.start), splice.text);
    position = splice.end;
  }
  parts.push(text.slice(position));
  return parts.join("");
}

/** The line end used at a place, or where the last line has none, in the file. */
export function lineEndOf(text: string, offset: number): string {
  const end = text.indexOf("\n", offset);
  if (end === -1) return text.includes("\r\n") ? "\r\n" : "\n";
  return text[end - 1] === "\r" ? "\r\n" : "\n";
}

/** A line as it stands in the file, with its semicolon. */
export function renderLine(line: Line): string {
  return `${line.map(quote).join(" ")};`;
}

/** Blank space at the start of the line that an offset stands in. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? "";
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Where the line ends, its end mark left out; the length of the text for the last line. */
function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end;
}

/** Whether nothing but blanks stands before it on its line. */
export function startsItsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === "";
}

/** The end of the line when only blanks and a comment follow there, else the offset itself. */
export function behindComment(text: string, offset: number): number {
  const end = lineEnd(text, offset);
  const rest = text.slice(offset, end);
  if (!/^\s*(#[\s\S]*)?$/.test(rest)) return offset;
  return rest.endsWith("\r") ? end - 1 : end;
}

/** Takes a statement out; with its whole lines when nothing else stands on them. */
export function removal(tree: SyntaxTree, statement: Statement): Splice {
  const { text } = tree;
  const start = statement.words[0].offset;
  const end = endOf(statement);
  const tail = behindComment(text, end);
  const wholeLines = startsItsLine(text, start) && (tail !== end || lineEnd(text, end) === end);
  if (!wholeLines) return { start: start - blanksBefore(text, start), end, text: "" };
  const next = lineEnd(text, tail);
  return { start: lineStart(text, start), end: Math.min(next + 1, text.length), text: "" };
}

function blanksBefore(text: string, offset: number): number {
  let count = 0;
  while (count < offset && (text[offset - count - 1] === " " || text[offset - count - 1] === "\t")) count++;
  return count;
}

/** Changes the values of a statement, from the first that differs on; nothing when all agree. */
export function rewriting(statement: Statement, line: Line): readonly Splice[] {
  const words: readonly Word[] = statement.words;
  let same = 1;
  while (same < line.length && words[same]?.value === line[same]) same++;
  if (same === line.length && same === words.length) return [];
  const last = words[words.length - 1]!;
  const before = words[same - 1]!;
  const start = before.offset + before.text.length;
  const values = line.slice(same).map((value) => ` ${quote(value)}`);
  return [{ start, end: last.offset + last.text.length, text: values.join("") }];
}

/** Puts a statement's missing semicolon in. */
export function terminated(statement: Statement): readonly Splice[] {
  if (statement.semicolon !== undefined || statement.block !== undefined) return [];
  const end = endOf(statement);
  return [{ start: end, end, text: ";" }];
}
