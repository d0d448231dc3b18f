import type { Block, Statement, SyntaxTree, Word } from "../syntax/tree.ts";

/** A value in the file: what it says and where. */
export interface Argument {
  readonly text: string;
  readonly tree: SyntaxTree;
  readonly word: Word;
  /** Characters of the word before the value (`key=`). */
  readonly shift: number;
}

/** A statement as the compiler reads it: `dvbsubs_ocr=true;` is the keyword `dvbsubs_ocr` with the argument `true`. */
export interface Directive {
  readonly tree: SyntaxTree;
  readonly statement: Statement;
  readonly keyword: string;
  readonly head: Word;
  readonly args: readonly Argument[];
  readonly block: Block | undefined;
}
