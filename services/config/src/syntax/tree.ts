/**
 * The syntax tree keeps every character of the file: each token carries the blank space and comments that stand
 * before it, so that `print` gives the file back byte for byte.
 */

/** A token with the trivia (spaces, line ends, comments) that stands between it and the token before. */
export interface Token {
  readonly leading: string;
  /** As written, quotes included. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** From 0, in UTF-16 units, of `text`. */
  readonly offset: number;
}

/** A word; `value` is what it means once quotes and escapes are taken off. */
export interface Word extends Token {
  readonly value: string;
}

export interface Block {
  readonly open: Token;
  readonly items: readonly Item[];
  /** Absent when the file ends inside the block, which is a syntax error. */
  readonly close?: Token;
}

/** `WORD WORD … ;` or `WORD WORD … { … }`. The last one in a block may go without its `;`. */
export interface Statement {
  readonly kind: "statement";
  readonly words: readonly [Word, ...Word[]];
  readonly block?: Block;
  readonly semicolon?: Token;
}

/** A semicolon on its own, or (with a syntax error) a brace where none belongs. */
export interface Stray {
  readonly kind: "stray";
  readonly token: Token;
  readonly block?: Block;
}

export type Item = Statement | Stray;

export interface SyntaxTree {
  /** The name for messages; a path when the text came from a file. */
  readonly file: string;
  readonly text: string;
  readonly items: readonly Item[];
  /** What follows the last token. */
  readonly trailing: string;
}

/** The text of a tree, from its tokens alone. */
export function print(tree: SyntaxTree): string {
  const parts: string[] = [];
  printItems(tree.items, parts);
  parts.push(tree.trailing);
  return parts.join("");
}

function printItems(items: readonly Item[], parts: string[]): void {
  for (const item of items) {
    if (item.kind === "stray") {
      printToken(item.token, parts);
    } else {
      for (const word of item.words) printToken(word, parts);
    }
    const block = item.block;
    if (block !== undefined) {
      if (item.kind === "statement") printToken(block.open, parts);
      printItems(block.items, parts);
      if (block.close !== undefined) printToken(block.close, parts);
    }
    if (item.kind === "statement" && item.semicolon !== undefined) printToken(item.semicolon, parts);
  }
}

function printToken(token: Token, parts: string[]): void {
  parts.push(token.leading, token.text);
}

/** The statements among items, strays left out. */
export function statementsOf(items: readonly Item[]): readonly Statement[] {
  return items.filter((item) => item.kind === "statement");
}

/** Offset behind the statement's last character (`;`, `}` or the end of its last word). */
export function endOf(statement: Statement): number {
  const last =
    statement.semicolon ?? statement.block?.close ?? statement.block?.open ?? statement.words.at(-1);
  return last === undefined ? 0 : last.offset + last.text.length;
}

/** The line of the file in which an offset stands, without its line end. */
export function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  return text.slice(start, end === -1 ? text.length : end).replace(/\r$/, "");
}
